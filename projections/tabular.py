"""Tables as CSV (RFC 4180), safe to open in a spreadsheet.

A cell that a spreadsheet could take for a formula gets an apostrophe in front: one that begins, after blanks, with
`=`, `+`, `-`, `@` or their full-width forms, or that begins with a tab or a line end. A plain number is left alone.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from pydantic import BaseModel

_FORMULA: Final = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def cell(value: object) -> str:
    """A value as the text of a cell; nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def views_csv(kind: type[BaseModel], rows: Iterable[BaseModel]) -> Iterator[str]:
    """Views of one kind as the lines of a CSV table: a column for each member, several values with `; ` between."""
    members = tuple(kind.model_fields)
    dumped = (row.model_dump(mode="json") for row in rows)
    return csv_lines(members, ([_joined(row[member]) for member in members] for row in dumped))


def _joined(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, list) else value


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV table, each with its CRLF, the header first."""
    for row in chain((header,), rows):
        written = io.StringIO()
        csv.writer(written, lineterminator="\r\n").writerow([cell(value) for value in row])
        yield written.getvalue()

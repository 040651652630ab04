"""The clauses of `docs/regulations.yaml`, with what is said there of where they are kept, and by which tests.

What a docstring names is found by itself (`traceability.py`); this is for what no docstring would say well. Everything
that is named has to be there.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import yaml

ROOT: Final = Path(__file__).parents[2]


class Named(NamedTuple):
    """A file, and a name in it where one is meant."""

    path: str
    name: str

    @property
    def is_there(self) -> bool:
        """Whether the file exists, and defines the name at its top level."""
        file = ROOT / self.path
        if not self.name or not file.is_file():
            return file.exists()
        defined = rf"^(?:async def|def|class) {self.name}\b|^{self.name}\b"
        return re.search(defined, file.read_text(encoding="utf-8"), re.MULTILINE) is not None


class Clause(NamedTuple):
    """A clause: its id, where it is written, its words, what keeps and tests it, and what the user has to supply."""

    id: str
    source: str
    text: str
    kept: tuple[Named, ...]
    tests: tuple[Named, ...]
    procedure: str


@cache
def clauses() -> dict[str, Clause]:
    tree = yaml.safe_load((ROOT / "docs" / "regulations.yaml").read_text(encoding="utf-8"))
    found = [
        Clause(
            id=each["id"],
            source=each["source"],
            text=each["text"].strip(),
            kept=tuple(_named(each.get("kept", []))),
            tests=tuple(_named(each.get("tests", []))),
            procedure=each.get("procedure", "").strip(),
        )
        for each in tree
    ]
    assert len({clause.id for clause in found}) == len(found)
    return {clause.id: clause for clause in found}


def _named(several: list[str]) -> Iterator[Named]:
    for each in several:
        path, _, name = each.partition(":")
        yield Named(path, name)

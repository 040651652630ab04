"""docs/traceability.md: every line with its places and its tests, as `traceability.py` finds them."""

from collections.abc import Iterable, Iterator
from typing import Final

from tests.architecture.traceability import TABLES, Line, Place, Tested, checks, places

HOWS: Final = {
    "enforced": "enforced by",
    "computed": "computed in",
    "recorded": "recorded as",
    "stated": "stated in",
    "shown": "shown by",
    "described": "described in",
}
INTRODUCTION: Final = """\
# Every line, where it is kept, and by which tests

Written from the protocol document, from [rules.md](rules.md), from `regulations.yaml` and from the code by
`python -m tests.architecture.pages`; a test fails when it lags, and when a line has no place or no test.

*Enforced*: a refusal or a deviation names the line. *Computed*: a rule of the ledger answers it. *Recorded*: an event
holds it. *Stated*: it is a parameter of the protocol document. *Shown*: a read model or a route tells it. *Described*:
a page or a file of the release says it. *Procedure*: what the user has to supply, since no software can.

A line counts as kept there because the code there names it, and as tested because a test names it in its words or in
its table, or provokes the refusal that names it; of a clause, `regulations.yaml` may say both. A file without a
function after it is meant as a whole. `L59` is line 59 of the registry record. An interpretation stands in the protocol
document, with the reading that is in force.
"""


def traceability_page() -> str:
    """docs/traceability.md"""
    parts = [INTRODUCTION]
    for title, lines in TABLES.items():
        parts += [f"## {title}\n", *_overview(lines()), *(_block(line) for line in lines())]
    return "\n".join(parts)


def _overview(lines: Iterable[Line]) -> Iterator[str]:
    yield "| line | " + " | ".join(HOWS) + " | tests |"
    yield "|---|" + "--:|" * (len(HOWS) + 1)
    for line in lines:
        kept = [each.how for each in places(line.id)]
        counts = " | ".join(str(kept.count(how) or "") for how in HOWS)
        tests = len(checks(line.id)) or ("procedure" if line.procedure else "**none yet**")
        yield f"| {line.id} | {counts} | {tests} |"
    yield ""


def _block(line: Line) -> str:
    head = f"### {line.id}" + (f" · {line.written}" if line.written else "")
    parts = [head, "", line.text, *(["", f"*{line.made_of_it}*"] if line.made_of_it else []), ""]
    found = places(line.id)
    for how, words in HOWS.items():
        if kept := [each for each in found if each.how == how]:
            parts.append(f"- {words} {_by_file(kept)}")
    by = checks(line.id)
    parts += [] if found or line.procedure else ["- kept **nowhere yet**"]
    parts += [f"- tested in {_by_file(by)}"] if by else [] if line.procedure else ["- tested **nowhere yet**"]
    parts += [f"- procedure: {line.procedure}", ""] if line.procedure else [""]
    return "\n".join(parts)


def _by_file(several: Iterable[Place | Tested]) -> str:
    files: dict[str, list[str]] = {}
    for each in several:
        files.setdefault(each.path, []).append(each.name)
    return "; ".join(_of_file(path, [name for name in names if name]) for path, names in files.items())


def _of_file(path: str, names: list[str]) -> str:
    return f"`{path}`" + (f": {', '.join(names)}" if names else "")

"""The pages of `docs/` that the code writes: `python -m tests.architecture.pages` writes them anew."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger import errors, refusals
from ledger.catalogue import EVENTS
from ledger.types import Event
from tests.architecture.traceability_page import traceability_page

DOCS = Path(__file__).parents[2] / "docs"


def sentence(thing: Any) -> str:
    """A docstring on one line."""
    return " ".join((inspect.getdoc(thing) or "").split())


def type_name(event: type[Event], field: str) -> str:
    """A field's type as JSON has it."""
    schema = event.model_json_schema()["properties"][field]
    options = schema.get("anyOf") or schema.get("oneOf") or [schema]
    names = [
        option.get("const") or " / ".join(map(str, option.get("enum", ()))) or _shape(option) for option in options
    ]
    return ", ".join(dict.fromkeys(map(str, names)))


def _shape(option: dict[str, Any]) -> str:
    if "anyOf" in option:
        return " or ".join(_shape(each) for each in option["anyOf"])
    if "$ref" in option:
        return str(option["$ref"]).rpartition("/")[2]
    if option.get("type") == "array":
        return f"list of {_shape(option['items'])}"
    return str(option.get("format") or option.get("type", "object"))


def events_page() -> str:
    """docs/events.md"""
    lines = [
        "# What can happen: the events",
        "",
        "Every event by its stored name, with its fields. Written from the code by `python -m",
        "tests.architecture.pages`; a test fails when it lags. `key`: what identifies the fact within its stream, so",
        "that a second report of it is either the same or a contradiction. The envelope around every event is in",
        "[formats.md](formats.md).",
    ]
    kinds = {
        "trial": "Trial",
        "cohort": "Cohort (one per dose level)",
        "patient": "Patient",
        "product": "Product",
        "installation": "Installation (its own log, in which no trial stands)",
    }
    for kind, title in kinds.items():
        lines += ["", f"## {title}"]
        for name, event in EVENTS.items():
            if name.startswith(f"{kind}."):
                lines += ["", f"### `{name}`", "", sentence(event), *_fields(event)]
    return "\n".join(lines) + "\n"


def _fields(event: type[Event]) -> Iterator[str]:
    if event.KEY is not None:
        yield ""
        yield f"key: {', '.join(event.KEY) or 'once in a stream'}"
    if event.model_fields:
        yield ""
        yield "| field | type |"
        yield "|---|---|"
    for field in event.model_fields:
        yield f"| `{field}` | {type_name(event, field)} |"


def refusals_page() -> str:
    """docs/refusals.md"""
    lines = [
        "# Every refusal, with the rule that it stands for",
        "",
        "Rules `P`, `I`, `X`, `A.3` are lines of the trial's protocol document; `B`, `E` and `G` are explained in",
        "[rules.md](rules.md). Written from the code by `python -m tests.architecture.pages`.",
    ]
    branches = (errors.Malformed, errors.Refused, errors.Contradicted, errors.Unknown, errors.Overtaken)
    leaves = [leaf for _, leaf in inspect.getmembers(refusals, inspect.isclass) if leaf.__module__ == refusals.__name__]
    for branch in branches:
        lines += ["", f"## {branch.__name__} ({branch.status})", "", "| refusal | rule | says |", "|---|---|---|"]
        found = sorted((leaf for leaf in leaves if issubclass(leaf, branch)), key=lambda leaf: leaf.__name__)
        lines += [f"| `{leaf.__name__}` | {leaf.rule} | {sentence(leaf)} |" for leaf in found]
    return "\n".join(lines) + "\n"


PAGES = {"events.md": events_page, "refusals.md": refusals_page, "traceability.md": traceability_page}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")

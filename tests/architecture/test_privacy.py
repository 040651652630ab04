"""No event takes text of any length outside a commitment: what a person types at length stands beside the log."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from ledger.catalogue import EVENTS
from ledger.grading.astct_crs import CrsFindings
from ledger.grading.astct_icans import IcansFindings
from ledger.types import Event
from ledger.world import free_texts

BOUNDS = {"pattern", "maxLength", "enum", "const", "format"}
JUSTIFIED: dict[str, str] = {
    "trial.protocol-version-proposed.v1.document": "a protocol, which is a public document, whole",
    "patient.toxicity-assessed.v1.findings": "the findings of a scale, whose models are looked at below",
}
"""Fields with text of any length, and why: each of them identifies nobody."""


def unbounded(event: type[Event]) -> Iterator[str]:
    """The fields of an event in which a text of any length may stand, at any depth."""
    schema = event.model_json_schema()
    for name, member in schema["properties"].items():
        if _takes_any_text(member, schema.get("$defs", {})):
            yield f"{event.NAME}.{name}"


def _takes_any_text(node: Any, defs: dict[str, Any]) -> bool:
    if isinstance(node, list):
        return any(_takes_any_text(each, defs) for each in node)
    if not isinstance(node, dict):
        return False
    if "$ref" in node:
        return _takes_any_text(defs[node["$ref"].rpartition("/")[2]], defs)
    if node.get("type") == "string":
        return BOUNDS.isdisjoint(node)
    if node.get("type") == "object":
        return node.get("additionalProperties", True) is not False or _takes_any_text(
            list(node.get("properties", {}).values()), defs
        )
    return any(_takes_any_text(node[part], defs) for part in ("anyOf", "oneOf", "items", "prefixItems") if part in node)


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.NAME)
def test_a_field_of_an_event_holds_a_bounded_text_or_a_commitment(event: type[Event]) -> None:
    assert set(unbounded(event)) <= set(JUSTIFIED)


def test_every_exception_is_still_one() -> None:
    found = {name for event in EVENTS.values() for name in unbounded(event)}
    assert found == set(JUSTIFIED)


def test_the_search_finds_a_text_of_any_length_at_any_depth() -> None:
    class Part(Event):
        NAME = "patient.part.v1"
        said: str

    class Whole(Event):
        NAME = "patient.whole.v1"
        bounded: int
        parts: tuple[Part, ...] | None

    assert list(unbounded(Whole)) == ["patient.whole.v1.parts"]


@pytest.mark.parametrize("findings", [CrsFindings, IcansFindings])
def test_the_findings_of_a_scale_hold_no_text_of_any_length(findings: type[BaseModel]) -> None:
    schema = findings.model_json_schema()
    assert [
        name for name, member in schema["properties"].items() if _takes_any_text(member, schema.get("$defs", {}))
    ] == []


def test_texts_that_are_committed_to_are_found() -> None:
    assert len([name for event in EVENTS.values() for name in free_texts(event)]) > 25

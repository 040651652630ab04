"""Old value, new value: what a record replaces in what its stream said before.

A correction replaces the content of the record that it corrects, member by member. Some facts are simply said anew -
the dose is planned again, a window moves, a ruling gets a higher revision: they replace what was said under the same
key. What contradicts the record replaces nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import JsonValue

from ledger.cohort import events as c
from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.patient import safety as s
from ledger.record import Record
from ledger.texts import NOT_READABLE, SHOWN_AS
from ledger.trial import events as t
from ledger.types import Event, instant_text
from ledger.world import free_texts
from projections.base import TextOf, View

KEYS: Mapping[type[Event], tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        t.ProtocolInterpretationProposed: ("reading", ("item",)),
        t.RoleDelegated: ("delegation", ("person", "role", "site")),
        t.RoleRevoked: ("delegation", ("person", "role", "site")),
        c.CohortOpened: ("slots", ()),
        c.CohortExpanded: ("slots", ()),
        c.CohortReopened: ("slots", ()),
        c.ExpansionOpened: ("expansion", ()),
        c.CohortCleared: ("cleared", ()),
        c.SlotReserved: ("reservation", ("patient",)),
        c.DltWindowOpened: ("window", ("patient",)),
        c.DltWindowReplanned: ("window", ("patient",)),
        c.EvaluabilityDetermined: ("evaluability", ("patient",)),
        e.ScreeningFindingRecorded: ("finding", ("word",)),
        e.CriterionAssessed: ("criterion", ("criterion",)),
        e.InvestigatorDeterminationSigned: ("criterion", ("criterion",)),
        e.EligibilityConfirmed: ("eligibility", ()),
        e.DoseLevelAssigned: ("level", ()),
        e.DoseLevelReassigned: ("level", ()),
        i.DosePlanned: ("dose", ("ordinal",)),
        i.ReadinessAssessed: ("readiness", ("ordinal",)),
        i.InfusionAuthorised: ("authorisation", ("ordinal",)),
        s.AdverseEventReported: ("adverse event", ("adverse_event",)),
        s.AdverseEventUpdated: ("adverse event", ("adverse_event",)),
        s.GradeConfirmed: ("grade", ("adverse_event", "assessment")),
        s.AttributionAssessed: ("attribution", ("adverse_event", "assessor")),
        s.DltAdjudicated: ("ruling", ("subject",)),
    }
)
"""Facts that are said anew under the same key, with the members of the key."""

NOT_SHOWN: Final = (*SHOWN_AS.values(), NOT_READABLE)
"""What stands in the place of a text."""

PARTIAL: Final = (s.AdverseEventUpdated,)
"""Here a null says nothing new."""


class Change(View):
    """One member's old and new value."""

    member: str
    old: JsonValue
    new: JsonValue


def changes(stream: Iterable[Record], text: TextOf) -> dict[int, tuple[Change, ...]]:
    """What the records of one stream, in order and from its first, replace: by position, where it is anything.

    Free texts are shown as far as `text` opens them, otherwise as the commitments that the log holds.
    """
    said: dict[tuple[str, ...], dict[str, JsonValue]] = {}
    at: dict[int, Record] = {}
    found: dict[int, tuple[Change, ...]] = {}
    for record in stream:
        at[record.position] = record
        if record.conflicts_with is not None:
            continue
        new, key = content(record, text), _key(record.event)
        corrected = at.get(record.corrects) if record.corrects is not None else None
        old = _with_time(corrected, text) if corrected else said.get(key, {})
        if changed := tuple(_changed(old, _with_time(record, text) if corrected else new)):
            found[record.position] = changed
        if key:
            said[key] = {**said.get(key, {}), **new}
    return found


def _with_time(record: Record, text: TextOf) -> dict[str, JsonValue]:
    return {**content(record, text), "occurred_at": instant_text(record.occurred_at)}


def _changed(old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]) -> Iterable[Change]:
    """What is gone, or cannot be read here, may have been another text before: it is shown as a change."""
    return (
        Change(member=m, old=old[m], new=value)
        for m, value in new.items()
        if m in old and (old[m] != value or value in NOT_SHOWN)
    )


def _key(event: Event) -> tuple[str, ...]:
    known = KEYS.get(type(event))
    return (known[0], *(str(getattr(event, member)) for member in known[1])) if known else ()


def content(record: Record, text: Callable[[str], str | None]) -> dict[str, JsonValue]:
    """What an event says, with its free texts as far as they can be opened."""
    event = record.event
    said: dict[str, Any] = event.model_dump(mode="json")
    for member in free_texts(type(event)):
        commitment = said[member]
        said[member] = commitment if commitment is None else text(commitment) or commitment
    if isinstance(event, t.RoleRevoked):
        said["to_on"] = said["ends_on"]
    if isinstance(event, PARTIAL):
        said = {member: value for member, value in said.items() if value is not None}
    return said

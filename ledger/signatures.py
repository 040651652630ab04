"""Which signatures there are, on what, and whether each still stands. Nobody sets that: it follows from the log.

A signature is stale from the first record on that changes what it was given on:

    corrected    an event that it signs was corrected, or one on which what it signs rests
    replaced     what it signs was said anew: ruled again, determined again, another disposition
    superseded   a fact that the signed dose decision rested on is no longer on record as it was

A stale signature stays where it is, with name, time and meaning; what it was given on has to be signed again.

Source: 21 CFR 11.70; EU GMP Annex 11 (draft of 2025), 13.8.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from immutables import Map

from ledger.cohort import events as c
from ledger.patient import donors as d
from ledger.patient import events as e
from ledger.patient import infusion_record as b
from ledger.patient import infusions as i
from ledger.patient import reporting as r
from ledger.patient import safety as s
from ledger.patient.review import InvestigatorEndorsed
from ledger.patient.state import Patient
from ledger.product import events as p
from ledger.record import Record
from ledger.trial import dosing as t
from ledger.trial import events as te
from ledger.trial.signatures import RecordSigned
from ledger.types import Event, changed

Because = Literal["corrected", "replaced", "superseded"]

SIGNABLE: Final[Mapping[type[Event], tuple[str, ...]]] = MappingProxyType(
    {
        te.ProtocolInterpretationRecorded: ("item",),
        t.DoseDecisionProposed: ("decision",),
        t.DoseDecisionSigned: ("decision", "member"),
        t.DoseDecisionTaken: ("decision",),
        c.DltWindowClosed: ("patient",),
        c.EvaluabilityOpinionSigned: ("patient", "member"),
        c.EvaluabilityDetermined: ("patient",),
        e.InvestigatorDeterminationSigned: ("criterion",),
        e.EligibilityConfirmed: (),
        e.DoseLevelReassigned: (),
        d.DonorEligibilityDetermined: ("donor",),
        d.DonorSelected: (),
        i.InfusionAuthorised: ("ordinal",),
        b.BedsideCheckSigned: ("ordinal", "product", "chain_of_identity", "checker"),
        s.GradeConfirmed: ("assessment",),
        s.AttributionAssessed: ("adverse_event", "assessor"),
        s.DltOpinionSigned: ("subject", "member"),
        s.DltAdjudicated: ("subject",),
        r.SaeClassified: ("adverse_event",),
        p.ProductDispositionSet: (),
    }
)
"""What a later event of the same kind replaces, by the members in which the two agree."""

_OF_AN_EVENT: Final = (s.GradeConfirmed, s.AttributionAssessed, s.DltOpinionSigned, s.DltAdjudicated, r.SaeClassified)
_OF_A_DONOR: Final = (d.DonorEligibilityDetermined,)
RESTS: Final[Mapping[type[Event], tuple[type[Event], ...]]] = MappingProxyType(
    {
        s.AdverseEventReported: _OF_AN_EVENT,
        s.AdverseEventUpdated: _OF_AN_EVENT,
        s.ToxicityAssessed: _OF_AN_EVENT,
        e.PatientScreened: (e.EligibilityConfirmed,),
        e.ScreeningFindingRecorded: (e.EligibilityConfirmed,),
        e.CriterionAssessed: (e.EligibilityConfirmed,),
        d.DonorCandidateRecorded: _OF_A_DONOR,
        d.DonorConsentGiven: _OF_A_DONOR,
        i.ReadinessAssessed: (i.InfusionAuthorised,),
        p.CollectionReceived: (p.ProductDispositionSet,),
        p.ManufactureCompleted: (p.ProductDispositionSet,),
        p.ReleaseTestRecorded: (p.ProductDispositionSet,),
    }
)
"""What is signed on what else: once one of these is corrected, the signatures on that are stale."""

_OF_A_DECISION: Final = (t.DoseDecisionProposed, t.DoseDecisionSigned, t.DoseDecisionTaken)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature, and since when and why it no longer stands: the position that made it stale."""

    record: Record
    stale_since: int | None = None
    because: Because | None = None

    @property
    def event(self) -> RecordSigned:
        event = self.record.event
        assert isinstance(event, RecordSigned)
        return event


@dataclass(frozen=True, slots=True)
class Signed:
    """An event of a kind that is signed: its position, and what it is about."""

    kind: str
    position: int
    thing: tuple[str, int | str] | None


@dataclass(frozen=True, slots=True)
class Signatures:
    """`made`: every signature by its position. `on`: by the position of each event that is signed, the signature's."""

    made: Map[int, Signature] = Map()
    on: Map[int, int] = Map()
    standing: Map[str, Map[tuple[Any, ...], Signed]] = field(default_factory=Map)
    """What is signed in each stream and was not said anew since, by kind and by the members that name it."""
    endorsed: Map[str, int] = Map()
    """The streams of patients whose data were endorsed, with the position where they were endorsed last."""

    def at(self, stream: str, kind: type[Event], *members: object) -> Signature | None:
        """The signature on what is said of a kind in a stream under these members, if it was signed."""
        said = (self.standing.get(stream) or Map()).get((kind.NAME, *members))
        return None if said is None else self.of(said.position)

    def said(self, stream: str, kind: type[Event], *members: object) -> Iterator[tuple[tuple[Any, ...], Signature]]:
        """What is said of a kind in a stream under names that begin with these members, with its signature."""
        for key, said in (self.standing.get(stream) or Map()).items():
            signature = self.of(said.position) if key[: len(members) + 1] == (kind.NAME, *members) else None
            if signature is not None:
                yield key[1:], signature

    def of(self, position: int | None) -> Signature | None:
        """The signature on the event at a position, if it was signed."""
        at = self.on.get(position) if position is not None else None
        return None if at is None else self.made[at]

    def seen(self, exists: Callable[[Record], bool]) -> "Signatures":
        """Those that exist for a reader."""
        return Signatures(Map({at: made for at, made in self.made.items() if exists(made.record)}))

    def with_signature(self, record: Record) -> "Signatures":
        """With one more."""
        signature = Signature(record)
        on = self.on.update({each.position: record.position for each in signature.event.manifest})
        return changed(self, made=self.made.set(record.position, signature), on=on)

    def look_at_patient(self, record: Record) -> bool:
        """Whether how they stand after a record depends on the patient of its stream."""
        return bool(self.made) and record.stream in self.endorsed

    def after(self, record: Record, patient: Patient | None) -> "Signatures":
        """As they stand after any other record; `patient` is the one of its stream, with the record, where it
        matters."""
        event, kind = record.event, type(record.event)
        found = self
        if record.corrects is not None:
            found = found._stale(record.corrects, record.position, "corrected")
            for position in found._resting(record.stream, RESTS.get(kind, ()), _thing(event)):
                found = found._stale(position, record.position, "corrected")
        elif kind is t.DecisionBasisSuperseded:
            for position in found._resting(record.stream, _OF_A_DECISION, _thing(event)):
                found = found._stale(position, record.position, "superseded")
        if kind in SIGNABLE and record.conflicts_with is None:
            found = found._said(record)
        if kind is InvestigatorEndorsed and record.conflicts_with is None:
            found = changed(found, endorsed=found.endorsed.set(record.stream, record.position))
        for position, endorsed in patient.review.endorsements.items() if patient is not None else ():
            if endorsed.moved_by:
                found = found._stale(position, endorsed.moved_by[0], "corrected")
        return found

    def _said(self, record: Record) -> "Signatures":
        """What is said now takes the place of what was said before under the same name."""
        event, here = record.event, self.standing.get(record.stream) or Map()
        key = (event.NAME, *(getattr(event, member) for member in SIGNABLE[type(event)]))
        before: Signed | None = here.get(key)
        here = here.set(key, Signed(event.NAME, record.position, _thing(event)))
        found = changed(self, standing=self.standing.set(record.stream, here))
        return found if before is None else found._stale(before.position, record.position, "replaced")

    def _stale(self, signed: int, since: int, because: Because) -> "Signatures":
        """The signature on an event is stale from its first reason on."""
        signature = self.of(signed)
        if signature is None or signature.stale_since is not None:
            return self
        stale = changed(signature, stale_since=since, because=because)
        return changed(self, made=self.made.set(signature.record.position, stale))

    def _resting(self, stream: str, kinds: tuple[type[Event], ...], thing: object) -> Iterator[int]:
        names = {kind.NAME for kind in kinds}
        for signed in (self.standing.get(stream) or Map()).values() if names else ():
            if signed.kind in names and signed.thing in (None, thing):
                yield signed.position


def _thing(event: Event) -> tuple[str, int | str] | None:
    """What an event is about, for those that name it: an adverse event, an infusion, a donor, a decision."""
    for member in ("adverse_event", "ordinal", "donor", "decision"):
        if (named := getattr(event, member, None)) is not None:
            return member, named
    subject = getattr(event, "subject", "")
    if isinstance(subject, str) and subject.startswith("adverse-event/"):
        return "adverse_event", int(subject.rpartition("/")[2])
    return None

"""Who signed: the delegated role at the time, distinct people, as many as the matter needs (domain B.2, G.4-9)."""

from collections.abc import Iterable
from typing import Final

from ledger.cohort import events as c
from ledger.decisions.dlt import DetermineEvaluability
from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.patient import review as r
from ledger.patient import safety as s
from ledger.patient.infusion_record import DoseOrdered
from ledger.record import Actor, Record
from ledger.trial import dosing as d
from ledger.trial import events as t
from ledger.types import Event
from tests.simulation.found import claim
from tests.simulation.permissions import Moment
from tests.simulation.seen import Seen

DOCTORS: Final = frozenset({"principal_investigator", "investigator"})
RULERS: Final = DOCTORS | {"medical_monitor", "safety_committee"}
HEADS: Final = frozenset({"principal_investigator", "medical_monitor"})

SIGNED_BY: Final[dict[type[Event], frozenset[str]]] = {
    e.EligibilityConfirmed: DOCTORS,
    i.InfusionAuthorised: DOCTORS,
    e.DoseLevelReassigned: HEADS,
    s.DltOpinionSigned: RULERS,
    s.DltAdjudicated: RULERS,
    c.DltWindowClosed: RULERS,
    c.EvaluabilityOpinionSigned: RULERS,
    d.DoseDecisionProposed: HEADS,
    d.DoseDecisionSigned: HEADS | {"safety_committee"},
    d.HoldLifted: frozenset({"safety_committee"}),
    t.ProtocolVersionProposed: HEADS,
    t.ProtocolVersionApproved: HEADS,
    t.ProtocolInterpretationRecorded: HEADS,
    t.EnrolmentClosed: HEADS,
    r.InvestigatorEndorsed: DOCTORS,
}
"""In which roles a person signs each of these."""

EVERYBODY: Final = RULERS | {"coordinator", "bedside_checker", "cell_processing_qa", "drug_safety", "monitor"}
NOTED: Final = (e.ProtocolDeviationRecorded, t.TrialDeviationRecorded)
ASKED_FOR: Final[frozenset[type[Event]]] = frozenset(
    {*SIGNED_BY, e.DoseLevelAssigned, e.PatientEnrolled, i.DosePlanned, DoseOrdered, c.SlotReserved, r.QueryClosed}
)
"""What nobody gets without the role, not even on paper."""

SIGNATURES_FOR_NOT_A_DLT: Final = 3


def check_signature(seen: Seen, record: Record, moment: Moment, *, on_paper: bool) -> None:
    """`Found`, where a record was signed by someone who may not, or by too few."""
    roles = SIGNED_BY.get(type(record.event))
    if roles is not None:
        by = record.actor
        claim(by.role in roles, f"{by.id} signed {record.event.NAME} as {by.role}")
        claim(seen.delegated(by.id, by.role, by.site, moment.today), f"{by.id} signed without the role {by.role}")
    claim(record.corrects is None or record.reason is not None, "corrected without a reason")
    if not on_paper:
        _check_how_many(seen, record, moment)


def check_authority(seen: Seen, by: Actor, moment: Moment, appended: tuple[Record, ...]) -> None:
    """`Found`, where somebody without the role on the day asked for something, or reported it unnoticed."""
    if by.role not in EVERYBODY or seen.delegated(by.id, by.role, by.site, moment.today):
        return
    claim(any(isinstance(record.event, NOTED) for record in appended), f"{by.id} acted without the role {by.role}")
    asked = {type(record.event) for record in appended} & ASKED_FOR
    claim(not asked, f"{by.id} was granted {asked} without the role {by.role}")


def _check_how_many(seen: Seen, record: Record, moment: Moment) -> None:
    match record.event:
        case s.DltAdjudicated(is_dlt=False) as ruling:
            opinions = seen.patients[record.patient or ""].opinions.get((ruling.subject, ruling.revision), {})
            claim(len(opinions) >= SIGNATURES_FOR_NOT_A_DLT, f"not a DLT, signed by {sorted(opinions)} only")
            claim("safety_committee" in opinions.values(), "not a DLT, without the committee")
        case c.EvaluabilityDetermined() as determined if isinstance(moment.command, DetermineEvaluability):
            members = seen.cohort(record.level or 0).members[determined.patient].opinions
            agreed = _agreed(members.values(), determined)
            claim(len(agreed) > 1, f"determined by {sorted(agreed)} only")
            committee = "safety_committee" in {members[each].role for each in agreed}
            claim(committee or determined.at_level is None, "evaluable at another level without the committee")
            patient = seen.patients[determined.patient]
            suspected = patient.has_dlt or bool(patient.candidates)
            claim(determined.evaluable or not suspected, "not evaluable in spite of a DLT or a candidate")
        case t.ProtocolVersionApproved(version=version):
            claim(record.actor.id != seen.authors[version], "a version was approved by its author")
            claim(version in seen.ethical, "a version was approved before its ethics committee")
        case r.QueryClosed() as closed:
            patient = seen.patients[record.patient or ""]
            claim(patient.answered.get(closed.query) != record.actor.id, "a query was closed by who answered it")
            stands = closed.resolution == "stands"
            claim(not stands or closed.query not in patient.waiting, "a query was closed without an answer")
            by_rule = patient.queries[closed.query].text is None
            claim(closed.resolution != "withdrawn" or not by_rule, "a contradiction was withdrawn")
        case _:
            pass


def _agreed(opinions: Iterable[c.EvaluabilityOpinionSigned], determined: c.EvaluabilityDetermined) -> set[str]:
    """The people who signed exactly what was determined."""
    said = (determined.evaluable, determined.reason, determined.revision, determined.at_level)
    return {
        opinion.member
        for opinion in opinions
        if (opinion.evaluable, opinion.reason, opinion.revision, opinion.at_level) == said
    }

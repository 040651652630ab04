"""Candidates are ruled on, windows close, and it is determined who is evaluable."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from pydantic import Field

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.cohort.state import Member
from ledger.decisions.assessments import done_days
from ledger.decisions.docket import AlreadySo, Decisions, Docket, Follows, PatientCommand, permit, refuse
from ledger.decisions.evaluable import against_determination, in_a_row, read_level
from ledger.decisions.standing import scheduled_days
from ledger.errors import Refused
from ledger.patient import safety as s
from ledger.patient.state import AdverseEvent, Patient
from ledger.record import Entry, cohort_stream
from ledger.types import Commitment, Count, Grade, Level, Line

RULERS = ("principal_investigator", "investigator", "medical_monitor", "safety_committee")
SIGNATURES_FOR_NOT_A_DLT = 3
"""Two people and the committee (domain B.2)."""


class RuleOnDlt(PatientCommand):
    """Rule whether a toxicity is a DLT. *Is* takes effect at once; *is not* with the last signature it needs."""

    subject: s.Subject
    is_dlt: bool
    revision: int = Field(ge=1)
    toxicity: s.Toxicity | None = None
    grade: Grade | None = None
    rationale: Commitment


class CloseDltWindow(PatientCommand):
    """Close a window whose days are over, with the scheduled assessments that were done; or early, for a cause.

    Where the ward keeps its sheets in the ledger, more than these show is stated with a reason.
    """

    assessments_done_count: Count
    early_end: c.EarlyEnd | None = None


class DetermineEvaluability(PatientCommand):
    """Sign that a patient is, or is not, evaluable. The second of two people puts it in force.

    `at_level`: evaluable at this lower level, whose dose was actually received; one of those who sign is the committee.
    """

    evaluable: bool
    reason: Line
    revision: int = Field(ge=1)
    at_level: Level | None = None


def rule_on_dlt(docket: Docket, command: RuleOnDlt) -> Follows:
    """One ruling under each revision; the highest revision counts (domain B.2, G.4-6)."""
    docket.signer(*RULERS)  # type: ignore[arg-type]
    patient = docket.patient(command.patient)
    ruling = s.DltAdjudicated(**{field: value for field, value in command if field != "patient"})
    known = patient.rulings.get(command.subject)
    if known is not None and command.revision == known.event.revision:
        if _says_the_same(known.event, ruling):
            return AlreadySo(known.position)
        raise no.AlreadyAdjudicated(f"{command.subject}, revision {command.revision}", known.position)
    if command.revision != (known.event.revision if known else 0) + 1:
        raise no.AlreadyAdjudicated(
            f"{command.subject}, revision {command.revision}", known.position if known else None
        )
    refuse(_without_ground(docket, patient, command))
    deviations = permit(docket, patient.stream, _against_ruling(docket, patient, command))
    if command.is_dlt or docket.asked.on_paper:
        return (*deviations, Entry(patient.stream, ruling, reported=docket.asked.on_paper))
    return _sign_not_a_dlt(docket, patient, command, ruling)


def _says_the_same(one: s.DltAdjudicated, other: s.DltAdjudicated) -> bool:
    return (one.is_dlt, one.toxicity, one.grade) == (other.is_dlt, other.toxicity, other.grade)


def _without_ground(docket: Docket, patient: Patient, command: RuleOnDlt) -> Iterator[Refused]:
    """Why there is nothing to rule on, also on paper: no level, no such subject, no infusion on record."""
    subject, window = command.subject, _member(docket, patient).window
    if _event(patient, subject) is None and subject not in patient.candidates:
        yield no.NoSuchCandidate(subject)
    if not command.is_dlt and subject not in patient.candidates and subject not in patient.rulings:
        yield no.NoSuchCandidate(subject)
    if window is None:
        yield no.OutsideDltWindow(subject)


def _event(patient: Patient, subject: str) -> AdverseEvent | None:
    """The adverse event that a ruling is about, if it is about one."""
    kind, _, number = subject.partition("/")
    return patient.adverse_events.get(int(number)) if kind == "adverse-event" else None


def _against_ruling(docket: Docket, patient: Patient, command: RuleOnDlt) -> Iterator[Refused]:
    event, window = _event(patient, command.subject), _member(docket, patient).window
    if event is None or window is None or not command.is_dlt:
        return
    if (command.grade or 0) < docket.protocol().dlt.minimum_grade:
        yield no.BelowDltGrade(command.subject)
    if not any(map(window.includes, event.onset_days)) and command.subject not in patient.candidates:
        yield no.OutsideDltWindow(command.subject)


def _sign_not_a_dlt(docket: Docket, patient: Patient, command: RuleOnDlt, ruling: s.DltAdjudicated) -> Follows:
    by = docket.asked.by
    signed = {o.member: o for o in patient.opinions.get(command.subject, ()) if o.revision == command.revision}
    opinion = s.DltOpinionSigned(
        subject=command.subject,
        revision=command.revision,
        member=by.id,
        role=by.role,  # type: ignore[arg-type]
        rationale=command.rationale,
    )
    if by.id in signed:
        position = docket.world.on_record(patient.stream, opinion, docket.now)
        return AlreadySo(position) if position is not None else ()
    roles = [o.role for o in signed.values()] + [opinion.role]
    entry = Entry(patient.stream, opinion)
    if len(roles) < SIGNATURES_FOR_NOT_A_DLT or "safety_committee" not in roles:
        return (entry,)
    return (entry, Entry(patient.stream, ruling))


def _member(docket: Docket, patient: Patient) -> Member:
    member = docket.world.cohort(patient.level).members.get(patient.number) if patient.level is not None else None
    if member is None:
        raise no.NotAssigned(f"patient {patient.number}")
    return member


def close_dlt_window(docket: Docket, command: CloseDltWindow) -> Follows:
    """By time passing and a completeness check, or by one of its early ends (domain G.4-6, B.2)."""
    docket.signer(*RULERS)  # type: ignore[arg-type]
    patient = docket.patient(command.patient)
    member = _member(docket, patient)
    window, stream = member.window, cohort_stream(patient.level or 0)
    if window is None:
        raise no.NoWindow(f"patient {patient.number}")
    closed_on = docket.occurred_day(patient.number)
    event = c.DltWindowClosed(
        patient=patient.number,
        closed_on=closed_on,
        assessments_due_count=len(days := scheduled_days(patient, window, docket.protocol())),
        assessments_done_count=command.assessments_done_count,
        assessments_on_record_count=len(done_days(patient, days)),
        early_end=command.early_end,
    )
    if patient.ward.sheets and event.assessments_done_count > event.assessments_on_record_count:
        _because(docket, event)
    if not window.running:
        return _closed_already(docket, stream, event, member)
    early = command.early_end is not None
    broken = _against_early_end(patient, command) if early else _against_closing(docket, patient, member)
    deviations = permit(docket, patient.stream, broken)
    return (*deviations, Entry(stream, event, reported=docket.asked.on_paper))


def _because(docket: Docket, event: c.DltWindowClosed) -> None:
    """More assessments than the sheets show are stated with a reason: where the others are kept."""
    if docket.asked.reason is None:
        raise no.ReasonMissing(f"{event.assessments_on_record_count} assessments are on record")


def _closed_already(docket: Docket, stream: str, event: c.DltWindowClosed, member: Member) -> Follows:
    """Scheduled assessments that were found later are added to the closing on record; anything else contradicts it."""
    assert member.window is not None
    again = event.model_copy(update={"closed_on": member.window.closed_on})
    position = docket.world.on_record(stream, again, docket.now)
    assert position is not None
    known = docket.archive.record(position).event
    assert isinstance(known, c.DltWindowClosed)
    if known.early_end != again.early_end or known.assessments_done_count > again.assessments_done_count:
        raise no.AlreadyDetermined(f"patient {again.patient}: the window is closed", position)
    same = known.assessments_done_count == again.assessments_done_count
    return AlreadySo(position) if same else (Entry(stream, again, reported=docket.asked.on_paper),)


def _against_closing(docket: Docket, patient: Patient, member: Member) -> Iterator[Refused]:
    window = member.window
    if patient.open_candidates:
        yield no.CandidateStands(f"patient {patient.number}: {', '.join(patient.open_candidates)}")
    if window is not None and docket.occurred_day(patient.number) <= window.planned_to_on:
        yield no.WindowStillRuns(f"patient {patient.number}: to {window.planned_to_on}")
    settled = all(o in patient.infusions and patient.infusions[o].settled for o in docket.protocol().ordinals())
    if not settled:
        yield no.InfusionOutstanding(f"patient {patient.number}")


def _against_early_end(patient: Patient, command: CloseDltWindow) -> Iterator[Refused]:
    if patient.open_candidates:
        yield no.CandidateStands(f"patient {patient.number}: {', '.join(patient.open_candidates)}")
    cause = patient.off_study.event.cause if patient.off_study else None  # type: ignore[attr-defined]
    on_record = {
        "death": patient.death is not None,
        "withdrawal": patient.withdrawn == "all-participation" or cause == "withdrawal",
        "lost-to-follow-up": cause == "lost-to-follow-up",
    }
    if not on_record[command.early_end or ""]:
        yield no.EarlyEndNotOnRecord(f"patient {patient.number}: {command.early_end}")


def determine_evaluability(docket: Docket, command: DetermineEvaluability) -> Follows:
    """Two distinct people; *not evaluable* from the closed list only, and never while a candidate DLT stands; at the
    level actually received only if the committee is among them (domain B.2)."""
    docket.signer(*RULERS)  # type: ignore[arg-type]
    patient = docket.patient(command.patient)
    member, stream = _member(docket, patient), cohort_stream(patient.level or 0)
    read_level(docket, patient, command.evaluable, command.at_level)
    determination = c.EvaluabilityDetermined(**dict(command))
    known = member.determination
    if known is not None and command.revision == known.revision:
        position = docket.world.on_record(stream, known, docket.now)
        if known == determination and position is not None:
            return AlreadySo(position)
        raise no.AlreadyDetermined(f"patient {patient.number}, revision {command.revision}", position)
    if command.revision != member.revision + 1:
        raise no.AlreadyDetermined(f"patient {patient.number}, revision {command.revision}")
    deviations = permit(docket, patient.stream, against_determination(docket, patient, member, determination))
    if docket.asked.on_paper:
        return (
            *deviations,
            Entry(stream, determination, reported=True),
            *in_a_row(docket, patient, member, determination),
        )
    return _sign_evaluability(docket, patient, member, determination)


def _sign_evaluability(
    docket: Docket, patient: Patient, member: Member, determination: c.EvaluabilityDetermined
) -> Follows:
    by, stream = docket.asked.by, cohort_stream(patient.level or 0)
    opinion = c.EvaluabilityOpinionSigned(**dict(determination), member=by.id, role=by.role)  # type: ignore[arg-type]
    same = {o.member: o.role for o in member.opinions if _says_the_same_of(o, determination)}
    if by.id in same:
        position = docket.world.on_record(stream, opinion, docket.now)
        return AlreadySo(position) if position is not None else ()
    if any(o.member == by.id for o in member.opinions):
        raise no.AlreadySigned(f"patient {patient.number}: {by.id}")
    entry = Entry(stream, opinion)
    asks_committee = determination.at_level is not None and "safety_committee" not in (*same.values(), by.role)
    if not same or asks_committee:
        return (entry,)
    return (entry, Entry(stream, determination), *in_a_row(docket, patient, member, determination))


def _says_the_same_of(opinion: c.EvaluabilityOpinionSigned, determination: c.EvaluabilityDetermined) -> bool:
    said = (determination.evaluable, determination.reason, determination.at_level)
    return (opinion.evaluable, opinion.reason, opinion.at_level) == said


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RuleOnDlt: rule_on_dlt,
        CloseDltWindow: close_dlt_window,
        DetermineEvaluability: determine_evaluability,
    }
)

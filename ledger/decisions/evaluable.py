"""Who may be determined evaluable, at the assigned level or at the one whose dose was received (domain B.2)."""

from collections.abc import Iterator

from ledger import refusals as no
from ledger.cohort.events import EvaluabilityDetermined
from ledger.cohort.state import Member
from ledger.decisions.docket import Docket, Entries
from ledger.decisions.standing import level_received, received_enough, ruled_evaluable
from ledger.errors import Refused
from ledger.patient.state import Patient
from ledger.record import TRIAL, Entry
from ledger.trial.dosing import HoldApplied


def against_determination(
    docket: Docket, patient: Patient, member: Member, said: EvaluabilityDetermined
) -> Iterator[Refused]:
    """Why it is not determined so: a reason that is none, a candidate, a window, a dose."""
    if not said.evaluable and said.reason not in docket.protocol().evaluability.not_evaluable_reasons:
        yield no.ReasonNotInList(f"patient {patient.number}")
    if patient.may_have_dlt and not said.evaluable:
        yield no.CandidateStands(f"patient {patient.number}")
    if said.at_level is not None:
        yield from _against_level_received(docket, patient, member, said.at_level)
    elif _is_observed(patient, member):
        yield no.NotYetEvaluable(f"patient {patient.number}")
    elif said.evaluable and not ruled_evaluable(patient):
        yield from _against_completion(docket, patient, member, patient.level)


def read_level(docket: Docket, patient: Patient, evaluable: bool, level: int | None) -> None:
    """What can be read: who is evaluable at another level is evaluable, and it is a lower one of the ladder."""
    if level is not None and level not in docket.protocol().levels():
        raise no.NotInProtocol(f"level {level}")
    if level is not None and (not evaluable or level >= (patient.level or 0)):
        raise no.FindingsContradict("evaluable at a lower level than the assigned one")


def _against_level_received(docket: Docket, patient: Patient, member: Member, level: int) -> Iterator[Refused]:
    """It is the level of the dose received, with nothing left to rule; without a DLT, as complete as any other."""
    if patient.open_candidates:
        yield no.CandidateStands(f"patient {patient.number}")
    if level_received(patient, docket.protocol()) != level:
        yield no.LevelNotReceived(f"patient {patient.number}: level {level}")
    if patient.has_dlt:
        return
    if _is_observed(patient, member):
        yield no.NotYetEvaluable(f"patient {patient.number}")
    else:
        yield from _against_completion(docket, patient, member, level)


def _against_completion(docket: Docket, patient: Patient, member: Member, level: int | None) -> Iterator[Refused]:
    if member.window is None or not member.window.complete:
        yield no.AssessmentsMissing(f"patient {patient.number}")
    if not received_enough(patient, docket.protocol(), level):
        yield no.DoseBelowMinimum(f"patient {patient.number}")


def _is_observed(patient: Patient, member: Member) -> bool:
    """Whether it is too early to say: the window runs, or has yet to open; where infusion 1 is omitted, none opens."""
    first = patient.infusions.get(1)
    if member.window is None:
        return first is None or first.omitted is None
    return member.window.running


def in_a_row(docket: Docket, patient: Patient, member: Member, determined: EvaluabilityDetermined) -> Entries:
    """The second patient in a row who is not evaluable at the level holds it for review (domain B.2)."""
    counted_out = member.determination is not None and not member.determination.here
    if determined.here or member.dlt is not None or patient.level is None or counted_out:
        return ()
    row = docket.world.cohort(patient.level).not_evaluable_in_a_row + 1
    if row < docket.protocol().evaluability.consecutive_not_evaluable_hold:
        return ()
    number = len(docket.world.trial.holds) + 1
    hold = HoldApplied(
        hold=number, scope="level", level=patient.level, cause="consecutive-not-evaluable", automatic=True
    )
    return (Entry(TRIAL, hold),)

"""What a patient is given around the graft, beside the NK cells: facts, whatever they broke, and never held up.

The day table of the protocol says agent, day and dose (P9, P10, P12). What was given otherwise is a deviation; it
leaves the dose level and its count alone (A.3-18)."""

from collections.abc import Iterator
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import Decisions, Docket, Follows, PatientCommand, Reports, judged_report, report
from ledger.decisions.donor_standing import donor_type_of
from ledger.decisions.standing import day_zero_on
from ledger.errors import LedgerError
from ledger.patient import transplant as t
from ledger.patient.state import Patient
from ledger.protocol.calendar import choice_of
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.terms import ProtocolDay, Word
from ledger.protocol.treatment import DoseUnit, ScheduledDose
from ledger.types import Amount, Commitment, Day, exact

Given = t.ConditioningGiven | t.ProphylaxisGiven


class RecordConditioning(PatientCommand):
    """Report that an agent of the conditioning was given: all of it that belongs to a protocol day."""

    agent: Word
    protocol_day: ProtocolDay
    dose: Amount
    unit: DoseUnit
    given_on: Day


class ChooseBackbone(PatientCommand):
    """Say which agent of a choice of the day table is given, and why."""

    agent: Word
    reason: Commitment


class RecordProphylaxis(PatientCommand):
    """Report that an agent against graft-versus-host disease was given on a protocol day."""

    agent: Word
    protocol_day: ProtocolDay
    dose: Amount
    unit: DoseUnit
    given_on: Day


def record_conditioning(docket: Docket, command: RecordConditioning) -> Follows:
    patient, protocol = docket.patient(command.patient), docket.protocol()
    content = command.model_dump(exclude={"patient"})
    event = t.ConditioningGiven(**content, choice=choice_of(protocol, command.agent))
    _comparable(event, protocol)
    return judged_report(docket, patient.stream, event, lambda said: _against_conditioning(patient, protocol, said))


def record_prophylaxis(docket: Docket, command: RecordProphylaxis) -> Follows:
    patient, protocol = docket.patient(command.patient), docket.protocol()
    event = t.ProphylaxisGiven(**command.model_dump(exclude={"patient"}))
    _comparable(event, protocol)
    return judged_report(docket, patient.stream, event, lambda said: _against_day_table(patient, protocol, said))


def _scheduled(protocol: ProtocolDocument, given: Given) -> ScheduledDose | None:
    """The line of the day table for an agent on its day."""
    prophylaxis = isinstance(given, t.ProphylaxisGiven)
    doses = (dose for dose in protocol.scheduled_on(given.protocol_day) if dose.agent == given.agent)
    return next((dose for dose in doses if (dose.treatment == "gvhd_prophylaxis") == prophylaxis), None)


def _comparable(given: Given, protocol: ProtocolDocument) -> None:
    """Refuse a dose in another unit than the day table's: it cannot be compared."""
    scheduled = _scheduled(protocol, given)
    if scheduled is not None and scheduled.unit != given.unit:
        raise no.DoseInAnotherUnit(f"{given.agent}: {scheduled.unit}")


def _against_day_table(patient: Patient, protocol: ProtocolDocument, given: Given) -> Iterator[LedgerError]:
    """Agent, day, dose and donor as the day table has them, within the protocol's tolerance."""
    scheduled, tolerance = _scheduled(protocol, given), protocol.schedule_tolerance
    what = f"patient {patient.number}: {given.agent}, day {given.protocol_day:+d}"
    if scheduled is None:
        yield no.NotInDayTable(what)
    else:
        planned = exact(scheduled.dose_per_day)
        if abs(exact(given.dose) - planned) * 100 > planned * tolerance.dose_percent:
            yield no.DoseNotAsScheduled(what)
        if scheduled.only_if_donor not in (None, donor_type_of(patient)):
            yield no.NotForThisDonor(what)
    zero = day_zero_on(patient)
    if zero and abs(given.given_on - zero - timedelta(days=given.protocol_day)) > timedelta(days=tolerance.days):
        yield no.NotOnScheduledDay(what)


def _against_conditioning(patient: Patient, protocol: ProtocolDocument, given: Given) -> Iterator[LedgerError]:
    """Besides, exactly one agent of a choice, and the one that was chosen with its reason (P10)."""
    yield from _against_day_table(patient, protocol, given)
    choice = given.choice if isinstance(given, t.ConditioningGiven) else None
    if choice is None:
        return
    chosen = patient.treatment.chosen(choice)
    agents = {told.event.agent for told in patient.treatment.conditioning if told.event.choice == choice}
    if (agents | {chosen}) - {given.agent, None}:
        yield no.SecondBackbone(f"patient {patient.number}: {given.agent}")
    elif chosen is None:
        yield no.BackboneNotChosen(f"patient {patient.number}: {given.agent}")


def choose_backbone(docket: Docket, command: ChooseBackbone) -> Follows:
    """No rule chooses; the reason is recorded (A.3-18)."""
    patient = docket.patient(command.patient)
    choice = choice_of(docket.protocol(), command.agent)
    if choice is None:
        raise no.NotInProtocol(f"choice of {command.agent}")
    return report(docket, patient.stream, t.BackboneChosen(choice=choice, agent=command.agent, reason=command.reason))


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordConditioning: record_conditioning,
        ChooseBackbone: choose_backbone,
        RecordProphylaxis: record_prophylaxis,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "conditioning": RecordConditioning,
        "backbone": ChooseBackbone,
        "prophylaxis": RecordProphylaxis,
    }
)

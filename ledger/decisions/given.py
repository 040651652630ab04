"""What was given, or not: facts, whatever they broke."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Any

from ledger import refusals as no
from ledger.decisions.docket import AlreadySo, Docket, Entries, Follows, PatientCommand, deviation, report
from ledger.decisions.infusion import in_plan
from ledger.decisions.standing import planned_on
from ledger.errors import LedgerError
from ledger.patient import infusions as i
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.record import TRIAL, Entry
from ledger.trial.dosing import HoldApplied
from ledger.types import Amount, Count, Instant, Level, Name, Ordinal, exact, exact_text


class RecordInfusionStart(PatientCommand):
    """Report that an infusion began."""

    ordinal: Ordinal
    product: Name
    level: Level
    started_at: Instant


class RecordInfusion(PatientCommand):
    """Report what was given."""

    ordinal: Ordinal
    product: Name
    ended_at: Instant
    weight_kg: Amount
    cells: Count
    cd3_cells_per_kg: Amount | None = None
    viability_percent: Amount | None = None
    volume_ml: Amount | None = None
    interruptions_count: Count = 0


class OmitInfusion(PatientCommand):
    """Report that a planned infusion is not given."""

    ordinal: Ordinal
    cause: i.OmissionReason


def record_infusion_start(docket: Docket, command: RecordInfusionStart) -> Follows:
    """A fact, whatever it broke: each broken rule is a deviation, a dose without permission also sets a hold."""
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    event = i.InfusionStarted(**command.model_dump(exclude={"patient"}))
    follows = report(docket, patient.stream, event)
    if isinstance(follows, AlreadySo) or follows[0].conflicts_with is not None:
        return follows
    broken = tuple(_against_what_began(patient, command, protocol))
    found = tuple(deviation(patient.stream, error) for error in broken)
    unpermitted = any(isinstance(error, no.NotAuthorised) for error in broken)
    return (*follows, *found, *(_hold(docket, command) if unpermitted else ()))


def _against_what_began(
    patient: Patient, command: RecordInfusionStart, protocol: ProtocolDocument
) -> Iterator[LedgerError]:
    authorised = patient.authorised.get(command.ordinal)
    if not _covers(authorised, command):
        yield no.NotAuthorised(f"infusion {command.ordinal}")
    if patient.level is not None and command.level != patient.level:
        yield no.WrongLevel(f"infusion {command.ordinal}: level {command.level}, assigned {patient.level}")
    planned = planned_on(patient, protocol, command.ordinal)
    window = protocol.infusion(command.ordinal)
    early, late = timedelta(days=window.window_before_days), timedelta(days=window.window_after_days)
    if planned and not planned - early <= command.started_at.date() <= planned + late:
        yield no.OutsideInfusionDay(f"infusion {command.ordinal}")


def _covers(authorised: i.InfusionAuthorised | None, command: RecordInfusionStart) -> bool:
    return (
        authorised is not None
        and command.started_at <= authorised.valid_until
        and authorised.product == command.product
        and authorised.level == command.level
    )


def _hold(docket: Docket, command: RecordInfusionStart) -> Entries:
    hold = HoldApplied(
        hold=len(docket.world.trial.holds) + 1,
        scope="level",
        level=command.level,
        cause="dose-without-permission",
        automatic=True,
        patient=command.patient,
    )
    return (Entry(TRIAL, hold),)


def record_infusion(docket: Docket, command: RecordInfusion) -> Follows:
    """What was given, in percent of the plan; above the protocol's limit it is an overdose (domain B.2)."""
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    if exact(command.weight_kg) <= 0:
        raise no.FindingsContradict("the weight is not positive")
    started = patient.infusions[command.ordinal].started if command.ordinal in patient.infusions else None
    if started and command.ended_at < started.started_at:
        raise no.FindingsContradict("the infusion ended before it began")
    level = patient.level if patient.level is not None else (started.level if started else protocol.start)
    per_kg = Fraction(command.cells) / exact(command.weight_kg)
    planned = protocol.planned_cells_per_kg(level, command.ordinal)
    content: dict[str, Any] = command.model_dump(exclude={"patient"})
    event = i.InfusionCompleted(
        **content, cells_per_kg=exact_text(per_kg), percent_of_plan=exact_text(per_kg * 100 / planned)
    )
    follows = report(docket, patient.stream, event)
    if isinstance(follows, AlreadySo) or follows[0].conflicts_with is not None:
        return follows
    overdose = per_kg * 100 > planned * protocol.overdose_percent
    return (*follows, *((deviation(patient.stream, no.Overdose(f"infusion {command.ordinal}")),) if overdose else ()))


def omit_infusion(docket: Docket, command: OmitInfusion) -> Follows:
    """A planned infusion is not given; for a reaction or its treatment, that is itself ruled on (domain B.2)."""
    patient = docket.patient(command.patient)
    in_plan(docket, command.ordinal)
    given = patient.infusions.get(command.ordinal)
    if given is not None and given.given_on is not None:
        raise no.FindingsContradict("the infusion was given")
    return report(docket, patient.stream, i.InfusionOmitted(ordinal=command.ordinal, cause=command.cause))

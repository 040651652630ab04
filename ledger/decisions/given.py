"""What was given, or not: facts, whatever they broke."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from ledger import refusals as no
from ledger.decisions.administered import CELLS_AND_VOLUME, against_dose, cells_by_volume, counted_cells, differs
from ledger.decisions.consent import against_consent
from ledger.decisions.docket import (
    CLOCK_TOLERANCE,
    AlreadySo,
    Decisions,
    Docket,
    Entries,
    Follows,
    PatientCommand,
    Reports,
    asks,
    contradiction,
    deviation,
    not_in_the_future,
    query,
    report,
)
from ledger.decisions.donor_standing import against_blood_groups, donor_of
from ledger.decisions.permits import in_plan
from ledger.decisions.product_permits import against_bags, against_lot
from ledger.decisions.standing import level_given, planned_on
from ledger.errors import LedgerError
from ledger.patient import infusions as i
from ledger.patient.state import RULED, Infusion, Patient
from ledger.protocol.document import ProtocolDocument
from ledger.record import TRIAL, Entry
from ledger.trial.dosing import HoldApplied
from ledger.types import Amount, Count, Day, Event, Instant, Level, Name, Ordinal, Several, changed, exact, exact_text


class RecordInfusionStart(PatientCommand):
    """Report that an infusion began."""

    ordinal: Ordinal
    product: Name
    level: Level
    started_at: Instant
    bags: Several[Name] = ()
    chain_of_identity: Name | None = None
    checkers: Several[Name] = ()
    premedication: Several[Name] = ()


class RecordInfusion(PatientCommand):
    """Report what was given: the cells, or what they follow from (cells/mL x viability x volume given), or both."""

    ordinal: Ordinal
    product: Name
    ended_at: Instant
    weight_kg: Amount
    weighed_on: Day | None = None
    cells: Count | None = None
    cd3_cells_per_kg: Amount | None = None
    cells_per_ml: Amount | None = None
    viability_percent: Amount | None = None
    volume_ml: Amount | None = None
    residual_volume_ml: Amount | None = None
    reaction: bool | None = None


class OmitInfusion(PatientCommand):
    """Report that a planned infusion is not given."""

    ordinal: Ordinal
    cause: i.OmissionReason


def record_infusion_start(docket: Docket, command: RecordInfusionStart) -> Follows:
    """A fact, whatever it broke: each broken rule is a deviation, a dose without permission also sets a hold."""
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    if command.level not in protocol.levels():
        raise no.NotInProtocol(f"level {command.level}")
    event = i.InfusionStarted(**command.model_dump(exclude={"patient"}))
    known = patient.infusions.get(command.ordinal) or Infusion(command.ordinal)
    if known.completed is not None and command.started_at > known.completed.ended_at:
        return _contradicts(docket, patient, event, known.completed)
    follows = report(docket, patient.stream, event)
    if isinstance(follows, AlreadySo) or follows[0].conflicts_with is not None:
        return follows
    judged = _judged(docket, patient, command, protocol) if known.completed is None else ()
    omitted = _position(docket, patient, known.omitted) if known.omitted else None
    asked = query(docket, patient.stream, omitted, event) if omitted is not None else ()
    return (*follows, *judged, *asked)


def _position(docket: Docket, patient: Patient, event: Event) -> int | None:
    return docket.world.on_record(patient.stream, event, docket.now)


def _contradicts(docket: Docket, patient: Patient, event: Event, known: Event) -> Follows:
    """A report that cannot be true beside another of the same infusion; a correction that cannot is refused."""
    not_in_the_future(docket, event)
    position = _position(docket, patient, known)
    if docket.asked.corrects is not None or position is None:
        raise no.FindingsContradict(f"{event.NAME} and {known.NAME}")
    return contradiction(docket, patient.stream, event, position)


def _judged(docket: Docket, patient: Patient, command: RecordInfusionStart, protocol: ProtocolDocument) -> Entries:
    """A deviation for every rule that a dose broke when it began, and a hold where it had no permission."""
    broken = tuple(_against_what_began(docket, patient, command, protocol))
    if docket.asked.corrects is not None:
        before = docket.archive.record(docket.asked.corrects).event
        known = {type(error) for error in _against_what_began(docket, patient, _as_told(command, before), protocol)}
        broken = tuple(error for error in broken if type(error) not in known)
    found = tuple(deviation(patient.stream, error) for error in broken)
    unpermitted = any(isinstance(error, UNPERMITTED) for error in broken)
    return (*found, *(_hold(docket, command) if unpermitted else ()))


def _as_told(command: RecordInfusionStart, before: Event) -> RecordInfusionStart:
    """The report that a correction replaces: what it broke is noted already."""
    return command.model_copy(update=dict(before) if isinstance(before, i.InfusionStarted) else {})


CHECKERS: Final = 2

UNPERMITTED: Final = (no.NotAuthorised, no.TrialHeld, no.LevelHeld, no.PatientHasDlt)


def _against_what_began(
    docket: Docket, patient: Patient, command: RecordInfusionStart, protocol: ProtocolDocument
) -> Iterator[LedgerError]:
    at, on = command.started_at, command.started_at.date()
    if not _covers(patient.authorised.get(command.ordinal), command, protocol):
        yield no.NotAuthorised(f"infusion {command.ordinal}")
    yield from _against_state_then(docket, patient, command)
    if patient.level is None:
        yield no.NotAssigned(f"patient {patient.number}")
    elif command.level != patient.level:
        yield no.WrongLevel(f"infusion {command.ordinal}: level {command.level}, assigned {patient.level}")
    yield from against_consent(changed(patient, agreement=patient.agreement.at(at)), protocol, on)
    yield from against_blood_groups(patient, protocol, donor_of(patient), on)
    planned = planned_on(patient, protocol, command.ordinal)
    window = protocol.infusion(command.ordinal)
    early, late = timedelta(days=window.window_before_days), timedelta(days=window.window_after_days)
    if planned and not planned - early <= on <= planned + late:
        yield no.OutsideInfusionDay(f"infusion {command.ordinal}")
    chain = command.chain_of_identity
    yield from against_lot(docket.world, patient, protocol, command.ordinal, command.product, at, chain=chain)
    if command.checkers and len(set(command.checkers)) < CHECKERS:
        yield no.CheckersNotDistinct(f"infusion {command.ordinal}")
    yield from against_bags(docket.world, command.product, command.bags)


def _covers(authorised: i.InfusionAuthorised | None, command: RecordInfusionStart, protocol: ProtocolDocument) -> bool:
    """Whether a dose was authorised as it was given, and before it began."""
    if authorised is None:
        return False
    authorised_at = authorised.valid_until - timedelta(hours=protocol.authorisation_valid_hours)
    return (
        authorised_at - CLOCK_TOLERANCE <= command.started_at <= authorised.valid_until
        and authorised.product == command.product
        and authorised.level == command.level
    )


def _against_state_then(docket: Docket, patient: Patient, command: RecordInfusionStart) -> Iterator[LedgerError]:
    """What was known when a dose began, and ends every permission: a hold, a DLT or a candidate of the patient."""

    def known_then(position: int) -> bool:
        return docket.archive.record(position).occurred_at <= command.started_at

    for number, hold in sorted(docket.world.trial.holds.items()):
        reached = hold.scope == "trial" or (hold.level is not None and hold.level <= command.level)
        if reached and not hold.lifted and known_then(hold.position):
            yield (no.TrialHeld if hold.scope == "trial" else no.LevelHeld)(f"hold {number}")
    positions = [position for position in patient.candidates.values() if position != RULED]
    positions += [ruling.position for ruling in patient.rulings.values() if ruling.event.is_dlt]
    if any(known_then(position) for position in positions):
        yield no.PatientHasDlt(f"patient {patient.number}")


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
    """What was given, in percent of the plan; above the protocol's limit it is an overdose (domain B.2). Without a
    report of its start, the dose is judged here. Cells that their volume does not bear out raise a query."""
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    if exact(command.weight_kg) <= 0:
        raise no.FindingsContradict("the weight is not positive")
    started = patient.infusions[command.ordinal].started if command.ordinal in patient.infusions else None
    by_volume = cells_by_volume(command.cells_per_ml, command.viability_percent, command.volume_ml)
    cells = counted_cells(command.cells, by_volume)
    per_kg = Fraction(cells) / exact(command.weight_kg)
    level = patient.level if patient.level is not None else _level_given(protocol, command, started, per_kg)
    planned = protocol.planned_cells_per_kg(level, command.ordinal)
    content: dict[str, Any] = command.model_dump(exclude={"patient", "cells"})
    event = i.InfusionCompleted(
        **content,
        cells=cells,
        cells_by_volume=None if by_volume is None else exact_text(by_volume),
        cells_per_kg=exact_text(per_kg),
        percent_of_plan=exact_text(per_kg * 100 / planned),
    )
    if started and command.ended_at < started.started_at:
        return _contradicts(docket, patient, event, started)
    follows = report(docket, patient.stream, event)
    if isinstance(follows, AlreadySo) or follows[0].conflicts_with is not None:
        return follows
    order = patient.authorised.get(command.ordinal)
    found = tuple(deviation(patient.stream, error) for error in against_dose(event, planned, protocol, order))
    asked = asks(docket, patient, CELLS_AND_VOLUME) if differs(cells, by_volume, protocol) else ()
    return (*follows, *asked, *found, *(() if started else _judged(docket, patient, _begun(command, level), protocol)))


def _level_given(
    protocol: ProtocolDocument, command: RecordInfusion, started: i.InfusionStarted | None, per_kg: Fraction
) -> int:
    return started.level if started else level_given(protocol, command.ordinal, per_kg)


def _begun(command: RecordInfusion, level: int) -> RecordInfusionStart:
    """The start of an infusion of which only the end was reported."""
    return RecordInfusionStart(
        patient=command.patient,
        ordinal=command.ordinal,
        product=command.product,
        level=level,
        started_at=command.ended_at,
    )


def omit_infusion(docket: Docket, command: OmitInfusion) -> Follows:
    """A planned infusion is not given; for a reaction or its treatment, that is itself ruled on (domain B.2)."""
    patient = docket.patient(command.patient)
    in_plan(docket, command.ordinal)
    event = i.InfusionOmitted(ordinal=command.ordinal, cause=command.cause)
    given = patient.infusions.get(command.ordinal)
    reported = (given.started or given.completed) if given is not None else None
    if reported is not None:
        return _contradicts(docket, patient, event, reported)
    follows = report(docket, patient.stream, event)
    if isinstance(follows, AlreadySo) or not _too_soon(docket, patient, command):
        return follows
    return (*follows, deviation(patient.stream, no.OmittedTooSoon(f"infusion {command.ordinal}")))


def _too_soon(docket: Docket, patient: Patient, command: OmitInfusion) -> bool:
    """Who is not ready waits as long as the infusion's days last (domain A.3-25)."""
    protocol = docket.protocol()
    planned = planned_on(patient, protocol, command.ordinal)
    if command.cause != "readiness-not-met" or planned is None:
        return False
    last = planned + timedelta(days=protocol.infusion(command.ordinal).window_after_days)
    return docket.occurred_day(patient.number) <= last


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordInfusionStart: record_infusion_start,
        RecordInfusion: record_infusion,
        OmitInfusion: omit_infusion,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "infusion-start": RecordInfusionStart,
        "infusion": RecordInfusion,
        "omission": OmitInfusion,
    }
)

"""Where the escalation stands: levels, windows, holds, advice, decisions, and what may be done next."""

from datetime import datetime
from typing import Literal

from ledger.decisions.effects import standing_cause
from ledger.decisions.expansion import enrolled_count
from ledger.decisions.standing import advice, candidates_at, outcomes
from ledger.designs.base import Advice, Await, DeclareMtd, DeclareMtdNotReached, Escalate, Open, StopNoMtd, Treat
from ledger.designs.listed import design_of
from ledger.designs.reading import advice_line
from ledger.protocol.document import ProtocolDocument
from ledger.trial.dosing import HoldCause, HoldScope
from ledger.types import Instant, Phase
from ledger.world import World
from projections.base import TextOf, View, no_text
from projections.dose_decisions import LAST_DECISIONS, DecisionView, dose_decisions
from projections.grounds import rests_on
from projections.levels import LevelView, home_day, level_view
from projections.next_actions import Action, next_actions
from projections.notices import PartyWaiting, waiting
from projections.phase_two import PhaseTwoView, phase_two

AdviceCode = Literal["treat", "open", "escalate", "declare_mtd", "declare_mtd_not_reached", "stop", "await"]
EndCode = Literal["mtd", "mtd_not_reached", "stopped", "mtd_undetermined"]


class TrialHeader(View):
    """Which trial this is, and how much of its log was read."""

    trial_id: str | None
    title: str | None
    training: bool
    """A ledger that holds no real patient."""
    protocol_version: int | None
    """In force on the day asked for."""
    phase: Phase
    size: int
    """How many events were read."""
    position: int | None
    """The last of them."""
    recorded_at: Instant | None


class HoldView(View):
    """A hold in force."""

    hold: int
    position: int
    scope: HoldScope
    level: int | None
    """This level and all above; null for the trial."""
    cause: HoldCause
    patient: str | None
    """Whose event set it, where it is one patient's."""
    automatic: bool
    cause_stands: bool
    """The rule that set it would set it again now, so it cannot be lifted."""
    adverse_event: int | None
    """The patient's adverse event that set it."""
    needs_review: bool
    """It is lifted only after a safety review that recommends it (A.3-19)."""


class AdviceView(View):
    """What the design advises. It decides nothing."""

    line: str
    code: AdviceCode
    level: int | None
    """The level it names: to treat, to open, to declare; of *await*, the lowest with something to wait for."""
    then: AdviceCode | None
    """Of *await*: the step that the counts ask for."""
    then_level: int | None
    pending: int
    """Of *await*: how many undecided patients are waited for."""
    candidates: int
    """Of *await*: how many candidate DLTs have to be ruled."""
    because: tuple[str, ...]
    """Why, in sentences with the numbers."""
    rests_on: tuple[int, ...]
    """The positions in the log that the counts come from."""


class Enrolment(View):
    """How many count towards the cap."""

    enrolled: int
    cap: int
    closed: str | None
    """Why enrolment was closed by a person."""
    full: bool


class EndState(View):
    """What phase I ended with."""

    code: EndCode
    title: str
    level: int | None
    """The MTD, or the recommended level where the MTD is not reached."""


class Board(View):
    """The escalation at a moment."""

    trial: TrialHeader
    notation: str
    """The levels in use, such as `1NNTNNN 2NTT`."""
    levels: tuple[LevelView, ...]
    holds: tuple[HoldView, ...]
    advice: AdviceView | None
    decisions: tuple[DecisionView, ...]
    """The last ten, the newest first."""
    mtd: int | None
    mtd_not_reached: bool
    rp2d: int | None
    phase_two: PhaseTwoView | None
    """Null before phase II is entered."""
    stopped: str | None
    enrolment: Enrolment | None
    end_state: EndState | None
    next_actions: tuple[Action, ...]
    unacknowledged: tuple[PartyWaiting, ...]
    """Who of those who dose has not acknowledged what, and for how long."""


def board(world: World, now: datetime, text: TextOf = no_text) -> Board:
    """The escalation as the world stands, seen at `now`: days left, live reservations and the version in force."""
    trial, version = world.trial, world.trial.protocol_on(home_day(world, now))
    protocol = version.document if version else None
    levels = tuple(level_view(world, protocol, level, now) for level in protocol.levels()) if protocol else ()
    return Board(
        trial=_header(world, version.number if version else None),
        notation=" ".join(level.notation for level in levels if level.patients),
        levels=levels,
        holds=holds_in_force(world, protocol),
        advice=advice_view(world, protocol) if protocol else None,
        decisions=dose_decisions(world, now, LAST_DECISIONS, text),
        mtd=trial.mtd,
        mtd_not_reached=trial.mtd_not_reached,
        rp2d=trial.rp2d,
        phase_two=phase_two(world, protocol, home_day(world, now)) if protocol else None,
        stopped=trial.stopped,
        enrolment=_enrolment(world, protocol) if protocol else None,
        end_state=end_state(world, protocol) if protocol else None,
        next_actions=next_actions(world, version, now) if version else (),
        unacknowledged=waiting(world, now),
    )


def _header(world: World, version: int | None) -> TrialHeader:
    registered = world.trial.registered
    return TrialHeader(
        trial_id=registered.trial_id if registered else None,
        title=registered.title if registered else None,
        training=registered.training if registered else False,
        protocol_version=version,
        phase=world.trial.phase,
        size=world.size,
        position=world.size - 1 if world.size else None,
        recorded_at=world.recorded_at,
    )


def holds_in_force(world: World, protocol: ProtocolDocument | None) -> tuple[HoldView, ...]:
    """The holds that nobody has lifted."""
    return tuple(
        HoldView(
            hold=number,
            position=hold.position,
            scope=hold.scope,
            level=hold.level,
            cause=hold.cause,
            patient=hold.patient,
            automatic=hold.automatic,
            cause_stands=protocol is not None and standing_cause(world, protocol, hold),
            adverse_event=hold.adverse_event,
            needs_review=hold.needs_review,
        )
        for number, hold in sorted(world.trial.holds.items())
        if not hold.lifted
    )


def advice_view(world: World, protocol: ProtocolDocument) -> AdviceView:
    """The design's advice on what is known, with its grounds."""
    told, given = outcomes(world, protocol), advice(world, protocol)
    waits = given if isinstance(given, Await) else None
    return AdviceView(
        line=advice_line(given),
        code=given.code,
        level=level_of(given),
        then=waits.then.code if waits else None,
        then_level=level_of(waits.then) if waits else None,
        pending=waits.pending if waits else 0,
        candidates=waits.candidates if waits else 0,
        because=design_of(protocol.design).explain(told),
        rests_on=rests_on(world),
    )


def level_of(given: Advice) -> int | None:
    """The level that an advice names."""
    match given:
        case Treat(level=level) | Open(level=level) | Escalate(level=level) | DeclareMtd(level=level):
            return level
        case DeclareMtdNotReached(top=level) | Await(level=level):
            return level
        case StopNoMtd():
            return None


def _enrolment(world: World, protocol: ProtocolDocument) -> Enrolment:
    enrolled, cap = enrolled_count(world), protocol.enrolment_cap
    return Enrolment(enrolled=enrolled, cap=cap, closed=world.trial.enrolment_closed, full=enrolled >= cap)


def end_state(world: World, protocol: ProtocolDocument) -> EndState | None:
    """What phase I ended with, once it has: a declaration, a stop, or nobody left to treat (domain A.3-20)."""
    trial = world.trial
    stopped = f"; stopped: {trial.stopped}" if trial.stopped else ""
    if trial.mtd is not None:
        return EndState(code="mtd", title=f"MTD: level {trial.mtd}{stopped}", level=trial.mtd)
    if trial.mtd_not_reached:
        title = f"MTD not reached; RP2D: level {trial.rp2d}{stopped}"
        return EndState(code="mtd_not_reached", title=title, level=trial.rp2d)
    if trial.stopped:
        return EndState(code="stopped", title=f"stopped: {trial.stopped}", level=None)
    if _nobody_left(world, protocol) and isinstance(advice(world, protocol), Treat | Open | Escalate):
        return EndState(code="mtd_undetermined", title="MTD undetermined", level=None)
    return None


def _nobody_left(world: World, protocol: ProtocolDocument) -> bool:
    """Nobody more is enrolled, nobody enrolled waits for a level, every window is closed and every candidate ruled."""
    closed = world.trial.enrolment_closed is not None or enrolled_count(world) >= protocol.enrolment_cap
    waiting = any(
        patient.enrolled is not None and patient.level is None and not patient.off_study and not patient.death
        for patient in world.participants.values()
    )
    undecided = any(cohort.pending or candidates_at(world, cohort) for cohort in world.cohorts.values())
    return closed and not waiting and not undecided

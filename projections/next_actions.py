"""What may be done next, and for everything that may not, every rule that stands against it.

The rules are those that refuse the commands; here they are asked without a person, so that who may sign, and by what
delegation, is not among them.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Final, Literal, NoReturn

from ledger import refusals as no
from ledger.decisions.docket import Docket
from ledger.decisions.dose_decision import Proposing, against_proposal
from ledger.decisions.holds import against_lifting
from ledger.decisions.permits import (
    against_assignment,
    against_exposure,
    against_full,
    against_one_more,
    against_open_enrolment,
    against_opening,
    against_placing,
)
from ledger.errors import LedgerError
from ledger.protocol.document import ProtocolDocument
from ledger.record import Actor, Asked
from ledger.trial.dosing import Outcome
from ledger.trial.state import Version
from ledger.world import World
from projections.base import View
from projections.broken import BrokenRule
from projections.levels import home_day

ActionName = Literal["open_start_level", "reserve_slot", "enrol_patient", "assign_level", "propose", "lift_hold"]

AT_A_LEVEL: Final[tuple[Outcome, ...]] = ("escalate", "reopen", "expand", "stay", "de_escalate", "declare_mtd")


class Action(View):
    """Something that could be asked next."""

    action: ActionName
    level: int | None = None
    patient: str | None = None
    outcome: Outcome | None = None
    """What a dose decision would say."""
    hold: int | None = None
    permitted: bool
    needs_override: bool = False
    """A dose decision that is permitted only with a documented override of the advice."""
    broken: tuple[BrokenRule, ...]
    """All rules that stand against it; none where it is permitted."""


def next_actions(world: World, version: Version, now: datetime) -> tuple[Action, ...]:
    """Every relevant action at a moment, under the protocol version in force."""
    return tuple(
        chain(
            _placing(world, version.document, now),
            _assigning(world, version, now),
            _proposing(world, version),
            _lifting(world, version.document),
        )
    )


def _placing(world: World, protocol: ProtocolDocument, now: datetime) -> Iterator[Action]:
    start = protocol.start
    yield _action("open_start_level", against_opening(world, protocol, start), level=start)
    for level in protocol.levels():
        full = against_full(world, world.cohort(level), home_day(world, now))
        yield _action("reserve_slot", (*against_placing(world, protocol, level), *full), level=level)
    against = (against_exposure(world, None), against_open_enrolment(world), against_one_more(world, protocol))
    yield _action("enrol_patient", chain(*against))


def _assigning(world: World, version: Version, now: datetime) -> Iterator[Action]:
    """Every patient with a reservation, at its level; who is enrolled without one, at the levels that take patients."""
    protocol = version.document
    open_to = [level for level in protocol.levels() if next(against_placing(world, protocol, level), None) is None]
    reserved = {number for cohort in world.cohorts.values() for number in cohort.reservations}
    for number in sorted(reserved | set(world.beyond_screening)):
        patient = world.patients[number]
        kept = [level for level in protocol.levels() if number in world.cohort(level).reservations]
        waits = patient.enrolled is not None and patient.level is None and not patient.off_study and not patient.death
        for level in kept or (open_to if waits else ()):
            docket = _docket(world, number, now)
            against = against_assignment(docket, patient, world.cohort(level), version)
            yield _action("assign_level", against, level=level, patient=number)


def _proposing(world: World, version: Version) -> Iterator[Action]:
    protocol = version.document
    wanted: list[tuple[Outcome, int | None]] = [
        *((outcome, level) for outcome in AT_A_LEVEL for level in protocol.levels()),
        ("declare_mtd_not_reached", protocol.top),
        *((("enter_phase_two", world.trial.rp2d),) if world.trial.rp2d is not None else ()),
        ("stop", None),
        ("hold", None),
        *(("hold", level) for level in protocol.levels()),
    ]
    on = Proposing.on(world, version)
    for outcome, level in wanted:
        broken = tuple(against_proposal(on, outcome, level, override=False))
        override = bool(broken) and all(isinstance(error, no.OverrideMissing) for error in broken)
        yield _action("propose", () if override else broken, outcome=outcome, level=level, needs_override=override)


def _lifting(world: World, protocol: ProtocolDocument) -> Iterator[Action]:
    for number, hold in sorted(world.trial.holds.items()):
        if not hold.lifted:
            yield _action("lift_hold", against_lifting(world, protocol, number), hold=number, level=hold.level)


def _action(
    action: ActionName,
    against: Iterable[LedgerError],
    *,
    level: int | None = None,
    patient: str | None = None,
    outcome: Outcome | None = None,
    hold: int | None = None,
    needs_override: bool = False,
) -> Action:
    broken = tuple(BrokenRule.of(error) for error in against)
    return Action(
        action=action,
        level=level,
        patient=patient,
        outcome=outcome,
        hold=hold,
        permitted=not broken,
        needs_override=needs_override,
        broken=broken,
    )


class _NoArchive:
    """A permission is asked of the state alone."""

    def record(self, position: int) -> NoReturn:
        raise AssertionError(position)

    def text(self, commitment: str) -> NoReturn:
        raise AssertionError(commitment)

    def is_kept(self, commitment: str) -> NoReturn:
        raise AssertionError(commitment)

    def texts_about(self, subjects: tuple[str, ...]) -> NoReturn:
        raise AssertionError(subjects)


def _docket(world: World, patient: str, now: datetime) -> Docket:
    """The state at a moment, asked by nobody at the patient's site."""
    screened = world.patients[patient].screened
    nobody = Actor("", "", screened.site if screened else None, "")
    return Docket(world, Asked(nobody, ""), now, _NoArchive())

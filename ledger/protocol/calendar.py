"""A patient's own calendar: every dose of the day table, the infusions and the graft, on dates, and the follow-up.

All of it follows from day 0, planned at first and then as it was. Of the agents of one choice (the backbone) exactly
one is given (P10, A.3-18): until it is chosen all are listed, each with that condition. A dose that depends on the
donor's type is listed with its condition until the type is known, and then only for that type (P12, A.3-24). The table
rules, and not the 21 days that therapy is said to last (A.3-17).

An infusion stands on its planned day; its condition names the days that do not deviate. It gives its share of the
level's total, whatever the level is (P5, A.3-9). The graft is day 0 (P11).

The follow-up visits are those of the protocol document. They end with its years of follow-up (P14), in calendar months
from the actual day 0: the same day number, clamped to the end of the month.
"""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from ledger.errors import Unknown
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.dosing import PlannedInfusion
from ledger.protocol.eligibility import DonorType
from ledger.protocol.follow_up import Assessment, PlannedVisit
from ledger.protocol.terms import ProtocolDay
from ledger.protocol.treatment import ScheduledDose
from ledger.types import Amount, Day, Exact, Frozen, Line, Several, add_months

Kind = Literal["conditioning_1", "conditioning_2", "gvhd_prophylaxis", "infusion", "graft"]
VisitStatus = Literal["ahead", "due", "overdue", "done", "missed", "not_needed"]
GRAFT: Final = "graft"


class NoSuchAlternative(Unknown):
    """No choice of this protocol version has this agent (A.3-18)."""

    rule = "P10"


class ScheduledItem(Frozen):
    """What is planned for one date. `dose` is an exact number in `unit`; the graft has none."""

    kind: Kind
    what: Line
    day: ProtocolDay
    on: Day
    dose: Exact | Amount | None
    unit: Line | None
    condition: Line | None


Schedule: TypeAlias = tuple[ScheduledItem, ...]


class Moved(Frozen):
    """A planned item that is on another date now; no date where it is not in that schedule at all."""

    what: Line
    day: ProtocolDay
    from_on: Day | None
    to_on: Day | None


def schedule(
    document: ProtocolDocument,
    day_zero: date,
    *,
    donor_type: DonorType | None = None,
    backbone: str | None = None,
) -> Schedule:
    """All of it by date, for a donor's type and an agent chosen; none: not known yet.

    Raises `NoSuchAlternative` where no choice has the agent.
    """
    if backbone is not None and choice_of(document, backbone) is None:
        raise NoSuchAlternative("no agent of this name can be chosen")
    doses = [
        _dose(dose, day, day_zero, _condition(document, dose, donor_type, backbone))
        for dose in document.schedule
        if _applies(document, dose, donor_type, backbone)
        for day in dose.days
    ]
    infusions = [_infusion(infusion, day_zero) for infusion in document.infusions]
    graft = ScheduledItem(kind="graft", what=GRAFT, day=0, on=day_zero, dose=None, unit=None, condition=None)
    return tuple(sorted([*doses, *infusions, graft], key=lambda item: item.day))


def choice_of(document: ProtocolDocument, agent: str) -> str | None:
    """The choice of the day table of which an agent is one."""
    return next((dose.choice for dose in document.schedule if dose.agent == agent and dose.choice is not None), None)


def _applies(
    document: ProtocolDocument, dose: ScheduledDose, donor_type: DonorType | None, backbone: str | None
) -> bool:
    if dose.only_if_donor is not None and donor_type not in (None, dose.only_if_donor):
        return False
    decided = backbone is not None and dose.choice is not None and dose.choice == choice_of(document, backbone)
    return not decided or dose.agent == backbone


def _condition(
    document: ProtocolDocument, dose: ScheduledDose, donor_type: DonorType | None, backbone: str | None
) -> str | None:
    """What is still open about a dose that may apply."""
    undecided = dose.choice is not None and (backbone is None or dose.choice != choice_of(document, backbone))
    conditions = [f"exactly one {dose.choice} is given"] if undecided else []
    if dose.only_if_donor is not None and donor_type is None:
        conditions.append(f"only if the donor is {dose.only_if_donor}")
    return "; ".join(conditions) or None


def _dose(dose: ScheduledDose, day: int, day_zero: date, condition: str | None) -> ScheduledItem:
    return ScheduledItem(
        kind=dose.treatment,
        what=dose.agent,
        day=day,
        on=day_zero + timedelta(days=day),
        dose=dose.dose_per_day,
        unit=dose.unit,
        condition=condition,
    )


def _infusion(infusion: PlannedInfusion, day_zero: date) -> ScheduledItem:
    first, last = infusion.first_day, infusion.last_day
    return ScheduledItem(
        kind="infusion",
        what=f"infusion {infusion.ordinal}",
        day=infusion.planned_day,
        on=day_zero + timedelta(days=infusion.planned_day),
        dose=infusion.share,
        unit="of the level's total",
        condition=None if first == last else f"from day {first:+d} to day {last:+d}",
    )


def moved(before: Schedule, after: Schedule, *, today: date | None = None) -> tuple[Moved, ...]:
    """The items whose dates differ between two schedules of a patient, in the order of their days.

    With `today`, what was planned for an earlier day is left out: it was given, or missed, and moves no more.
    """
    old, new = ({(item.kind, item.what, item.day): item.on for item in items} for items in (before, after))
    changed = [key for key in sorted({*old, *new}, key=lambda key: (key[2], key)) if old.get(key) != new.get(key)]
    return tuple(
        Moved(what=what, day=day, from_on=old.get((kind, what, day)), to_on=new.get((kind, what, day)))
        for kind, what, day in changed
        if today is None or (kind, what, day) not in old or old[kind, what, day] >= today
    )


class Visit(Frozen):
    """A follow-up visit on its dates, and how it stands on a day."""

    day: ProtocolDay
    on: Day
    from_on: Day
    through_on: Day
    status: VisitStatus
    visited_on: Day | None
    assess: Several[Assessment]


def follow_up_ends_on(document: ProtocolDocument, day_zero: date) -> date:
    """The last day of the protocol's years of follow-up."""
    return add_months(day_zero, 12 * document.follow_up_years)


def follow_up(
    document: ProtocolDocument,
    day_zero: date,
    *,
    today: date,
    visited: Mapping[int, date] = MappingProxyType({}),
    missed: Collection[int] = (),
    ended_on: date | None = None,
) -> tuple[Visit, ...]:
    """The visits within the protocol's years of follow-up, from the actual day 0 (P14).

    `visited` names the visits that were made, and `missed` those reported as missed, by their protocol day. A visit
    whose window had not closed when the follow-up ended, by death, withdrawal or loss, is not needed.
    """
    last = follow_up_ends_on(document, day_zero)
    planned = [visit for visit in document.follow_up.visits if day_zero + timedelta(days=visit.day) <= last]
    return tuple(_visit(visit, day_zero, today, visited, missed, ended_on) for visit in planned)


def visit_days(visit: PlannedVisit, day_zero: date) -> tuple[date, date, date]:
    """The planned day of a visit, and the first and the last day that still keep it."""
    on, window = day_zero + timedelta(days=visit.day), timedelta(days=visit.window_days)
    return on, on - window, on + window


def _visit(
    visit: PlannedVisit,
    day_zero: date,
    today: date,
    visited: Mapping[int, date],
    missed: Collection[int],
    ended_on: date | None,
) -> Visit:
    on, from_on, through_on = visit_days(visit, day_zero)
    status = _status(from_on, through_on, today, ended_on)
    if visit.day in visited:
        status = "done"
    elif visit.day in missed:
        status = "missed"
    return Visit(
        day=visit.day,
        on=on,
        from_on=from_on,
        through_on=through_on,
        status=status,
        visited_on=visited.get(visit.day),
        assess=visit.assess,
    )


def _status(from_on: date, through_on: date, today: date, ended_on: date | None) -> VisitStatus:
    if ended_on is not None and ended_on <= through_on:
        return "not_needed"
    if today < from_on:
        return "ahead"
    return "due" if today <= through_on else "overdue"

"""A patient's own calendar: planned, then actual, and the follow-up visits on a day."""

from datetime import date, timedelta

from ledger.decisions import safety, transplant
from projections.schedule import PatientSchedule, PlannedItem, patient_schedule
from tests.bench import INVESTIGATOR, Bench, nct07256210, opened_trial
from tests.patients import infuse, place, screen


def schedule(bench: Bench, on: date | None = None) -> PatientSchedule:
    return patient_schedule(bench.world, nct07256210(), "001", on or bench.now.date())


def item(shown: PatientSchedule, what: str) -> PlannedItem:
    return next(each for each in shown.items if each.what == what)


def infused_once() -> tuple[Bench, date]:
    """The first infusion today, the graft planned in twelve days; the planned day 0."""
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    infuse(bench, "001", 1)
    return bench, bench.now.date() + timedelta(days=12)


def grafted(late_days: int = 0) -> tuple[Bench, date]:
    bench, planned_on = infused_once()
    bench.pass_days(12 + late_days)
    bench.ask(transplant.RecordTransplant(patient="001", donor="D-001", performed_at=bench.now), INVESTIGATOR)
    return bench, planned_on + timedelta(days=late_days)


def test_before_the_enrolment_nothing_is_planned() -> None:
    bench = opened_trial()
    screen(bench, "001")
    shown = schedule(bench)
    assert (shown.day_zero_on, shown.items, shown.visits) == (None, (), ())


def test_the_plan_follows_from_the_planned_day_zero() -> None:
    bench, planned_on = infused_once()
    shown = schedule(bench)
    assert (shown.day_zero_on, shown.day_zero_is_actual) == (planned_on, False)
    assert (item(shown, "infusion 1").done_on, item(shown, "infusion 1").done_as) == (bench.now.date(), "given")
    second = item(shown, "infusion 2")
    assert (second.on, second.condition) == (planned_on + timedelta(days=5), "from day +3 to day +7")
    assert (second.done_on, second.done_as) == (None, None)
    assert shown.visits == ()


def test_a_later_graft_moves_what_is_still_to_come() -> None:
    bench, day_zero = grafted(late_days=3)
    shown = schedule(bench)
    assert (shown.day_zero_on, shown.day_zero_is_actual) == (day_zero, True)
    assert item(shown, "graft").done_on == day_zero
    moved = {each.what: (each.from_on, each.to_on) for each in shown.moved}
    assert moved["infusion 2"] == (day_zero + timedelta(days=2), day_zero + timedelta(days=5))
    assert "infusion 1" not in moved


def test_a_graft_on_its_day_moves_nothing() -> None:
    assert schedule(grafted()[0]).moved == ()


def test_visits_are_ahead_then_due_then_overdue() -> None:
    bench, day_zero = grafted()
    first = {days: schedule(bench, day_zero + timedelta(days=days)).visits[0].status for days in (24, 25, 31, 32)}
    assert first == {24: "ahead", 25: "due", 31: "due", 32: "overdue"}


def test_no_visit_is_needed_after_a_death() -> None:
    bench, day_zero = grafted()
    bench.pass_days(40)
    bench.ask(safety.RecordDeath(patient="001", cause="relapse", died_on=bench.now.date()), INVESTIGATOR)
    shown = schedule(bench, day_zero + timedelta(days=400))
    assert shown.follow_up_ended_on == day_zero + timedelta(days=40)
    assert [each.status for each in shown.visits] == ["overdue", *["not_needed"] * 6]


def test_a_follow_up_that_was_completed_has_ended() -> None:
    bench, day_zero = grafted()
    bench.pass_days(731)
    left = safety.RecordOffStudy(patient="001", cause="completed", off_on=bench.now.date())
    bench.ask(left, INVESTIGATOR)
    assert schedule(bench).follow_up_ended_on == day_zero + timedelta(days=731)

"""What was given is a fact, whatever it broke: stored, counted, flagged, and held where it had no permission."""

from datetime import timedelta
from fractions import Fraction

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import enrolment, given, holds, safety, screening, transplant
from ledger.designs.base import Escalate, Treat
from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.patient.review import QueryRaised
from ledger.trial.dosing import HoldApplied
from ledger.types import exact
from tests import patients as p
from tests.bench import COMMITTEE, Bench
from tests.spec.story import (
    deviations,
    has,
    member,
    named,
    only,
    patient,
    replayed,
    says,
    told,
    trial,
    window,
)
from tests.spec.story import (
    holds as holds_in_force,
)


def start(
    bench: Bench, number: str = "001", ordinal: int = 1, level: int = 1, **said: object
) -> given.RecordInfusionStart:
    content = {"product": f"NK-{number}", "started_at": bench.now, **said}
    return given.RecordInfusionStart.model_validate({"patient": number, "ordinal": ordinal, "level": level, **content})


def end(
    bench: Bench, number: str = "001", ordinal: int = 1, cells: int = 133_333_333, **said: object
) -> given.RecordInfusion:
    content = {"product": f"NK-{number}", "ended_at": bench.now, "weight_kg": "20", "cells": cells, **said}
    return given.RecordInfusion.model_validate({"patient": number, "ordinal": ordinal, **content})


def test_an_infusion_as_authorised_breaks_nothing_and_opens_the_window() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    events = p.infuse(bench, "001", 1)
    assert deviations(events) == set()
    assert has(c.DltWindowOpened, events)
    assert holds_in_force(bench) == []


def test_what_was_given_is_stored_exactly_and_as_percent_of_the_plan() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(start(bench))
    done = only(i.InfusionCompleted, bench.ask(end(bench, cells=100_000_000)))
    assert exact(done.cells_per_kg) == 5_000_000
    assert exact(done.percent_of_plan) == 75


def test_a_dose_without_permission_is_stored_flagged_and_held() -> None:
    bench = told("1A")
    events = bench.ask(start(bench))
    assert named(no.NotAuthorised) == deviations(events)
    hold = only(HoldApplied, events)
    assert (hold.scope, hold.level, hold.cause, hold.patient) == ("level", 1, "dose-without-permission", "001")
    assert patient(bench, "001").dosed
    assert member(bench, "001").window is not None


@pytest.mark.parametrize(("product", "hours"), [("NK-999", 0), ("NK-001", 25), ("NK-001", -1)])
def test_an_authorisation_covers_its_product_and_its_day_and_nothing_before_it(product: str, hours: int) -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    at = bench.now + timedelta(hours=hours)
    bench.now = max(bench.now, at)
    events = bench.ask(start(bench, started_at=at, product=product))
    assert no.NotAuthorised.__name__ in deviations(events)
    assert has(HoldApplied, events)


def test_another_level_than_the_assigned_one_is_flagged() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    assert deviations(bench.ask(start(bench, level=2))) == named(no.NotAuthorised, no.WrongLevel)
    assert patient(bench, "001").level == 1


def test_the_actual_graft_moves_the_day_of_the_second_infusion() -> None:
    """P11."""
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(15)
    bench.ask(transplant.RecordTransplant(patient="001", performed_at=bench.now))
    for days, broken in ((2, named(no.OutsideInfusionDay)), (5, set())):
        again = bench.copy()
        again.pass_days(days)
        p.authorise(again, "001", 2)
        assert deviations(again.ask(start(again, ordinal=2))) == broken


def test_a_dose_given_under_a_hold_is_flagged_although_it_was_authorised_before() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(holds.ApplyHold(scope="level", level=1, cause="safety-concern"))
    bench.now += timedelta(hours=1)
    events = bench.ask(start(bench))
    assert deviations(events) == named(no.LevelHeld)
    assert only(HoldApplied, events).cause == "dose-without-permission"


def test_a_hold_set_after_the_dose_does_not_make_it_a_deviation() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    began = bench.now
    bench.now += timedelta(hours=1)
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"))
    assert deviations(bench.ask(start(bench, started_at=began))) == set()


def test_a_dose_given_after_a_candidate_dlt_is_flagged_and_held() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(17)
    p.authorise(bench, "001", 2)
    p.reaction(bench, "001")
    bench.now += timedelta(hours=1)
    events = bench.ask(start(bench, ordinal=2))
    assert no.PatientHasDlt.__name__ in deviations(events)
    assert has(HoldApplied, events)


def test_a_dose_after_consent_was_withdrawn_is_flagged_and_one_before_is_not() -> None:
    bench = told("1AA")
    p.authorise(bench, "001", 1)
    began = bench.now
    bench.now += timedelta(hours=1)
    bench.ask(screening.WithdrawConsent(patient="001", scope="treatment"))
    before = bench.copy()
    assert deviations(before.ask(start(before, started_at=began))) == set()
    bench.now += timedelta(hours=1)
    assert deviations(bench.ask(start(bench))) == named(no.ConsentNotValid)


def test_over_enrolment_by_dosing_without_assignment_counts_the_child_at_the_level_that_was_given() -> None:
    bench = told("1PPP")
    p.screen(bench, "004")
    p.prepare_lot(bench, "004")
    events = bench.ask(start(bench, "004"))
    assert named(no.NotAuthorised, no.NotAssigned) == deviations(events)
    assert only(c.SlotAssigned, events).patient == "004"
    assert bench.world.cohort(1).pending == 4
    assert bench.world.cohort(1).free_slots(bench.now.date(), "I") == -1


def test_a_child_dosed_at_a_level_that_is_not_open_brings_no_level_into_use() -> None:
    bench = told("1NNN")
    p.screen(bench, "004")
    events = bench.ask(start(bench, "004", level=3))
    assert only(e.DoseLevelAssigned, events).level == 3
    assert only(HoldApplied, events).level == 3
    assert says(bench) == Escalate(2)
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("reviewed")), COMMITTEE)
    with bench.refuses(no.OutcomeNotPermitted):
        propose_escalation_to(bench, 3)


def propose_escalation_to(bench: Bench, level: int) -> None:
    p.decide(bench, "escalate", level, override=bench.seal("somebody was dosed there"))


def test_what_happened_at_a_level_by_mistake_counts_once_it_is_opened() -> None:
    bench = told("1NNN")
    p.screen(bench, "004")
    bench.ask(start(bench, "004", level=2))
    bench.pass_days(1)
    p.rule(bench, "004", p.reaction(bench, "004"))
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("reviewed")), COMMITTEE)
    assert says(bench) == Escalate(2)
    p.decide(bench, "escalate", 2)
    assert says(bench) == Treat(2, 3)
    assert bench.world.cohort(2).dlts == 1


def test_two_dlts_by_mistake_exceed_a_level_that_was_never_opened() -> None:
    bench = told("1NNN")
    for number in ("004", "005"):
        p.screen(bench, number)
        bench.ask(start(bench, number, level=2))
        p.rule(bench, number, p.reaction(bench, number))
    assert bench.world.cohort(2).exceeded
    assert says(bench) == Treat(1, 6)


def test_the_end_alone_says_what_was_given_and_is_judged_as_the_start_is() -> None:
    bench = told("1A")
    events = bench.ask(end(bench))
    assert deviations(events) == named(no.NotAuthorised)
    assert has(HoldApplied, events)
    assert window(bench, "001").from_on == bench.now.date()


@pytest.mark.parametrize(("per_kg", "level"), [(3, 0), (6, 1), (7, 1), (13, 2), (20, 3), (60, 3)])
def test_a_child_of_whom_only_the_cells_are_known_has_the_level_that_they_stand_for(per_kg: int, level: int) -> None:
    bench = trial()
    p.screen(bench, "001")
    events = bench.ask(end(bench, cells=per_kg * 20_000_000))
    assert only(e.DoseLevelAssigned, events).level == level
    assert only(HoldApplied, events).level == level


def test_above_110_percent_is_an_overdose_and_exactly_there_is_not() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(start(bench))
    plan = Fraction(400_000_000, 3)
    assert deviations(bench.copy().ask(end(bench, cells=int(plan * 110 / 100)))) == set()
    assert deviations(bench.ask(end(bench, cells=int(plan * 110 / 100) + 1))) == named(no.Overdose)


def test_the_same_report_again_changes_nothing_also_under_another_offset() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(start(bench))
    from_moscow = start(bench, started_at=bench.now.isoformat().replace("08:00:00+00:00", "11:00:00+03:00"))
    assert bench.ask(from_moscow) == ()


def test_an_infusion_reported_twice_with_other_cells_is_stored_queried_and_changes_nothing() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(start(bench))
    bench.ask(end(bench))
    first = bench.world.size - 1
    events = bench.ask(end(bench, cells=66_000_000))
    assert [type(event) for event in events] == [i.InfusionCompleted, QueryRaised]
    assert bench.records[-2].conflicts_with == first
    assert only(QueryRaised, events).about == first
    stands = patient(bench, "001").infusions[1].completed
    assert stands is not None
    assert stands.cells == 133_333_333


def test_an_end_before_the_start_contradicts_the_record() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(start(bench))
    position = patient_position(bench, i.InfusionStarted)
    events = bench.ask(end(bench, ended_at=bench.now - timedelta(hours=1)))
    assert bench.records[-2].conflicts_with == position
    assert has(QueryRaised, events)
    assert patient(bench, "001").infusions[1].completed is None


def test_a_start_after_the_end_contradicts_the_record() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(end(bench))
    bench.now += timedelta(hours=2)
    assert has(QueryRaised, bench.ask(start(bench)))
    assert patient(bench, "001").infusions[1].started is None


def patient_position(bench: Bench, kind: type[i.InfusionStarted]) -> int:
    return next(record.position for record in bench.records if isinstance(record.event, kind))


def test_an_omission_of_what_was_given_contradicts_the_record() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    events = bench.ask(given.OmitInfusion(patient="001", ordinal=1, cause="hold"))
    assert has(QueryRaised, events)
    assert patient(bench, "001").infusions[1].omitted is None


def test_an_infusion_reported_as_given_after_its_omission_counts_and_raises_a_query() -> None:
    bench = told("1A")
    bench.ask(given.OmitInfusion(patient="001", ordinal=1, cause="hold"))
    events = bench.ask(start(bench))
    assert has(QueryRaised, events)
    assert has(c.DltWindowOpened, events)


def test_a_report_that_cannot_be_read_is_refused() -> None:
    bench = told("1A")
    with bench.refuses(no.FindingsContradict):
        bench.ask(end(bench, weight_kg="0"))
    with bench.refuses(no.NotInProtocol):
        bench.ask(start(bench, ordinal=3))
    with bench.refuses(no.NotInProtocol):
        bench.ask(start(bench, level=4))
    with bench.refuses(no.NotInProtocol):
        bench.ask(given.OmitInfusion(patient="001", ordinal=3, cause="other"))
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(start(bench, started_at=bench.now + timedelta(hours=1)))
    with bench.refuses(no.NoSuchPatient):
        bench.ask(start(bench, "404"))


def test_five_minutes_between_two_clocks_are_no_future() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(start(bench, started_at=bench.now + timedelta(minutes=5)))


def test_no_hold_or_withdrawal_ever_blocks_a_report() -> None:
    bench = told("1PA")
    bench.ask(holds.ApplyHold(scope="trial", cause="safety-concern"))
    bench.ask(screening.WithdrawConsent(patient="001", scope="all-participation"))
    bench.ask(transplant.RecordTransplant(patient="001", performed_at=bench.now))
    bench.ask(safety.RecordOffStudy(patient="001", cause="withdrawal", off_on=bench.now.date()))
    bench.ask(start(bench, "002"))
    bench.ask(end(bench, "002"))
    assert replayed(bench) == bench.world


@pytest.mark.parametrize(("outcomes", "advised"), [("1PPP", Escalate(2)), ("1TPP", Treat(1, 6))])
def test_everyone_evaluable_counts_in_an_over_enrolled_level(outcomes: str, advised: Escalate | Treat) -> None:
    bench = fourth_child(outcomes)
    bench.pass_days(17)
    p.infuse(bench, "004", 2)
    for number in ("001", "002", "003", "004"):
        if member(bench, number).dlt is None:
            p.close_window(bench, number)
    assert bench.world.cohort(1).evaluable == 4
    assert says(bench) == advised


def test_a_second_dlt_in_an_over_enrolled_level_exceeds_it() -> None:
    bench = fourth_child("1TPP")
    p.rule(bench, "004", p.reaction(bench, "004"))
    assert bench.world.cohort(1).exceeded


def fourth_child(outcomes: str) -> Bench:
    """A fourth child was dosed at level 1 without assignment, and the hold that it set was lifted."""
    bench = told(outcomes)
    p.screen(bench, "004")
    bench.ask(start(bench, "004"))
    bench.ask(end(bench, "004"))
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("reviewed")), COMMITTEE)
    return bench


def test_nobody_joins_while_a_fourth_child_is_observed() -> None:
    bench = fourth_child("1PPP")
    p.screen(bench, "005")
    with bench.refuses(no.LevelNotAdvised):
        bench.ask(enrolment.ReserveSlot(patient="005", level=1))

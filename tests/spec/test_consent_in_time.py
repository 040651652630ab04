"""Consent through time: new forms, a minor's no, and what a withdrawal ends and what it leaves."""

from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from ledger import refusals as no
from ledger.cohort.events import ReservationReleased
from ledger.decisions import dlt, enrolment, infusion, safety, screening, transplant
from ledger.decisions.consent import RecordDissent, RequireReconsent, consent_valid, follow_up_agreed
from ledger.decisions.given import RecordInfusionStart
from ledger.patient import agreement as a
from ledger.patient import events as e
from tests import outcomes as o
from tests import patients as p
from tests.bench import INVESTIGATOR, NURSE, PI, SITE, SPONSOR, Bench, person
from tests.spec.story import deviations, has, named, only, patient, told, trial, window

BOTH = ("patient", "representative")


def require(bench: Bench, days: int = 10, form: str = "3.0", capacities: tuple[str, ...] = BOTH) -> Any:
    due_on = bench.now.date() + timedelta(days=days)
    content = {"form_version": form, "capacities": capacities, "due_on": due_on}
    return bench.ask(RequireReconsent.model_validate(content), SPONSOR)


def sign(bench: Bench, capacity: e.Capacity = "representative", form: str = "3.0") -> None:
    bench.ask(
        screening.RecordConsent(
            patient="001",
            form_version=form,
            capacity=capacity,
            signed_at=bench.now,
            obtained_by="maria",
            copy_given=True,
        )
    )


def reserve(bench: Bench) -> Any:
    return bench.ask(enrolment.ReserveSlot(patient="001", level=1))


def screened(born: str = "2016-03") -> Bench:
    bench = trial()
    p.screen(bench, "001", born)
    return bench


def test_a_new_form_is_asked_of_everyone_who_takes_part_and_has_signed() -> None:
    bench = screened()
    for number in ("002", "003"):
        p.screen(bench, number)
    bench.ask(screening.ScreenPatient(number="004", site=SITE, birth_year_month="2016-03", sex="female"))
    bench.ask(screening.FailScreening(patient="003", criteria=("I6",)))
    require(bench)
    asked = {record.patient for record in bench.records if isinstance(record.event, a.ReconsentRequired)}
    assert asked == {"001", "002"}


@pytest.mark.parametrize(("days", "valid"), [(9, True), (10, True), (11, False)])
def test_a_form_that_is_not_signed_by_its_day_refuses_what_is_new_from_the_next_day(days: int, valid: bool) -> None:
    bench = screened()
    require(bench)
    bench.pass_days(days)
    if valid:
        reserve(bench)
        return
    with bench.refuses(no.ConsentNotValid):
        reserve(bench)
    sign(bench)
    reserve(bench)


def test_a_form_that_was_signed_before_it_was_asked_for_is_signed() -> None:
    bench = screened()
    sign(bench)
    require(bench, days=-5)
    reserve(bench)


def test_a_later_form_stands_for_an_earlier_one_and_not_the_other_way_round() -> None:
    bench = screened()
    require(bench, days=1)
    require(bench, days=3, form="4.0")
    sign(bench, form="3.0")
    bench.pass_days(2)
    reserve(bench)
    bench.pass_days(2)
    assert not consent_valid(patient(bench, "001"), bench.docket().protocol(), bench.now.date())
    sign(bench, form="4.0")
    assert consent_valid(patient(bench, "001"), bench.docket().protocol(), bench.now.date())


def test_a_form_for_others_than_those_who_sign_at_this_age_is_not_waited_for() -> None:
    bench = screened()
    require(bench, days=1, capacities=("patient",))
    bench.pass_days(5)
    reserve(bench)


def test_where_both_sign_both_sign_again() -> None:
    bench = screened("2011-01")
    require(bench, days=1)
    bench.pass_days(2)
    for capacity in get_args(e.Capacity):
        with bench.refuses(no.ConsentNotValid):
            reserve(bench)
        sign(bench, capacity)
    reserve(bench)


def test_another_day_for_the_same_form_is_newer_and_the_same_day_is_known() -> None:
    bench = screened()
    require(bench, days=1)
    assert require(bench, days=1) == ()
    assert has(a.ReconsentRequired, require(bench, days=8))
    bench.pass_days(5)
    reserve(bench)


def test_a_principal_investigator_asks_the_patients_of_the_own_site() -> None:
    bench = screened()
    command = RequireReconsent(form_version="3.0", capacities=("representative",), due_on=bench.now.date())
    with bench.refuses(no.NotDelegated):
        bench.ask(command, INVESTIGATOR)
    with bench.refuses(no.NotDelegated):
        bench.ask(command, person("maria", "principal_investigator", "ELSEWHERE"))
    assert only(a.ReconsentRequired, bench.ask(command, PI)).form_version == "3.0"


def test_where_nobody_has_signed_nobody_signs_again() -> None:
    with (bench := trial()).refuses(no.NobodyConcerned):
        require(bench)


def test_an_overdue_form_holds_up_no_safety_report_and_no_treatment_that_runs() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    require(bench, days=1)
    bench.pass_days(12)
    with bench.refuses(no.ConsentNotValid):
        bench.ask(infusion.PlanDose(patient="001", ordinal=2, weight_kg="20", weighed_on=bench.now.date()))
    assert p.reaction(bench, "001", grade=2) in patient(bench, "001").adverse_events
    graft = transplant.RecordTransplant(patient="001", performed_at=bench.now, donor="D-001")
    assert deviations(bench.ask(graft, NURSE)) == set()
    bench.pass_days(5)
    assert "ConsentNotValid" in deviations(p.infuse(bench, "001", 2))


def test_a_minors_no_stands_against_a_representatives_yes_until_the_minor_agrees() -> None:
    bench = screened()
    bench.ask(RecordDissent(patient="001", said_at=bench.now), NURSE)
    with bench.refuses(no.MinorDissents):
        reserve(bench)
    bench.now += timedelta(hours=1)
    sign(bench)
    with bench.refuses(no.MinorDissents):
        reserve(bench)
    bench.ask(screening.RecordAssent(patient="001", form_version="child-1.1", signed_at=bench.now))
    reserve(bench)


def test_an_own_consent_answers_an_earlier_no() -> None:
    bench = screened("2011-01")
    bench.ask(RecordDissent(patient="001", said_at=bench.now, account=bench.seal("not another line")), NURSE)
    bench.now += timedelta(hours=1)
    sign(bench, "patient")
    reserve(bench)


def test_an_assent_before_the_no_does_not_answer_it() -> None:
    bench = screened()
    bench.ask(screening.RecordAssent(patient="001", form_version="child-1.1", signed_at=bench.now))
    bench.now += timedelta(hours=1)
    bench.ask(RecordDissent(patient="001", said_at=bench.now), NURSE)
    with bench.refuses(no.MinorDissents):
        reserve(bench)


def test_of_an_adult_a_dissent_changes_nothing() -> None:
    bench = screened("2005-01")
    bench.ask(RecordDissent(patient="001", said_at=bench.now), NURSE)
    reserve(bench)


def test_an_infusion_against_a_minors_no_is_a_deviation() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(RecordDissent(patient="001", said_at=bench.now), NURSE)
    bench.now += timedelta(minutes=5)
    assert deviations(p.infuse(bench, "001", 1)) == named(no.MinorDissents)


def infused() -> Bench:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(2)
    return bench


def withdraw(bench: Bench, scope: str) -> Any:
    return bench.ask(screening.WithdrawConsent.model_validate({"patient": "001", "scope": scope}))


def measure(bench: Bench) -> set[str]:
    size = bench.world.size
    p.find(bench, "001", lvef_percent="61")
    return deviations(record.event for record in bench.records[size:])


@pytest.mark.parametrize("scope", ["treatment", "all-participation"])
def test_either_withdrawal_ends_new_treatment_and_gives_a_kept_slot_back(scope: str) -> None:
    bench = screened()
    reserve(bench)
    assert only(ReservationReleased, withdraw(bench, scope)).cause == "withdrawn"
    with bench.refuses(no.ConsentNotValid):
        reserve(bench)


def test_a_withdrawal_from_treatment_leaves_the_follow_up_as_it_was() -> None:
    bench = infused()
    withdraw(bench, "treatment")
    protocol, today = bench.docket().protocol(), bench.now.date()
    assert not consent_valid(patient(bench, "001"), protocol, today)
    assert follow_up_agreed(patient(bench, "001"), protocol, today)
    bench.now += timedelta(hours=1)
    assert measure(bench) == set()
    with bench.refuses(no.ConsentNotValid):
        bench.ask(infusion.PlanDose(patient="001", ordinal=2, weight_kg="20", weighed_on=today))
    closing = dlt.CloseDltWindow(patient="001", assessments_done_count=3, early_end="withdrawal")
    with bench.refuses(no.EarlyEndNotOnRecord):
        bench.ask(closing, INVESTIGATOR)
    assert window(bench, "001").running


def test_a_withdrawal_from_everything_ends_all_but_what_is_kept() -> None:
    """Findings for the trial deviate from then on; safety, treatment and the end of the window are recorded."""
    bench = infused()
    before = bench.now
    withdraw(bench, "all-participation")
    protocol = bench.docket().protocol()
    assert not follow_up_agreed(patient(bench, "001"), protocol, bench.now.date())
    bench.now += timedelta(hours=1)
    assert measure(bench) == named(no.ParticipationEnded)
    late = bench.ask(p.ready(bench, "001", 2), INVESTIGATOR)
    assert deviations(late) == named(no.ParticipationEnded)
    earlier = bench.ask(p.ready(bench, "001", 2, assessed_at=before, oxygen_assessed_at=before), INVESTIGATOR)
    assert deviations(earlier) == set()
    assert p.reaction(bench, "001", grade=1) in patient(bench, "001").adverse_events
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"), NURSE)
    closing = dlt.CloseDltWindow(patient="001", assessments_done_count=3, early_end="withdrawal")
    bench.ask(closing, INVESTIGATOR, on_paper=True)


@pytest.mark.parametrize("scopes", [("treatment", "all-participation"), ("all-participation", "treatment")])
def test_a_wider_withdrawal_is_not_narrowed(scopes: tuple[str, ...]) -> None:
    bench = screened()
    for scope in scopes:
        withdraw(bench, scope)
    assert patient(bench, "001").withdrawn == "all-participation"


def test_a_dose_before_the_withdrawal_was_given_with_consent() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    started = bench.now
    bench.now += timedelta(hours=3)
    withdraw(bench, "treatment")
    events = bench.ask(infusion_start(started))
    assert "ConsentNotValid" not in deviations(events)


def infusion_start(at: datetime) -> Any:
    return RecordInfusionStart(patient="001", ordinal=1, product="NK-001", level=1, started_at=at)


@pytest.mark.parametrize(("scope", "days"), [("treatment", 1), ("all-participation", 0)])
def test_a_visit_is_made_up_to_the_day_of_the_withdrawal(scope: str, days: int) -> None:
    bench = infused()
    withdraw(bench, scope)
    bench.pass_days(days)
    assert deviations(o.visit(bench, None, bench.now.date())) == set()


def test_a_visit_after_a_withdrawal_from_everything_is_a_deviation() -> None:
    bench = infused()
    withdraw(bench, "all-participation")
    bench.pass_days(1)
    assert deviations(o.visit(bench, None, bench.now.date())) == named(no.ParticipationEnded)

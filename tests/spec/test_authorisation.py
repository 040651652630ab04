"""No infusion is authorised unless every condition of domain G.4-4 holds at that moment."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.decisions import enrolment, given, holds, infusion, products_release, safety, screening
from ledger.errors import LedgerError
from ledger.patient.infusions import IdentityVerified, InfusionAuthorised
from ledger.record import Actor
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, QA, SPONSOR, Bench
from tests.spec.story import deviations, go_on, named, only, patient, told, trial
from tests.spec.story import holds as holds_in_force


def weighed(bench: Bench, number: str = "001", ordinal: int = 1, weight_kg: str = "20") -> None:
    plan = infusion.PlanDose(patient=number, ordinal=ordinal, weight_kg=weight_kg, weighed_on=bench.now.date())
    bench.ask(plan)


def prepared(bench: Bench, number: str = "001", ordinal: int = 1) -> infusion.AuthoriseInfusion:
    """Weighed and ready, now, with a lot that is fit; the authorisation as it would be asked for."""
    p.prepare_lot(bench, number)
    weighed(bench, number, ordinal)
    bench.ask(p.ready(bench, number, ordinal), INVESTIGATOR)
    return request(number, ordinal, patient(bench, number).doses[ordinal].cells, p.order(bench, number, ordinal))


def refused(
    bench: Bench, refusal: type[LedgerError], number: str = "001", ordinal: int = 1, who: Actor = INVESTIGATOR
) -> None:
    """Weighed and ready, and yet not authorised."""
    command = prepared(bench, number, ordinal)
    with bench.refuses(refusal):
        bench.ask(command, who)


def request(
    number: str = "001", ordinal: int = 1, cells: str = "0", volume_ml: str | None = None
) -> infusion.AuthoriseInfusion:
    return infusion.AuthoriseInfusion(
        patient=number,
        ordinal=ordinal,
        product=f"NK-{number}",
        cells_by_second_calculation=cells,
        volume_ml_by_second_calculation=volume_ml,
        chain_of_identity=f"COI-{number}",
        checkers=("boris", "nina"),
    )


def test_an_authorisation_names_product_level_and_cells_and_holds_for_a_day() -> None:
    bench = told("1A")
    events = bench.ask(prepared(bench), INVESTIGATOR)
    assert only(IdentityVerified, events).checkers == ("boris", "nina")
    authorised = only(InfusionAuthorised, events)
    assert (authorised.level, authorised.product, authorised.max_cells) == (1, "NK-001", "400000000/3")
    assert authorised.valid_until == bench.now + timedelta(hours=24)


def test_an_authorisation_asked_for_later_is_another_one_with_all_its_conditions() -> None:
    bench = told("1A")
    command = prepared(bench)
    bench.ask(command, INVESTIGATOR)
    bench.now += timedelta(hours=1)
    assert only(InfusionAuthorised, bench.ask(command, INVESTIGATOR)).valid_until == bench.now + timedelta(hours=24)


@pytest.mark.parametrize("who", [NURSE, SPONSOR, COMMITTEE])
def test_an_investigator_authorises(who: Actor) -> None:
    bench = told("1A")
    refused(bench, no.NotDelegated, who=who)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"checkers": ("boris",)}, no.CheckersNotDistinct),
        ({"checkers": ("boris", "boris")}, no.CheckersNotDistinct),
        ({"chain_of_identity": "COI-002"}, no.IdentityDoesNotMatch),
        ({"product": "NK-404"}, no.ProductUnknown),
        ({"cells_by_second_calculation": "133333334"}, no.DoseAbovePlan),
        ({"ordinal": 3}, no.NotInProtocol),
        ({"patient": "404"}, no.NoSuchPatient),
    ],
)
def test_what_does_not_fit_is_not_authorised(changes: dict[str, object], refusal: type[LedgerError]) -> None:
    bench = told("1A")
    command = prepared(bench).model_copy(update=changes)
    with bench.refuses(refusal):
        bench.ask(command, INVESTIGATOR)


def quarantine(bench: Bench) -> None:
    said = products_release.SetDisposition(lot="NK-001", disposition="quarantined", reason=bench.seal("a label"))
    bench.ask(said, QA)


def test_the_product_is_released_when_the_infusion_is_authorised() -> None:
    bench = told("1A")
    command = prepared(bench)
    quarantine(bench)
    with bench.refuses(no.ProductNotReleased):
        bench.ask(command, INVESTIGATOR)


def test_the_product_was_released_when_an_authorisation_on_paper_was_given() -> None:
    bench = told("1A")
    bench.twice = False
    quarantine(bench)
    then = bench.now
    command = prepared(bench)
    bench.pass_days(2)
    released = {"lot": "NK-001", "disposition": "conditional", "reason": bench.seal("the label was right")}
    bench.ask(products_release.SetDisposition.model_validate(released), QA)
    events = bench.ask(command, INVESTIGATOR, on_paper=True, occurred_at=then)
    assert deviations(events) == named(no.ProductNotReleased)


def test_consent_is_valid_on_the_day() -> None:
    bench = told("1A")
    command = prepared(bench)
    bench.ask(screening.WithdrawConsent(patient="001", scope="treatment"))
    with bench.refuses(no.ConsentNotValid):
        bench.ask(command, INVESTIGATOR)


@pytest.mark.parametrize(
    ("scope", "level", "refusal"),
    [("trial", None, no.TrialHeld), ("level", 1, no.LevelHeld), ("level", 0, no.LevelHeld)],
)
def test_a_hold_reaches_both_infusions(scope: str, level: int | None, refusal: type[LedgerError]) -> None:
    bench = told("1A")
    first = prepared(bench)
    held = holds.ApplyHold.model_validate({"scope": scope, "level": level, "cause": "safety-concern"})
    before = bench.copy()
    before.ask(held)
    with before.refuses(refusal):
        before.ask(first, INVESTIGATOR)
    bench.ask(first, INVESTIGATOR)
    p.infuse(bench, "001", 1)
    bench.pass_days(17)
    second = prepared(bench, ordinal=2)
    bench.ask(held)
    with bench.refuses(refusal):
        bench.ask(second, INVESTIGATOR)


def test_a_hold_above_does_not_reach_down() -> None:
    bench = told("1A")
    bench.ask(holds.ApplyHold(scope="level", level=2, cause="safety-concern"))
    bench.ask(prepared(bench), INVESTIGATOR)


def test_a_patient_without_a_level_gets_no_cells() -> None:
    bench = told("1A")
    command = prepared(bench)
    bench.ask(enrolment.CancelAssignment(patient="001", cause="mistake"))
    with bench.refuses(no.NotAssigned):
        bench.ask(command, INVESTIGATOR)


def test_a_dose_is_planned_before_it_is_authorised() -> None:
    bench = told("1A")
    bench.ask(p.ready(bench, "001", 1), INVESTIGATOR)
    with bench.refuses(no.DoseNotPlanned):
        bench.ask(request(cells="400000000/3"), INVESTIGATOR)


def test_a_dose_planned_for_another_level_is_not_authorised() -> None:
    bench = told("1NNN 2TAT")
    weighed(bench, "005")
    p.decide(bench, "expand", 1)
    bench.ask(enrolment.ReassignDoseLevel(patient="005", level=1))
    bench.ask(p.ready(bench, "005", 1), INVESTIGATOR)
    with bench.refuses(no.DoseNotPlanned):
        bench.ask(request("005", cells="800000000/3"), INVESTIGATOR)
    bench.ask(prepared(bench, "005"), INVESTIGATOR)


def test_the_weight_is_of_the_last_seven_days() -> None:
    bench = told("1A")
    weighed(bench)
    bench.pass_days(8)
    bench.ask(p.ready(bench, "001", 1), INVESTIGATOR)
    with bench.refuses(no.WeightTooOld):
        bench.ask(request(cells="400000000/3"), INVESTIGATOR)


def test_readiness_is_on_record_and_met() -> None:
    bench = told("1A")
    weighed(bench)
    command = request(cells="400000000/3")
    with bench.refuses(no.ReadinessNotMet):
        bench.ask(command, INVESTIGATOR)
    bench.ask(p.ready(bench, "001", 1, oxygen_l_per_min="5.5"), INVESTIGATOR)
    with bench.refuses(no.ReadinessNotMet):
        bench.ask(command, INVESTIGATOR)


def test_a_reaction_reported_after_the_assessment_still_bars_the_second_infusion() -> None:
    bench = told("1A")
    bench.ask(prepared(bench), INVESTIGATOR)
    p.infuse(bench, "001", 1)
    bench.pass_days(17)
    command = prepared(bench, ordinal=2)
    report = safety.ReportAdverseEvent(
        patient="001", term="Hepatitis", ctcae_grade=3, serious=False, onset_at=bench.now
    )
    bench.ask(report, INVESTIGATOR)
    with bench.refuses(no.ReadinessNotMet):
        bench.ask(command, INVESTIGATOR)


def test_the_second_infusion_follows_the_first() -> None:
    bench = told("1A")
    bench.pass_days(12)
    refused(bench, no.EarlierInfusionNotGiven, ordinal=2)
    bench.ask(given.OmitInfusion(patient="001", ordinal=1, cause="manufacturing-failure"))
    refused(bench, no.EarlierInfusionNotGiven, ordinal=2)


def test_an_infusion_that_was_given_or_omitted_is_not_authorised_again() -> None:
    bench = told("1A")
    command = prepared(bench)
    bench.ask(command, INVESTIGATOR)
    p.infuse(bench, "001", 1)
    with bench.refuses(no.InfusionAlreadyGiven):
        bench.ask(command, INVESTIGATOR)
    bench.pass_days(17)
    bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="hold"))
    refused(bench, no.InfusionAlreadyGiven, ordinal=2)


def test_no_further_cells_after_a_candidate_dlt_until_it_is_ruled_and_never_after_a_dlt() -> None:
    bench = told("1A")
    bench.ask(prepared(bench), INVESTIGATOR)
    p.infuse(bench, "001", 1)
    bench.pass_days(2)
    event = p.reaction(bench, "001")
    bench.pass_days(15)
    refused(bench, no.PatientHasDlt, ordinal=2)
    ruled = bench.copy()
    p.rule_not_a_dlt(ruled, "001", event)
    refused(ruled, no.ReadinessNotMet, ordinal=2)
    p.rule(bench, "001", event)
    refused(bench, no.PatientHasDlt, ordinal=2)


def test_the_second_patient_waits_until_14_days_after_the_sentinels_last_infusion() -> None:
    bench = told("1AA")
    refused(bench, no.SentinelPeriodRunning, "002")
    p.dose_all(bench, "001")
    bench.pass_days(13)
    refused(bench, no.SentinelPeriodRunning, "002")
    bench.pass_days(1)
    bench.ask(prepared(bench, "002"), INVESTIGATOR)


def test_a_sentinel_between_its_infusions_keeps_the_next_waiting() -> None:
    bench = told("1AA")
    bench.ask(prepared(bench), INVESTIGATOR)
    p.infuse(bench, "001", 1)
    bench.pass_days(40)
    refused(bench, no.SentinelPeriodRunning, "002")
    bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="readiness-not-met"))
    bench.ask(prepared(bench, "002"), INVESTIGATOR)


def test_after_the_sentinel_the_others_need_not_wait_for_each_other() -> None:
    bench = told("1PAA")
    bench.ask(prepared(bench, "002"), INVESTIGATOR)
    p.infuse(bench, "002", 1)
    bench.ask(prepared(bench, "003"), INVESTIGATOR)


def test_after_a_dlt_at_a_level_its_patients_are_dosed_one_at_a_time() -> None:
    bench = told("1TAA")
    first = prepared(bench, "002")
    second = prepared(bench, "003")
    bench.ask(first, INVESTIGATOR)
    with bench.refuses(no.SentinelPeriodRunning):
        bench.ask(second, INVESTIGATOR)
    bench.now += timedelta(hours=25)
    bench.ask(prepared(bench, "003"), INVESTIGATOR)
    p.infuse(bench, "003", 1)
    refused(bench, no.SentinelPeriodRunning, "002")


def test_without_a_sentinel_in_its_place_the_others_are_dosed_one_at_a_time() -> None:
    bench = told("1AAA")
    bench.ask(enrolment.CancelAssignment(patient="001", cause="product failed"))
    bench.ask(prepared(bench, "002"), INVESTIGATOR)
    p.infuse(bench, "002", 1)
    refused(bench, no.SentinelPeriodRunning, "003")


def test_the_decision_that_opened_or_expanded_a_level_reaches_the_ward_before_the_next_dose() -> None:
    bench = told("1NNN")
    p.decide(bench, "escalate", 2, circulate=False)
    go_on(bench, "2A")
    refused(bench, no.DecisionNotCirculated, "004")
    p.acknowledge(bench, 1, "pharmacy")
    refused(bench, no.DecisionNotCirculated, "004")
    p.acknowledge(bench, 1)
    bench.ask(prepared(bench, "004"), INVESTIGATOR)
    expanded = told("1NNT")
    p.decide(expanded, "expand", 1, circulate=False)
    go_on(expanded, "1A")
    refused(expanded, no.DecisionNotCirculated, "004")


def test_a_level_that_nothing_opened_is_not_dosed_at() -> None:
    bench = trial()
    p.screen(bench, "001")
    planned = bench.now.date() + timedelta(days=12)
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=planned))
    events = bench.ask(enrolment.AssignDoseLevel(patient="001", level=3), on_paper=True)
    assert named(no.CohortNotOpen, no.NoReservation) <= deviations(events)
    refused(bench, no.CohortNotOpen)


def test_a_candidate_below_that_would_exceed_its_level_holds_the_doses_above() -> None:
    bench = told("1NNT 1NNN 2A")
    command = prepared(bench, "007")
    p.reaction(bench, "001", onset_at=bench.now - timedelta(days=170))
    with bench.refuses(no.CandidatesHoldLevel):
        bench.ask(command, INVESTIGATOR)
    p.rule_not_a_dlt(bench, "001", 1)
    bench.ask(command, INVESTIGATOR)


def test_a_candidate_below_that_would_unsettle_its_level_holds_the_doses_above() -> None:
    bench = told("1NNN 2A")
    command = prepared(bench, "004")
    p.reaction(bench, "001", onset_at=bench.now - timedelta(days=90))
    assert not holds_in_force(bench)
    with bench.refuses(no.CandidatesHoldLevel):
        bench.ask(command, INVESTIGATOR)


def test_an_authorisation_on_paper_is_judged_by_the_day_it_was_given() -> None:
    bench = told("1A")
    then = bench.now
    command = prepared(bench)
    bench.pass_days(10)
    events = bench.ask(command, INVESTIGATOR, on_paper=True, occurred_at=then)
    assert deviations(events) == set()
    assert only(InfusionAuthorised, events).valid_until == then + timedelta(hours=24)

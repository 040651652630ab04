"""A donor is recorded, agrees, is found eligible and is selected (I4); the cells and the graft are of that donor."""

from datetime import timedelta
from typing import Any

import pytest

from ledger import refusals as no
from ledger.decisions import enrolment, infusion, safety, screening
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.donor_standing import donor_of
from ledger.decisions.products import ReceiveCollection
from ledger.errors import LedgerError
from ledger.patient import donors as d
from ledger.patient.review import QueryRaised
from projections.eligibility import VerdictView, eligibility
from tests import donors, lots
from tests import patients as p
from tests.bench import INVESTIGATOR, NURSE, PI, SITE, SPONSOR, Bench
from tests.spec.story import amend, changed_protocol, deviations, has, named, only, patient, trial


def entered(donor: str = "D-001", **said: Any) -> Bench:
    """A patient in screening with one candidate who has agreed and is eligible."""
    bench = trial()
    bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="female"))
    add(bench, donor, **said)
    return bench


def add(bench: Bench, donor: str, **said: Any) -> None:
    bench.ask(donors.candidate("001", donor, **said), NURSE)
    bench.ask(donors.agreed(bench, "001", donor), NURSE)
    bench.ask(donors.determined(bench, "001", donor), INVESTIGATOR)


def select(donor: str, *others: str, **said: Any) -> Any:
    return donors.selection("001", donor, *others, **said)


def test_an_investigator_signs_the_donor_with_a_ranking_and_its_reasons() -> None:
    bench = entered()
    with bench.refuses(no.NotDelegated):
        bench.ask(select("D-001"), NURSE)
    selected = only(d.DonorSelected, bench.ask(select("D-001"), INVESTIGATOR))
    assert (selected.donor, selected.type, selected.kir_ligand_mismatch) == ("D-001", "haploidentical", True)
    assert selected.ranking[0].reasons == ("KIR-ligand mismatch",)


def test_the_ranking_excludes_nobody() -> None:
    """P13: the preference for a KIR-ligand mismatch is recorded with its reasons, and does not decide."""
    bench = entered()
    add(bench, "D-002", kir_ligand_mismatch=False)
    ranking = tuple(d.RankedDonor(donor=donor, reasons=("see the letter",)) for donor in ("D-001", "D-002"))
    selected = only(d.DonorSelected, bench.ask(select("D-002", ranking=ranking), PI))
    assert (selected.donor, selected.kir_ligand_mismatch) == ("D-002", False)


@pytest.mark.parametrize("ranked", [("D-002",), ("D-001", "D-001"), ("D-001", "D-404")])
def test_a_ranking_names_candidates_once_and_the_selected_one_among_them(ranked: tuple[str, ...]) -> None:
    bench = entered()
    add(bench, "D-002")
    ranking = tuple(d.RankedDonor(donor=donor, reasons=("CMV",)) for donor in ranked)
    with bench.refuses(no.FindingsContradict):
        bench.ask(select("D-001", ranking=ranking), PI)


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"available_for_graft": False}, no.DonorNotAvailable),
        ({"available_for_nk_cells": False}, no.DonorNotAvailable),
        ({"relation": "mother"}, None),
        ({"kir_ligand_mismatch": None}, None),
        ({"type": "matched_related"}, None),
    ],
)
def test_a_donor_is_available_for_graft_and_nk_cells(said: dict[str, Any], refusal: type[LedgerError] | None) -> None:
    bench = entered(**said)
    if refusal is None:
        bench.ask(select("D-001"), PI)
        return
    with bench.refuses(refusal):
        bench.ask(select("D-001"), PI)
    bench.ask(donors.candidate("001", "D-001"), NURSE)
    bench.ask(select("D-001"), PI)


def test_a_donor_of_a_type_that_the_protocol_does_not_take_is_not_selected() -> None:
    bench = entered()
    rules = changed_protocol().donor.model_dump(mode="json")
    schedule = [each for each in changed_protocol().model_dump(mode="json")["schedule"] if not each["only_if_donor"]]
    amend(bench, changed_protocol(donor={**rules, "types": ["matched_related"]}, schedule=schedule))
    with bench.refuses(no.DonorTypeNotInProtocol):
        bench.ask(select("D-001"), PI)


def test_a_donor_agrees_to_both_before_the_selection() -> None:
    bench = trial()
    bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="female"))
    bench.ask(donors.candidate("001", "D-001"), NURSE)
    bench.ask(donors.determined(bench, "001", "D-001"), INVESTIGATOR)
    for agreed in (None, {"for_nk_cells": False}):
        if agreed is not None:
            bench.ask(donors.agreed(bench, "001", "D-001", **agreed), NURSE)
        with bench.refuses(no.DonorConsentMissing):
            bench.ask(select("D-001"), PI)
    later = {"for_graft": False, "form_version": "NK 1.0", "capacity": "representative"}
    bench.ask(donors.agreed(bench, "001", "D-001", **later), NURSE)
    bench.ask(select("D-001"), PI)


def test_a_donor_is_determined_eligible_before_the_selection() -> None:
    bench = entered()
    bench.ask(donors.determined(bench, "001", "D-001", eligible=False), INVESTIGATOR)
    with bench.refuses(no.DonorNotEligible):
        bench.ask(select("D-001"), PI)
    with bench.refuses(no.NotDelegated):
        bench.ask(donors.determined(bench, "001", "D-001"), NURSE)
    bench.ask(donors.determined(bench, "001", "D-001"), INVESTIGATOR)
    bench.ask(select("D-001"), PI)


@pytest.mark.parametrize(("days_ago", "holds"), [(0, True), (30, True), (31, False)])
def test_infectious_tests_are_of_the_last_thirty_days(days_ago: int, holds: bool) -> None:
    bench = entered()
    tests_on = bench.now.date() - timedelta(days=days_ago)
    command = donors.determined(bench, "001", "D-001", infectious_tests_on=tests_on)
    if holds:
        bench.ask(command, INVESTIGATOR)
        bench.ask(select("D-001"), PI)
    else:
        with bench.refuses(no.DonorTestsTooOld):
            bench.ask(command, INVESTIGATOR)
        bench.ask(command.model_copy(update={"eligible": False}), INVESTIGATOR)


def test_a_determination_that_has_grown_old_selects_nobody() -> None:
    bench = entered()
    bench.pass_days(11)
    with bench.refuses(no.DonorTestsTooOld):
        bench.ask(select("D-001"), PI)


def test_infectious_tests_of_tomorrow_are_not_recorded_today() -> None:
    bench = entered()
    tomorrow = bench.now.date() + timedelta(days=2)
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(donors.determined(bench, "001", "D-001", infectious_tests_on=tomorrow), INVESTIGATOR)
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(donors.candidate("001", "D-002", birth_year=2027), NURSE)


def test_nobody_is_asked_about_who_is_no_candidate() -> None:
    bench = entered()
    for command in (
        donors.agreed(bench, "001", "D-404"),
        donors.determined(bench, "001", "D-404"),
        select("D-404"),
        donors.sample(bench, "001", "D-404", 1),
    ):
        with bench.refuses(no.NoSuchDonor):
            bench.ask(command, INVESTIGATOR)


def test_another_donor_later_is_a_new_selection_with_a_reason() -> None:
    bench = entered()
    bench.ask(select("D-001"), PI)
    add(bench, "D-002", type="matched_related")
    with bench.refuses(no.ReasonMissing):
        bench.ask(select("D-002", "D-001"), PI)
    changed = bench.ask(select("D-002", "D-001", reason=bench.seal("the father is ill")), PI)
    assert only(d.DonorSelected, changed).donor == "D-002"
    assert donor_of(patient(bench, "001")) == "D-002"
    with bench.refuses(no.ReasonMissing):
        bench.ask(select("D-001"), PI)


def test_a_candidate_said_again_is_known_and_said_otherwise_is_newer() -> None:
    bench = entered()
    assert bench.ask(donors.candidate("001", "D-001"), NURSE) == ()
    bench.ask(donors.candidate("001", "D-001", cmv_serology="negative"), NURSE)
    said = patient(bench, "001").donors.candidate("D-001")
    assert said is not None
    assert said.cmv_serology == "negative"


def test_a_corrected_candidate_is_replaced_and_no_newer_for_it() -> None:
    bench = entered()
    bench.pass_days(1)
    bench.ask(donors.candidate("001", "D-001", available_for_graft=False), NURSE)
    first = next(r.position for r in bench.records if isinstance(r.event, d.DonorCandidateRecorded))
    report = donors.candidate("001", "D-001", sex="female").model_dump(mode="json", exclude={"patient"})
    again = CorrectRecord(position=first, kind="donor-candidate", report=report, patient="001")
    bench.ask(again, NURSE, reason=bench.seal("typed wrongly"))
    said = patient(bench, "001").donors.candidate("D-001")
    assert said is not None
    assert (said.sex, said.available_for_graft) == ("male", False)


def test_who_left_screening_gets_no_donor() -> None:
    bench = entered()
    bench.ask(screening.FailScreening(patient="001", criteria=("I4",)))
    with bench.refuses(no.PatientNotScreened):
        bench.ask(select("D-001"), PI)


def test_the_donor_criterion_is_established_by_the_selection_and_ends_with_the_donor() -> None:
    """I4 is nobody's to attest. A donor who is available no more keeps the patient from the dose level."""
    bench = trial()
    p.screen(bench, "001")
    with bench.refuses(no.CriterionIsComputed):
        p.attest(bench, "001", I4=True)
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date() + timedelta(days=20)))
    bench.ask(donors.candidate("001", "D-001", available_for_nk_cells=False), NURSE)
    with bench.refuses(no.CriteriaOpen):
        bench.ask(enrolment.AssignDoseLevel(patient="001", level=1))
    bench.ask(donors.candidate("001", "D-001"), NURSE)
    bench.ask(enrolment.AssignDoseLevel(patient="001", level=1))


def test_the_matrix_shows_whose_selection_the_donor_criterion_rests_on() -> None:
    bench = entered()
    assert (verdict(bench).met, verdict(bench).basis) == (False, "established")
    bench.ask(select("D-001"), PI)
    selected = patient(bench, "001").donors.selected
    assert selected is not None
    assert (verdict(bench).met, [each.position for each in verdict(bench).inputs]) == (True, [selected.position])


def verdict(bench: Bench) -> VerdictView:
    shown = eligibility(bench.world, "001", bench.now)
    assert shown is not None
    return next(each for each in shown.verdicts if each.criterion == "I4")


def placed(donor_of_lot: str = "D-001") -> Bench:
    """A patient with a level, whose lot is of some donor."""
    bench = trial()
    p.screen(bench, "001", donor="D-001")
    p.place(bench, "001", 1)
    for command, by in lots.steps(bench, "001"):
        of_donor = isinstance(command, ReceiveCollection)
        bench.ask(command.model_copy(update={"donor": donor_of_lot}) if of_donor else command, by)
    return bench


def authorisation(bench: Bench) -> infusion.AuthoriseInfusion:
    bench.ask(infusion.PlanDose(patient="001", ordinal=1, weight_kg="20", weighed_on=bench.now.date()))
    bench.ask(p.ready(bench, "001", 1), INVESTIGATOR)
    return infusion.AuthoriseInfusion(
        patient="001",
        ordinal=1,
        product="NK-001",
        cells_by_second_calculation=patient(bench, "001").doses[1].cells,
        volume_ml_by_second_calculation=p.order(bench, "001", 1),
        chain_of_identity="COI-001",
        checkers=("boris", "nina"),
    )


def test_cells_of_another_donor_are_not_authorised_and_given_they_are_a_deviation() -> None:
    bench = placed("D-OTHER")
    command = authorisation(bench)
    with bench.refuses(no.CellsOfAnotherDonor):
        bench.ask(command, INVESTIGATOR)
    assert "CellsOfAnotherDonor" in deviations(p.infuse(bench, "001", 1))


def test_cells_of_the_selected_donor_are_authorised_until_another_is_selected() -> None:
    bench = placed()
    bench.ask(authorisation(bench), INVESTIGATOR)
    add(bench, "D-002")
    bench.ask(select("D-002", reason=bench.seal("the first one is ill")), PI)
    bench.now += timedelta(minutes=10)
    command = authorisation(bench)
    with bench.refuses(no.CellsOfAnotherDonor):
        bench.ask(command, INVESTIGATOR)


def test_without_a_selected_donor_nothing_is_infused_by_permission() -> None:
    bench = trial()
    bench.ask(screening.ScreenPatient(number="001", site=SITE, birth_year_month="2016-03", sex="female"))
    p.prepare_lot(bench, "001")
    bench.ask(enrolment.ReserveSlot(patient="001", level=1), on_paper=True)
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()), on_paper=True)
    bench.ask(enrolment.AssignDoseLevel(patient="001", level=1), on_paper=True)
    assert "DonorNotSelected" in deviations(p.infuse(bench, "001", 1))


@pytest.mark.parametrize(("days", "broken"), [(0, False), (10, False), (11, True), (-21, True)])
def test_cells_are_collected_within_thirty_days_of_the_infectious_tests(days: int, broken: bool) -> None:
    """FACT. The tests are of twenty days ago."""
    bench = entered()
    bench.pass_days(max(days, 0))
    collected = ReceiveCollection(
        lot="NK-9",
        chain_of_identity="COI-9",
        donor="D-001",
        donation_number="=G1517 26 900009",
        collected_at=bench.now + timedelta(days=min(days, 0)),
        patient="001",
    )
    assert deviations(bench.ask(collected, NURSE)) == (named(no.DonorTestsTooOld) if broken else set())


def test_one_sample_has_one_group_and_two_that_disagree_raise_a_query() -> None:
    bench = entered()
    bench.ask(donors.sample(bench, "001", None, 1), NURSE)
    other = bench.ask(donors.sample(bench, "001", None, 1, abo="B"), NURSE)
    assert has(QueryRaised, other)
    assert patient(bench, "001").donors.blood_group(None, bench.now.date()).samples == 1
    assert has(QueryRaised, bench.ask(donors.sample(bench, "001", None, 2, rh="negative"), NURSE))
    assert patient(bench, "001").donors.blood_group(None, bench.now.date()).disagree


def test_a_sample_is_of_the_recipient_or_of_a_donor() -> None:
    bench = entered()
    with bench.refuses(no.FindingsContradict):
        bench.ask(donors.sample(bench, "001", "D-001", 1, whose="recipient"), NURSE)
    with bench.refuses(no.FindingsContradict):
        bench.ask(donors.sample(bench, "001", None, 1, whose="donor"), NURSE)


def test_samples_that_agree_again_after_a_correction_confirm_the_group() -> None:
    bench = entered()
    bench.ask(donors.sample(bench, "001", None, 1), NURSE)
    bench.ask(donors.sample(bench, "001", None, 2, abo="O"), NURSE)
    wrong = next(r.position for r in bench.records if getattr(r.event, "abo", "") == "O")
    report = donors.sample(bench, "001", None, 2).model_dump(mode="json", exclude={"patient"})
    again = CorrectRecord(position=wrong, kind="blood-group", report=report, patient="001")
    assert not has(QueryRaised, bench.ask(again, NURSE, reason=bench.seal("tube read again")))
    assert patient(bench, "001").donors.blood_group(None, bench.now.date()).confirmed(2)


@pytest.mark.parametrize("missing", [None, "D-001"])
def test_an_infusion_without_two_agreeing_samples_of_both_is_a_deviation(missing: str | None) -> None:
    """FACT. It is no part of the permission (domain G.4-4): the infusion is authorised and the deviation recorded."""
    bench = trial()
    p.screen(bench, "001")
    bench.ask(donors.sample(bench, "001", missing, 3, abo="B"), NURSE)
    p.place(bench, "001", 1)
    p.authorise(bench, "001", 1)
    assert deviations(p.infuse(bench, "001", 1)) == named(no.BloodGroupNotConfirmed)


def test_a_death_is_recorded_whatever_the_donor_is() -> None:
    bench = entered()
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="other"), NURSE)
    with bench.refuses(no.OffStudy):
        bench.ask(select("D-001"), PI)


def test_a_paper_selection_is_stored_with_what_it_broke() -> None:
    bench = entered(available_for_graft=False)
    events = bench.ask(select("D-001"), PI, on_paper=True)
    assert deviations(events) == named(no.DonorNotAvailable)
    assert has(d.DonorSelected, events)


def test_a_sponsor_selects_nobody() -> None:
    bench = entered()
    with bench.refuses(no.NotDelegated):
        bench.ask(select("D-001"), SPONSOR)

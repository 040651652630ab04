"""Concomitant medication: what it says of readiness (A.3-11, A.3-12) and of a grade (D, A.3-15)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger import refusals as no
from ledger.decisions import infusion, safety
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.ward import RecordMedication, StopMedication
from ledger.patient import safety as s
from ledger.patient.infusions import ReadinessAssessed, ReadinessItem
from ledger.patient.review import QueryRaised
from ledger.patient.ward import ConcomitantMedicationGiven, ToxicityRegraded
from tests import patients as p
from tests.bench import INVESTIGATOR, NURSE, PI, Bench
from tests.spec.story import candidates, has, only, patient, raised, replayed, told
from tests.spec.test_ward_sheets import SIGNS, infused, sheet


def medicine(bench: Bench, agent: str, acts_as: str, hours_ago: float = 1, **said: Any) -> RecordMedication:
    """Given to patient 001 so many hours ago."""
    content = {
        "patient": "001",
        "agent": agent,
        "acts_as": acts_as,
        "route": "IV",
        "purpose": "other",
        "given_at": bench.now - timedelta(hours=hours_ago),
        **said,
    }
    return RecordMedication.model_validate(content)


def steroid(bench: Bench, mg: str, hours_ago: float = 1, agent: str = "prednisolone", unit: str = "mg") -> None:
    command = medicine(bench, agent, "corticosteroid", hours_ago, dose=mg, dose_unit=unit)
    bench.ask(command, NURSE)


def weighed() -> Bench:
    """A child of 20 kg, to be infused today."""
    bench = told("1A")
    bench.now += timedelta(hours=2)
    bench.ask(infusion.PlanDose(patient="001", ordinal=1, weight_kg="20", weighed_on=bench.now.date()))
    p.order(bench, "001", 1)
    return bench


def checked(bench: Bench, check: str, ordinal: int = 1, **found: Any) -> ReadinessItem:
    events = bench.ask(p.ready(bench, "001", ordinal, **found), INVESTIGATOR)
    return next(item for item in only(ReadinessAssessed, events).items if item.check == check)


REPORTED = "prednisone_equivalent_mg_per_kg_per_day_max_in_72_h"


def said(prednisone: str) -> dict[str, Any]:
    return {REPORTED: prednisone}


@pytest.mark.parametrize(
    ("mg", "reported", "met", "on_record"),
    [
        ("9.99", "0", True, "0.500"),
        ("10", "0", True, "0.500"),
        ("10.001", "0", False, "0.501"),
        ("1", "0.51", False, "0.050"),
        ("1", "0.5", True, "0.050"),
    ],
)
def test_the_higher_of_the_reported_and_the_recorded_steroids_decides(
    mg: str, reported: str, met: bool, on_record: str
) -> None:
    bench = weighed()
    steroid(bench, mg)
    item = checked(bench, "steroids", **said(reported))
    assert item.met is met
    assert item.prednisone_equivalent_mg_per_kg_per_day == reported
    assert item.prednisone_equivalent_on_record_mg_per_kg_per_day == on_record
    assert item.steroid_table_version == "prednisone-5.1"


@pytest.mark.parametrize(
    ("agent", "dose", "unit", "met"),
    [
        ("Dexamethasone", "1.5", "mg", True),
        ("dexamethasone", "1501", "ug", False),
        ("Methylprednisolone", "0.4", "mg/kg", True),
        ("methylprednisolone", "0.41", "mg/kg", False),
        ("hydrocortisone", "0.04", "g", True),
        ("hydrocortisone", "0.041", "g", False),
    ],
)
def test_every_unit_is_converted_at_the_patients_weight(agent: str, dose: str, unit: str, met: bool) -> None:
    bench = weighed()
    steroid(bench, dose, agent=agent, unit=unit)
    assert checked(bench, "steroids").met is met


@pytest.mark.parametrize(("hours_ago", "met"), [(72, False), (72.1, True)])
def test_what_was_given_longer_ago_than_the_protocols_hours_does_not_count(hours_ago: float, met: bool) -> None:
    bench = weighed()
    steroid(bench, "30", hours_ago)
    item = checked(bench, "steroids")
    assert item.met is met
    assert (item.prednisone_equivalent_on_record_mg_per_kg_per_day is None) is met


def test_premedication_counts_whatever_it_was_called() -> None:
    bench = weighed()
    command = medicine(bench, "dexamethasone", "antipyretic", dose="2", dose_unit="mg", purpose="premedication")
    bench.ask(command, NURSE)
    assert not checked(bench, "steroids").met


@pytest.mark.parametrize(
    "given",
    [
        {"agent": "betamethasone", "dose": "1", "dose_unit": "mg"},
        {"agent": "prednisone", "dose": "60", "dose_unit": "mg/m2"},
        {"agent": "prednisone"},
        {"agent": "hydrocortisone", "dose": "4", "dose_unit": "mg/h", "continuous": True},
    ],
)
def test_a_steroid_that_cannot_be_converted_is_not_nothing(given: dict[str, Any]) -> None:
    """It fails the check until somebody says that the reported number counts it."""
    bench = weighed()
    agent = given["agent"]
    bench.ask(medicine(bench, **{"acts_as": "corticosteroid", **given}), NURSE)
    item = checked(bench, "steroids", **said("0.3"))
    assert (item.met, item.steroids_not_converted, item.steroids_not_converted_counted) == (False, (agent,), False)
    counted: dict[str, Any] = {REPORTED: "0.3", "counts_steroids_not_converted": True}
    assert checked(bench, "steroids", **counted).met
    p.prepare_lot(bench, "001")
    authorised(bench)


def test_without_a_weight_no_dose_in_mg_is_converted() -> None:
    bench = told("1A")
    steroid(bench, "1")
    assert checked(bench, "steroids").steroids_not_converted == ("prednisolone",)


def test_more_on_record_than_was_reported_raises_a_query_and_less_does_not() -> None:
    bench = weighed()
    steroid(bench, "6")
    events = bench.ask(p.ready(bench, "001", 1, **said("0.1")), INVESTIGATOR)
    assert bench.records[only(QueryRaised, events).about].event is only(ReadinessAssessed, events)
    assert not has(QueryRaised, bench.ask(p.ready(bench, "001", 1, **said("0.4")), INVESTIGATOR))


def authorised(bench: Bench) -> None:
    dose = patient(bench, "001").doses[1]
    command = infusion.AuthoriseInfusion(
        patient="001",
        ordinal=1,
        product="NK-001",
        cells_by_second_calculation=dose.cells,
        volume_ml_by_second_calculation=patient(bench, "001").around.orders[1].volume_ml,
        chain_of_identity="COI-001",
        checkers=("boris", "nina"),
    )
    bench.ask(command, INVESTIGATOR)


def test_a_steroid_given_after_the_assessment_stops_the_authorisation() -> None:
    bench = weighed()
    p.prepare_lot(bench, "001")
    assert checked(bench, "steroids").met
    bench.now += timedelta(hours=1)
    steroid(bench, "11", hours_ago=0.5)
    with bench.refuses(no.ReadinessNotMet):
        authorised(bench)


def test_an_unknown_steroid_given_after_the_assessment_stops_it_too() -> None:
    bench = weighed()
    p.prepare_lot(bench, "001")
    assert checked(bench, "steroids").met
    steroid(bench, "1", hours_ago=0, agent="betamethasone")
    with bench.refuses(no.ReadinessNotMet):
        authorised(bench)


@pytest.mark.parametrize(
    ("seen", "stops"),
    [
        ({"oxygen_device": "low_flow_nasal_cannula", "oxygen_l_per_min": "5"}, False),
        ({"oxygen_device": "high_flow_nasal_cannula", "oxygen_l_per_min": "5.5"}, True),
        ({"oxygen_device": "cpap"}, True),
        ({"oxygen_device": None}, False),
    ],
)
def test_a_newer_ward_sheet_says_what_the_child_breathes_with(seen: dict[str, Any], stops: bool) -> None:
    bench = weighed()
    p.prepare_lot(bench, "001")
    assert checked(bench, "oxygen").met
    bench.now += timedelta(minutes=20)
    bench.ask(sheet(bench, **seen), NURSE)
    if not stops:
        authorised(bench)
        return
    with bench.refuses(no.ReadinessNotMet):
        authorised(bench)


def test_reactions_on_record_and_reported_are_both_kept_and_the_higher_decides() -> None:
    bench = infused()
    for term in ("Hepatitis", "Mucositis"):
        event = safety.ReportAdverseEvent(patient="001", term=term, ctcae_grade=3, serious=False, onset_at=bench.now)
        bench.ask(event, NURSE)
    for by in (INVESTIGATOR, PI):
        rationale = bench.seal("conditioning")
        unrelated = safety.AssessAttribution(patient="001", adverse_event=2, relation="unrelated", rationale=rationale)
        bench.ask(unrelated, by)
    item = checked(bench, "nonhaematologic-reaction", 2, nonhaematologic_reactions_count=0)
    assert (item.met, item.reactions_count, item.reactions_on_record_count) == (False, 0, 1)
    assert item.unrelated_reactions_count == 1


# --- grades --------------------------------------------------------------------------------------------------------


def grade(bench: Bench) -> tuple[int | None, bool]:
    (event,) = patient(bench, "001").adverse_events.values()
    return event.grade, event.needs_adjudication


def test_a_running_vasopressor_counts_whatever_the_sheet_says() -> None:
    bench = infused()
    bench.ask(medicine(bench, "noradrenaline", "vasopressor", continuous=True), NURSE)
    events = bench.ask(sheet(bench, temperature_celsius="39"), NURSE)
    regraded = only(ToxicityRegraded, events)
    assert [(each.finding, each.graded_as) for each in regraded.taken] == [("vasopressor_count", 1)]
    assert isinstance(bench.records[regraded.taken[0].positions[0]].event, ConcomitantMedicationGiven)
    assert raised(events) == {"adverse-event/1": "grade"}


@pytest.mark.parametrize("stop_first", [True, False])
def test_what_was_stopped_before_does_not_count(stop_first: bool) -> None:
    bench = infused()
    begun = bench.now - timedelta(hours=5)
    given = medicine(bench, "noradrenaline", "vasopressor", 5, continuous=True)
    stop = StopMedication(
        patient="001", agent="Noradrenaline", given_at=begun, stopped_at=bench.now - timedelta(hours=1)
    )
    for command in (stop, given) if stop_first else (given, stop):
        bench.ask(command, NURSE)
    bench.ask(sheet(bench, temperature_celsius="39"), NURSE)
    assert grade(bench) == (1, False)


def test_the_medication_may_come_after_the_sheet() -> None:
    bench = infused()
    bench.ask(sheet(bench, temperature_celsius="39"), NURSE)
    bench.now += timedelta(hours=6)
    given = medicine(bench, "noradrenaline", "vasopressor", 7, continuous=True)
    assert raised(bench.ask(given, NURSE)) == {"adverse-event/1": "grade"}
    assert grade(bench) == (3, False)


def test_medication_that_is_corrected_away_takes_the_grade_back() -> None:
    bench = infused()
    bench.ask(sheet(bench, temperature_celsius="39"), NURSE)
    given = medicine(bench, "noradrenaline", "vasopressor", 1, continuous=True)
    bench.ask(given, NURSE)
    position = next(r.position for r in bench.records if isinstance(r.event, ConcomitantMedicationGiven))
    report = given.model_dump(mode="json") | {"given_at": bench.now.isoformat()}
    del report["patient"]
    bench.now += timedelta(hours=1)
    report["given_at"] = bench.now.isoformat()
    correct = CorrectRecord(position=position, kind="medication", report=report, patient="001")
    events = bench.ask(correct, NURSE, reason=bench.seal("begun an hour later"))
    assert only(ToxicityRegraded, events).taken == ()
    assert grade(bench) == (1, False)
    assert replayed(bench) == bench.world


LOW: dict[str, Any] = {"systolic_mmhg": 70}


def test_treatment_of_this_crs_drops_the_fever_for_what_follows() -> None:
    bench = infused()
    bench.ask(sheet(bench, temperature_celsius="39"), NURSE)
    bench.now += timedelta(hours=4)
    toci = medicine(bench, "tocilizumab", "anticytokine", 2, purpose="treatment-of-crs", dose="8", dose_unit="mg/kg")
    bench.ask(toci, NURSE)
    bench.ask(sheet(bench, **LOW), NURSE)
    assert grade(bench) == (2, False)


def test_treatment_given_before_its_onset_was_for_another() -> None:
    bench = infused()
    bench.ask(medicine(bench, "tocilizumab", "anticytokine", 50, purpose="treatment-of-crs"), NURSE)
    bench.ask(sheet(bench, temperature_celsius="39"), NURSE)
    bench.now += timedelta(hours=4)
    bench.ask(sheet(bench, **LOW), NURSE)
    assert grade(bench) == (1, False)


@pytest.mark.parametrize("acts_as", ["anticytokine", "other"])
def test_prophylactic_tocilizumab_does_not_waive_the_fever_and_the_grade_needs_adjudication(acts_as: str) -> None:
    """A.3-15, whatever it was said to act as."""
    bench = infused()
    bench.ask(medicine(bench, "Tocilizumab", acts_as, 70, purpose="prophylaxis"), NURSE)
    events = bench.ask(sheet(bench, **LOW), NURSE)
    assert only(ToxicityRegraded, events).needs_adjudication == ("fever_masked_by_prophylactic_tocilizumab",)
    assert grade(bench) == (0, True)
    assert candidates(bench, "001") == ("adverse-event/1",)


@pytest.mark.parametrize(("hours_ago", "masked"), [(24, True), (24.1, False)])
def test_an_antipyretic_for_another_reason_may_hide_a_fever_for_the_protocols_hours(
    hours_ago: float, masked: bool
) -> None:
    bench = infused()
    bench.ask(medicine(bench, "paracetamol", "antipyretic", hours_ago, route="PO"), NURSE)
    bench.ask(sheet(bench, **LOW), NURSE)
    assert bool(patient(bench, "001").adverse_events) is masked


def test_without_other_signs_a_masked_fever_is_no_doubt() -> None:
    bench = infused()
    bench.ask(medicine(bench, "paracetamol", "antipyretic", 2), NURSE)
    bench.ask(sheet(bench), NURSE)
    assert not patient(bench, "001").adverse_events


def test_sedation_on_record_lowers_no_grade() -> None:
    bench = infused()
    bench.ask(medicine(bench, "midazolam", "sedative", 2, continuous=True), NURSE)
    signs = {**SIGNS, "consciousness": "awakens_to_touch"}
    bench.ask(sheet(bench, capd_score=12, neurology=signs), NURSE)
    assert grade(bench) == (3, False)


def test_an_assessment_that_a_person_entered_follows_the_record_as_well() -> None:
    bench = infused()
    number = p.reaction(bench, "001", grade=2)
    bench.ask(medicine(bench, "noradrenaline", "vasopressor", 1, continuous=True), NURSE)
    assert patient(bench, "001").adverse_events[number].grade == 3


def test_a_grade_that_was_confirmed_before_the_medication_was_known_is_confirmed_anew() -> None:
    bench = infused()
    bench.ask(sheet(bench, temperature_celsius="39"), NURSE)
    position = next(r.position for r in bench.records if isinstance(r.event, s.ToxicityAssessed))
    bench.ask(safety.ConfirmGrade(patient="001", adverse_event=1, assessment=position, grade=1), INVESTIGATOR)
    bench.ask(medicine(bench, "noradrenaline", "vasopressor", 1, continuous=True), NURSE)
    assert grade(bench) == (3, False)
    confirmed = safety.ConfirmGrade(
        patient="001", adverse_event=1, assessment=position, grade=2, differs_because=bench.seal("renal dose")
    )
    bench.ask(confirmed, INVESTIGATOR)
    assert grade(bench) == (2, False)


def test_a_dose_that_differs_contradicts_the_record() -> None:
    bench = infused()
    at: dict[str, Any] = {"given_at": bench.now}
    bench.ask(medicine(bench, "dexamethasone", "corticosteroid", dose="2", dose_unit="mg", **at), NURSE)
    again = medicine(bench, "Dexamethasone", "corticosteroid", dose="4", dose_unit="mg", **at)
    assert has(QueryRaised, bench.ask(again, NURSE))
    assert len(patient(bench, "001").ward.medication) == 1


def test_medication_names_an_agent_a_unit_and_times_that_can_be() -> None:
    bench = infused()
    with bench.refuses(no.FindingsContradict):
        bench.ask(medicine(bench, "- -", "other"), NURSE)
    later: datetime = bench.now
    stop = StopMedication(patient="001", agent="a", given_at=later, stopped_at=later - timedelta(minutes=1))
    with bench.refuses(no.FindingsContradict):
        bench.ask(stop, NURSE)
    for wrong in ({"dose": "1"}, {"to_at": later}, {"continuous": True, "to_at": later - timedelta(hours=2)}):
        with pytest.raises(ValueError, match=r"a dose has a unit|what is continuous"):
            medicine(bench, "a", "other", **wrong)
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(medicine(bench, "a", "other", -1), NURSE)

"""The infusion record and the dose order, as they are read (domain E.1)."""

from datetime import timedelta
from fractions import Fraction

from ledger.decisions import given, infusion, infusion_record, products
from ledger.types import exact
from projections.cohorts import cohort
from projections.dose_order import WIDTH, dose_order, dose_order_text
from projections.infusions import InfusionRecordView, infusions
from projections.infusions import infusion_record as record_of
from projections.worklists import worklists
from tests import patients as p
from tests.bench import INVESTIGATOR, NURSE, Bench
from tests.spec.story import told
from tests.spec.test_short_products import counts_at, short


def full_record() -> Bench:
    """One infusion with everything that can be said of it."""
    bench = told("1A")
    p.authorise(bench, "001", 1)
    at, product = bench.now, "NK-001"
    started = {"patient": "001", "ordinal": 1, "product": product, "level": 1, "started_at": at}
    checked = {"premedication": ["paracetamol"], "chain_of_identity": "COI-001", "checkers": ["nina", "boris"]}
    bench.ask(given.RecordInfusionStart.model_validate({**started, **checked}), NURSE)
    bench.now += timedelta(hours=1)
    for minutes, cause in ((40, "line-or-pump"), (10, "reaction")):
        stop = {"interrupted_at": at + timedelta(minutes=minutes), "cause": cause}
        said = {"patient": "001", "ordinal": 1, **stop}
        bench.ask(infusion_record.RecordInterruption.model_validate(said), NURSE)
    resumed = infusion_record.RecordResumption(patient="001", ordinal=1, resumed_at=at + timedelta(minutes=15))
    bench.ask(resumed, NURSE)
    readings = [{"taken_at": at + timedelta(minutes=m), "spo2_percent": str(99 - m)} for m in (20, 5)]
    vitals = {"patient": "001", "ordinal": 1, "readings": readings}
    bench.ask(infusion_record.RecordInfusionVitals.model_validate(vitals), NURSE)
    done = {"patient": "001", "ordinal": 1, "product": product, "ended_at": bench.now, "weight_kg": "20"}
    measured = {"cells_per_ml": "100000", "viability_percent": "100", "volume_ml": "1000", "residual_volume_ml": "2"}
    bench.ask(given.RecordInfusion.model_validate({**done, **measured, "reaction": True}), NURSE)
    return bench


def shown(bench: Bench, ordinal: int = 1) -> InfusionRecordView:
    return record_of(bench.world, bench.docket().protocol(), "001", ordinal)


def test_the_record_shows_all_that_was_said() -> None:
    record = shown(full_record())
    assert record.plan is not None
    assert record.order is not None
    assert record.authorisation is not None
    assert record.given is not None
    assert (record.plan.weight_kg, record.order.volume_ml, record.order.calculated_by) == ("20", "1333.3", "nina")
    assert (record.authorisation.volume_ml, record.authorisation.second_calculation_by) == ("1333.3", "ivan")
    assert (record.chain_of_identity, record.checkers) == ("COI-001", ("nina", "boris"))
    assert (record.premedication, record.given.reaction) == (("paracetamol",), True)
    assert (record.given.cells, record.given.residual_volume_ml) == (100_000_000, "2")
    assert [each.spo2_percent for each in record.vitals] == ["94", "79"]
    assert record.cells_at_release == 10**12
    assert ("viability_percent", "100", True) in [(each.test, each.result, each.passed) for each in record.at_release]


def test_an_interruption_ends_where_the_infusion_went_on_before_the_next_one() -> None:
    first, second = shown(full_record()).interruptions
    assert (first.cause, second.cause) == ("reaction", "line-or-pump")
    assert first.resumed_at is not None
    assert first.resumed_at - first.interrupted_at == timedelta(minutes=5)
    assert second.resumed_at is None


def test_a_thawed_bag_shows_what_was_counted_afterwards() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    thaw = products.RecordThaw(lot="NK-001", bag="A", thawed_at=bench.now, viability_percent="88", cells=900)
    bench.ask(thaw, NURSE)
    assert [(each.bag, each.viability_percent, each.cells) for each in shown(bench).after_thaw] == [("A", "88", 900)]


def test_percent_of_the_levels_total_is_that_of_all_infusions() -> None:
    bench = told("1A")
    for ordinal, percent in ((1, 100), (2, 50)):
        p.authorise(bench, "001", ordinal, weight_kg="30")
        p.infuse(bench, "001", ordinal, percent=percent, weight_kg="30")
        bench.pass_days(17)
    found = infusions(bench.world, bench.docket().protocol(), "001")
    assert found.percent_of_level_total == "250/3"
    assert [each.ordinal for each in found.infusions] == [1, 2]
    assert exact(found.received_cells_per_kg) == Fraction(25_000_000, 3)


def test_of_a_patient_without_a_level_nothing_is_made_up() -> None:
    bench = told("1A")
    p.screen(bench, "002")
    found = infusions(bench.world, bench.docket().protocol(), "002")
    assert (found.percent_of_level_total, found.infusions) == (None, ())


def order_page(bench: Bench, ordinal: int = 1) -> str:
    view = dose_order(bench.world, "001", ordinal, bench.now.date())
    assert view is not None
    return dose_order_text(view)


def test_the_dose_order_is_one_page_with_both_calculations() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    page = order_page(bench)
    assert "GIVE                          1333.3 mL (rounded down to steps of 0.1 mL)" in page
    assert "133 333 333.3333..." in page
    assert "133 330 000 viable cells, 99.9975 % of the plan" in page
    assert "First calculation             nina" in page
    assert "Second calculation            ivan" in page
    lines = page.splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) <= WIDTH + 20


def test_an_order_that_no_longer_fits_the_plan_is_none() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    bench.ask(infusion.PlanDose(patient="001", ordinal=1, weight_kg="21", weighed_on=bench.now.date()), INVESTIGATOR)
    assert "NOT ORDERED" in order_page(bench)
    assert "GIVE" not in order_page(bench)


def test_before_a_plan_there_is_no_dose_order() -> None:
    bench = told("1A")
    assert dose_order(bench.world, "001", 1, bench.now.date()) is None


def test_a_weight_that_changed_too_much_is_on_the_order_and_in_the_worklist_until_the_dose_is_given() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    assert worklists(bench.world, bench.now).weight_alerts == ()
    bench.pass_days(17)
    p.authorise(bench, "001", 2, weight_kg="23")
    (alert,) = worklists(bench.world, bench.now).weight_alerts
    assert (alert.patient, alert.ordinal, alert.from_kg, alert.to_kg, alert.percent) == ("001", 2, "20", "23", "15")
    assert "*** ALERT: more than 10 %" in order_page(bench, 2)
    p.infuse(bench, "001", 2, weight_kg="23")
    assert worklists(bench.world, bench.now).weight_alerts == ()


def test_a_patient_who_counts_by_the_dose_received_is_shown_at_both_levels() -> None:
    bench = short()
    counts_at(bench, 1)
    assert [(each.patient, each.assigned_level) for each in cohort(bench.world, 1).members][-1] == ("004", 2)
    assert [(each.patient, each.evaluable) for each in cohort(bench.world, 2).members] == [("004", False)]

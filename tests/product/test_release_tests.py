"""Release tests: what lies at, below and above each limit of the protocol, and what cannot be read."""

from typing import Any

import pytest

from ledger import refusals as no
from ledger.decisions.infusion import PlanDose
from ledger.decisions.products_release import RecordReleaseTest
from ledger.errors import LedgerError
from ledger.product.events import ReleaseTestRecorded
from ledger.product.testing import units_of
from ledger.protocol.load import bundled, load_protocol
from tests.product.lots import LOT, PASSING, ProductBench, collect, dispose, fork, make, pass_tests, result, trial

LIMITS = load_protocol(bundled("nct07256210")).release_limits


def made() -> ProductBench:
    bench = trial()
    collect(bench)
    make(bench)
    return bench


def recorded(bench: ProductBench, test: str, said: str, unit: str | None, **more: Any) -> ReleaseTestRecorded:
    event = result(bench, test, said, unit, **more)[0]
    assert isinstance(event, ReleaseTestRecorded)
    return event


MEASURED = [  # test, unit, below, at, above; then which of the three pass
    ("endotoxin_eu_per_ml", "eu_per_ml", "4.99", "5", "5.01", (True, False, False)),
    ("feeder_cells_percent", "percent", "0.0999", "0.1", "0.1001", (True, False, False)),
    ("cd56_cd3neg_percent", "percent", "69.9", "70.0", "70.1", (False, False, True)),
    ("viability_percent", "percent", "69.99", "70", "70.01", (False, False, True)),
    ("lysis_percent_at_20_to_1", "percent", "19.9", "20", "20.1", (False, False, True)),
    # 200,000 per kg in 200 of 400 million cells to 20 kg: 8,000,000 in the lot
    ("cd3_cells_per_kg", "cells", "7999999", "8000000", "8000001", (True, False, False)),
]
FINDINGS = [
    ("sterility_gram_stain", "no_organisms", "gram_positive_cocci"),
    ("sterility_interim_culture", "no_growth", "growth"),
    ("mycoplasma_pcr", "negative", "positive"),
    ("hla_typing", "identical_to_donor", "mismatch"),
]


def test_the_tables_hold_every_limit_of_the_protocol() -> None:
    assert {row[0] for row in MEASURED} == {limit.test for limit in LIMITS.measured}
    assert {row[:2] for row in FINDINGS} == {(limit.test, limit.expected) for limit in LIMITS.findings}
    assert set(PASSING) == {row[0] for row in MEASURED} | {row[0] for row in FINDINGS}


@pytest.mark.parametrize(("test", "unit", "below", "at", "above", "passes"), MEASURED)
def test_a_measured_result_passes_on_the_right_side_of_its_limit(
    test: str, unit: str, below: str, at: str, above: str, passes: tuple[bool, bool, bool]
) -> None:
    limit = next(limit for limit in LIMITS.measured if limit.test == test)
    for said, passed in zip((below, at, above), passes, strict=True):
        event = recorded(made(), test, said, unit)
        assert (event.passed, event.comparison, event.limit) == (passed, limit.comparison, limit.limit)


@pytest.mark.parametrize(("test", "expected", "found"), FINDINGS)
def test_a_finding_passes_as_expected_only(test: str, expected: str, found: str) -> None:
    assert recorded(made(), test, expected, None).passed is True
    assert recorded(made(), test, found, None).passed is False


@pytest.fixture(scope="module")
def tested() -> ProductBench:
    bench = made()
    pass_tests(bench)
    return bench


@pytest.mark.parametrize("test", PASSING)
def test_no_lot_is_released_without_one_of_the_tests(test: str) -> None:
    bench = made()
    pass_tests(bench, without=test)
    with pytest.raises(no.ReleaseTestMissing, match=f"{LOT}: {test}") as refusal:
        dispose(bench, "conditional")
    assert refusal.value.rule == "product-1"


@pytest.mark.parametrize(
    ("test", "said", "unit"),
    [(row[0], row[3], row[1]) for row in MEASURED] + [(row[0], row[2], None) for row in FINDINGS],
)
def test_no_lot_is_released_with_a_result_at_a_limit_or_otherwise_than_expected(
    tested: ProductBench, test: str, said: str, unit: str | None
) -> None:
    bench = fork(tested)
    result(bench, test, said, unit)
    with pytest.raises(no.ReleaseTestFailed, match=f"{LOT}: {test}") as refusal:
        dispose(bench, "conditional")
    assert refusal.value.rule == "product-1"


@pytest.mark.parametrize(
    ("test", "said", "unit", "refusal"),
    [
        ("endotoxin_eu_per_ml", "1", "eu_per_kg", no.WrongUnit),
        ("viability_percent", "95", "eu_per_ml", no.WrongUnit),
        ("cd3_cells_per_kg", "1000", "percent", no.WrongUnit),
        ("viability_percent", "95", None, no.FindingsContradict),
        ("viability_percent", "good", None, no.FindingsContradict),
        ("viability_percent", "100.1", "percent", no.FindingsContradict),
        ("mycoplasma_pcr", "negative", "percent", no.FindingsContradict),
        ("mycoplasma_pcr", "0", "percent", no.FindingsContradict),
        ("sterility_final_culture", "growth", None, no.FindingsContradict),
    ],
)
def test_what_cannot_be_compared_with_the_limit_is_refused(
    test: str, said: str, unit: str | None, refusal: type[LedgerError]
) -> None:
    bench = made()
    with bench.refuses(refusal):
        result(bench, test, said, unit)


def test_units_are_read_from_the_names_of_the_tests() -> None:
    units = {limit.test: units_of(limit) for limit in LIMITS.measured}
    assert units == {row[0]: (row[1],) for row in MEASURED} | {"cd3_cells_per_kg": ("cells_per_kg", "cells")}


def test_a_test_that_the_protocol_does_not_know_is_kept_and_judges_nothing() -> None:
    bench = made()
    event = recorded(bench, "telomerase_percent", "3", "percent")
    assert (event.passed, event.limit, event.comparison) == (None, None, None)


def test_the_latest_day_counts_and_of_one_day_the_last_report() -> None:
    bench = made()
    yesterday = bench.day.replace(day=bench.day.day - 1)
    result(bench, "viability_percent", "60", "percent")
    result(bench, "viability_percent", "95", "percent", tested_on=yesterday)
    assert (held := bench.lot().result("viability_percent")) is not None
    assert held.event.result == "60"
    result(bench, "viability_percent", "80", "percent")
    assert (held := bench.lot().result("viability_percent")) is not None
    assert held.event.result == "80"


def test_a_corrected_result_takes_the_place_of_what_it_corrects() -> None:
    bench = made()
    result(bench, "viability_percent", "59", "percent")
    wrong = bench.world.size - 1
    result(bench, "viability_percent", "80", "percent")
    command = bench.lot().results[0].event.model_copy(update={"result": "95"})
    bench.ask(_report(command), corrects=wrong, reason=bench.seal("misread"))
    assert [held.event.result for held in bench.lot().results] == ["95", "80"]
    assert (held := bench.lot().result("viability_percent")) is not None
    assert held.event.result == "80"


def _report(event: ReleaseTestRecorded) -> RecordReleaseTest:
    return RecordReleaseTest(lot=LOT, test=event.test, result=event.result, unit=event.unit, tested_on=event.tested_on)


def test_a_result_said_again_keeps_the_judgement_it_had() -> None:
    bench = made()
    result(bench, "cd3_cells_per_kg", "100000", "cells_per_kg")
    bench.ask(PlanDose(patient="001", ordinal=1, weight_kg="21", weighed_on=bench.day))
    assert result(bench, "cd3_cells_per_kg", "100000", "cells_per_kg") == ()


def test_a_number_of_cells_is_judged_once_the_recipient_was_weighed() -> None:
    bench = trial()
    collect(bench, patient=None)
    make(bench)
    assert recorded(bench, "cd3_cells_per_kg", "3000000", "cells").passed is None
    assert recorded(bench, "cd3_cells_per_kg", "3000000", "cells", weight_kg="20").passed is True
    assert recorded(bench, "cd3_cells_per_kg", "4000000", "cells", weight_kg="20").passed is False  # all of the lot
    with bench.refuses(no.FindingsContradict):
        result(bench, "cd3_cells_per_kg", "150000", "cells_per_kg")


@pytest.mark.parametrize(("weight_kg", "passed"), [("20", True), ("19", True), ("0.5", True)])
def test_a_result_per_kg_is_of_the_whole_lot_at_the_stated_weight(weight_kg: str, passed: bool) -> None:
    event = recorded(made(), "cd3_cells_per_kg", "199999", "cells_per_kg", weight_kg=weight_kg)
    assert event.passed is passed


def test_no_weight_is_nothing() -> None:
    bench = made()
    with bench.refuses(no.FindingsContradict):
        result(bench, "cd3_cells_per_kg", "1", "cells_per_kg", weight_kg="0")

"""What lies exactly on a threshold of the bundled protocol."""

from fractions import Fraction

import pytest

from ledger.protocol.load import bundled, load_protocol
from ledger.protocol.safety import BoundaryStep, PhaseTwo, TableBoundary

TRIAL = load_protocol(bundled("nct07256210"))


def crosses_at(phase_2: PhaseTwo | None, treated: int) -> int:
    assert phase_2 is not None
    return next(dlts for dlts in range(treated + 2) if phase_2.boundary.crossed(dlts, treated))


def test_a_disease_that_is_not_listed_has_no_threshold() -> None:
    assert TRIAL.eligibility.disease is not None
    assert TRIAL.eligibility.disease.of("B-ALL") is None


@pytest.mark.parametrize(
    ("agent", "dose_mg", "prednisone_mg"),
    [
        ("prednisone", "5", "5"),
        ("prednisolone", "7", "7"),
        ("methylprednisolone", "4", "5"),
        ("dexamethasone", "3/4", "5"),
        ("hydrocortisone", "50", "25/2"),
    ],
)
def test_steroids_are_counted_as_prednisone(agent: str, dose_mg: str, prednisone_mg: str) -> None:
    assert TRIAL.readiness.prednisone_mg(agent, Fraction(dose_mg)) == Fraction(prednisone_mg)


def test_a_steroid_that_the_table_lacks_is_not_guessed() -> None:
    assert TRIAL.readiness.prednisone_mg("betamethasone", Fraction(1)) is None


@pytest.mark.parametrize(
    ("test", "measured", "met"),
    [
        ("endotoxin_eu_per_ml", "5", False),
        ("endotoxin_eu_per_ml", "499/100", True),
        ("feeder_cells_percent", "1/10", False),
        ("cd3_cells_per_kg", "200000", False),
        ("cd3_cells_per_kg", "199999", True),
        ("cd56_cd3neg_percent", "70", False),
        ("viability_percent", "701/10", True),
        ("lysis_percent_at_20_to_1", "20", False),
    ],
)
def test_a_release_limit_itself_does_not_pass(test: str, measured: str, met: bool) -> None:
    limit = next(each for each in TRIAL.release_limits.measured if each.test == test)
    assert limit.met(Fraction(measured)) is met


def test_t_cells_alone_are_limited_over_both_infusions() -> None:
    summed = [limit.test for limit in TRIAL.release_limits.measured if limit.summed_over_infusions]
    assert summed == ["cd3_cells_per_kg"]


@pytest.mark.parametrize(
    ("treated", "dlts"),
    [(6, 2), (7, 3), (9, 3), (10, 4), (12, 4), (13, 5), (15, 5)],
)
def test_phase_2_stops_at_one_third_with_a_dlt(treated: int, dlts: int) -> None:
    assert crosses_at(TRIAL.phase_2, treated) == dlts


def test_phase_2_does_not_stop_on_fewer_than_six() -> None:
    assert crosses_at(TRIAL.phase_2, 6) == 2
    assert TRIAL.phase_2 is not None
    assert not TRIAL.phase_2.boundary.crossed(5, 5)


@pytest.mark.parametrize(
    ("treated", "dlts"),
    [(2, 2), (3, 3), (4, 3), (5, 4), (7, 4), (8, 5), (10, 5), (11, 6), (14, 6), (15, 7), (16, 7)],
)
def test_a_pocock_boundary_is_a_table(treated: int, dlts: int) -> None:
    printed = [(2, 2), (3, 4), (4, 7), (5, 10), (6, 14), (7, 15)]
    steps = tuple(BoundaryStep(dlt_count=at, through_treated_count=through) for at, through in printed)
    boundary = TableBoundary(kind="table", steps=steps)
    assert next(count for count in range(20) if boundary.crossed(count, treated)) == dlts


def test_a_dose_is_decided_by_three_people() -> None:
    assert TRIAL.quorum.seats() == {"principal_investigator": 1, "medical_monitor": 1, "safety_committee": 1}

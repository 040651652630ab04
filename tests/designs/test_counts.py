"""The counts that a design is asked about."""

import pytest

from ledger.designs.base import Outcomes, Tally


@pytest.mark.parametrize(
    ("tally", "counted"),
    [
        (Tally(3, 1, pending=1, candidates=1), Tally(3, 2, pending=1)),
        (Tally(0, 0, pending=3, candidates=2), Tally(2, 2, pending=1)),
        (Tally(1, 1, pending=2, candidates=1, exceeded=True), Tally(2, 2, pending=1, exceeded=True)),
        (Tally(1, 1, candidates=1, treated=2), Tally(2, 2, treated=2)),
    ],
)
def test_a_level_with_every_candidate_a_dlt(tally: Tally, counted: Tally) -> None:
    assert tally.with_candidates_counted() == counted


@pytest.mark.parametrize(
    ("evaluable", "dlt", "pending", "candidates", "treated"),
    [(-1, 0, 0, 0, 0), (1, -1, 0, 0, 0), (1, 0, -1, 0, 0), (1, 0, 0, -1, 0), (1, 0, 0, 0, -1)],
)
def test_a_count_is_never_negative(evaluable: int, dlt: int, pending: int, candidates: int, treated: int) -> None:
    with pytest.raises(ValueError, match="not negative"):
        Tally(evaluable, dlt, pending=pending, candidates=candidates, treated=treated)


def test_there_are_no_more_dlts_than_evaluable_patients() -> None:
    with pytest.raises(ValueError, match="patient with a DLT is evaluable"):
        Tally(evaluable=1, dlt=2)


@pytest.mark.parametrize(("bottom", "top", "start"), [(1, 3, 0), (0, 3, 4), (2, 1, 1), (-1, 3, 1)])
def test_a_trial_starts_on_its_ladder(bottom: int, top: int, start: int) -> None:
    with pytest.raises(ValueError, match="start level"):
        Outcomes({}, bottom=bottom, top=top, start=start)


def test_nobody_is_treated_beside_the_ladder() -> None:
    with pytest.raises(ValueError, match="every level"):
        Outcomes({4: Tally(1, 0)}, bottom=0, top=3, start=1)

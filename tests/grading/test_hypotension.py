"""The systolic limits of hypotension by age."""

import pytest

from ledger.grading.hypotension import hypotension_limit_mmhg


@pytest.mark.parametrize(
    ("age", "limit"),
    [
        ((0, 1), 70),
        ((0, 11), 70),
        ((1, 0), 72),
        ((1, 11), 72),
        ((2, 0), 74),
        ((9, 11), 88),
        ((10, 0), 90),
        ((10, 11), 90),
        ((11, 0), 90),
        ((25, 11), 90),
    ],
)
def test_the_limit_goes_by_completed_age(age: tuple[int, int], limit: int) -> None:
    assert hypotension_limit_mmhg(*age) == limit


@pytest.mark.parametrize("age", [(0, 0), (-1, 6), (3, 12), (3, -1)])
def test_there_is_no_limit_for_an_age_outside_the_table(age: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least one month"):
        hypotension_limit_mmhg(*age)

"""Steroids before an infusion: rolling 24 hours, in prednisone per kg, in exact numbers (A.3-11)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.grading.steroids import SteroidDose, SteroidExposure, steroid_exposure
from ledger.protocol.load import bundled, load_protocol
from tests.examples import examples

READINESS = load_protocol(bundled("nct07256210")).readiness
INFUSION = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def dose(hours_before: float, mg: str, agent: str = "prednisone") -> SteroidDose:
    return SteroidDose(agent=agent, dose_mg=Fraction(mg), given_at=INFUSION - timedelta(hours=hours_before))


def exposure(*doses: SteroidDose, weight: str = "20") -> SteroidExposure:
    return steroid_exposure(doses, before=INFUSION, weight_kg=Fraction(weight), readiness=READINESS)


def test_no_steroid_passes() -> None:
    found = exposure()
    assert (found.mg_per_kg_per_day, found.passes, found.highest_through) == (Fraction(0), True, None)
    assert found.table_version == READINESS.steroid_table_version


@pytest.mark.parametrize(("mg", "passes"), [("9.9", True), ("10", True), ("10.01", False)])
def test_exactly_half_a_milligram_per_kg_passes(mg: str, passes: bool) -> None:
    assert exposure(dose(5, mg)).passes is passes


def test_doses_within_24_hours_are_summed() -> None:
    found = exposure(dose(10, "6"), dose(33.9, "6"))
    assert (found.mg_per_kg_per_day, found.passes) == (Fraction(3, 5), False)


def test_the_same_hour_every_day_is_one_dose_a_day() -> None:
    found = exposure(*(dose(hours, "10") for hours in (4, 28, 52)))
    assert (found.mg_per_kg_per_day, found.passes) == (Fraction(1, 2), True)


def test_the_rolling_day_is_no_calendar_day() -> None:
    """22:00 and 06:00 the next day are two calendar days and one rolling day."""
    found = exposure(dose(38, "6"), dose(30, "6"))
    assert found.mg_per_kg_per_day == Fraction("3/5")
    assert found.highest_through == INFUSION - timedelta(hours=30)


@pytest.mark.parametrize(("hours_before", "counts"), [(0, True), (72, True), (72.01, False), (-0.01, False)])
def test_the_lookback_includes_both_its_ends(hours_before: float, counts: bool) -> None:
    assert exposure(dose(hours_before, "100")).passes is not counts


def test_a_dose_before_the_lookback_adds_nothing_to_one_inside() -> None:
    assert exposure(dose(72.5, "8"), dose(71, "8")).mg_per_kg_per_day == Fraction("2/5")


@pytest.mark.parametrize(
    ("agent", "mg", "expected"),
    [
        ("prednisolone", "10", "1/2"),
        ("methylprednisolone", "8", "1/2"),
        ("dexamethasone", "1.5", "1/2"),
        ("hydrocortisone", "40", "1/2"),
    ],
)
def test_every_agent_is_counted_as_prednisone(agent: str, mg: str, expected: str) -> None:
    assert exposure(dose(1, mg, agent)).mg_per_kg_per_day == Fraction(expected)


def test_dexamethasone_premedication_counts() -> None:
    """Half an hour before the infusion, 2 mg in a child of 20 kg."""
    found = exposure(dose(0.5, "2", "dexamethasone"))
    assert (found.mg_per_kg_per_day, found.passes) == (Fraction(2, 3), False)
    assert found.rounded_up == "0.667"


def test_an_unknown_agent_is_not_computable() -> None:
    found = exposure(dose(1, "1"), dose(2, "1", "betamethasone"))
    assert (found.mg_per_kg_per_day, found.rounded_up, found.passes) == (None, "0.050", None)
    assert (found.known_mg_per_kg_per_day, found.agents_unknown) == (Fraction(1, 20), ("betamethasone",))


def test_an_unknown_agent_does_not_save_what_fails_without_it() -> None:
    found = exposure(dose(1, "11"), dose(2, "1", "betamethasone"))
    assert (found.mg_per_kg_per_day, found.passes) == (None, False)


def test_an_unknown_agent_outside_the_lookback_does_not_matter() -> None:
    assert exposure(dose(80, "1", "betamethasone"), dose(1, "1")).passes is True


def test_instants_of_different_places_are_compared_as_instants() -> None:
    there = INFUSION.astimezone(timezone(timedelta(hours=3)))
    away = SteroidDose(agent="prednisone", dose_mg=Fraction(10), given_at=there - timedelta(hours=72))
    assert exposure(away).mg_per_kg_per_day == Fraction("1/2")


@pytest.mark.parametrize("weight", ["0", "-1"])
def test_a_weight_is_more_than_nothing(weight: str) -> None:
    with pytest.raises(ValueError, match="weight"):
        exposure(weight=weight)


@pytest.mark.parametrize(
    ("mg", "weight", "expected"), [("10", "20", "0.500"), ("1", "3", "0.334"), ("25", "2", "12.500")]
)
def test_the_decimal_is_never_less_than_the_exposure(mg: str, weight: str, expected: str) -> None:
    assert exposure(dose(1, mg), weight=weight).rounded_up == expected


def at_every_minute(doses: Sequence[tuple[int, int]]) -> int:
    """The largest sum of any 24 hours that begin on a full minute and lie in the lookback, in minutes and mg."""
    return max(
        sum(mg for minute, mg in doses if start <= minute < start + 24 * 60) for start in range(-72 * 60, -24 * 60 + 2)
    )


@settings(max_examples=examples(15), deadline=None)
@given(st.lists(st.tuples(st.integers(-75 * 60, 0), st.integers(0, 30)), max_size=8))
def test_no_day_that_begins_at_any_minute_holds_more(doses: list[tuple[int, int]]) -> None:
    found = exposure(*(dose(-minute / 60, str(mg)) for minute, mg in doses), weight="1")
    assert found.mg_per_kg_per_day == at_every_minute([each for each in doses if each[0] >= -72 * 60])


@given(st.permutations([dose(1, "3"), dose(20, "4"), dose(40, "5"), dose(41, "1", "dexamethasone")]))
def test_the_order_of_entry_does_not_matter(doses: list[SteroidDose]) -> None:
    assert exposure(*doses) == exposure(*sorted(doses, key=lambda each: each.given_at))


def test_a_dose_that_is_not_known_in_mg_is_not_nothing() -> None:
    found = exposure(SteroidDose(agent="prednisone", dose_mg=None, given_at=INFUSION))
    assert (found.mg_per_kg_per_day, found.agents_unknown, found.passes) == (None, ("prednisone",), None)

"""The bundled protocol says what the registry record says, exactly."""

import json
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from ledger.protocol.consistency import doubts
from ledger.protocol.document import NoSuchInfusion, NoSuchLevel
from ledger.protocol.load import bundled, load_protocol, stored_bytes

TRIAL = load_protocol(bundled("nct07256210"))
MILLION = 1_000_000

RULES = [
    *(f"P{number}" for number in range(1, 15)),
    *("I1", "I2a", "I2b", "I2c"),
    *(f"I{number}" for number in range(3, 12)),
    *(f"X{number}" for number in range(1, 8)),
    "R1",
]


def floats_in(tree: Any) -> list[float]:
    match tree:
        case dict():
            return [found for member in tree.values() for found in floats_in(member)]
        case list():
            return [found for member in tree for found in floats_in(member)]
        case float():
            return [tree]
        case _:
            return []


@pytest.mark.parametrize(
    ("level", "first", "second"),
    [
        (0, Fraction(10, 3), Fraction(5, 3)),
        (1, Fraction(20, 3), Fraction(10, 3)),
        (2, Fraction(40, 3), Fraction(20, 3)),
        (3, 20, 10),
    ],
)
def test_a_level_is_split_two_thirds_and_one_third_exactly(level: int, first: Fraction, second: Fraction) -> None:
    """P3."""
    assert TRIAL.planned_cells_per_kg(level, 1) == first * MILLION
    assert TRIAL.planned_cells_per_kg(level, 2) == second * MILLION
    assert TRIAL.level_total(level) == (first + second) * MILLION


def test_a_child_of_8_kg_at_level_1_gets_53_33_and_26_67_million_cells() -> None:
    cells = [8 * TRIAL.planned_cells_per_kg(1, ordinal) / MILLION for ordinal in TRIAL.ordinals()]
    assert cells == [Fraction(160, 3), Fraction(80, 3)]
    assert [f"{round(each * 100) // 100}.{round(each * 100) % 100}" for each in cells] == ["53.33", "26.67"]


def test_the_trial_starts_at_level_1_with_level_0_in_reserve() -> None:
    """P4."""
    assert TRIAL.levels() == (0, 1, 2, 3)
    assert (TRIAL.bottom, TRIAL.start, TRIAL.top) == (0, 1, 3)
    assert [level for level in TRIAL.levels() if TRIAL.is_reserve(level)] == [0]


def test_the_infusions_are_on_day_minus_12_and_about_day_5() -> None:
    """P5, A.3-9."""
    assert [TRIAL.day_of(ordinal) for ordinal in TRIAL.ordinals()] == [-12, 5]
    assert [TRIAL.window_of(ordinal) for ordinal in TRIAL.ordinals()] == [(-12, -12), (3, 7)]
    assert TRIAL.last_ordinal == 2


@pytest.mark.parametrize("level", [-1, 4])
def test_a_level_off_the_ladder_is_unknown(level: int) -> None:
    with pytest.raises(NoSuchLevel):
        TRIAL.level_total(level)


@pytest.mark.parametrize("ordinal", [0, 3])
def test_an_infusion_that_is_not_planned_is_unknown(ordinal: int) -> None:
    with pytest.raises(NoSuchInfusion):
        TRIAL.planned_cells_per_kg(1, ordinal)


@pytest.mark.parametrize(
    ("age_years", "signatures"),
    [
        (0, {"representative"}),
        (13, {"representative"}),
        (14, {"patient", "representative"}),
        (17, {"patient", "representative"}),
        (18, {"patient"}),
        (27, {"patient"}),
    ],
)
def test_who_signs_goes_by_age(age_years: int, signatures: set[str]) -> None:
    """I1, A.3-2."""
    assert TRIAL.consent_required(age_years) == signatures


@pytest.mark.parametrize(
    ("day", "agents"),
    [
        (-14, "fludarabine thiotepa cyclophosphamide"),
        (-13, "fludarabine thiotepa"),
        (-12, ""),
        (-4, "fludarabine treosulfan busulfan total_body_irradiation"),
        (-3, "fludarabine treosulfan busulfan total_body_irradiation"),
        (-2, "treosulfan busulfan total_body_irradiation"),
        (-1, "tocilizumab abatacept"),
        (0, ""),
        (7, "abatacept"),
        (14, "abatacept"),
        (28, "abatacept"),
    ],
)
def test_the_day_table(day: int, agents: str) -> None:
    """P9, P10, P12 and, with days after +7 in it, A.3-17."""
    assert " ".join(dose.agent for dose in TRIAL.scheduled_on(day)) == agents


def test_the_courses_add_up_to_what_the_record_prints() -> None:
    """P9, P10."""
    courses = {(dose.agent, dose.unit): dose.course_dose for dose in TRIAL.schedule}
    assert courses["thiotepa", "mg/kg"] == 10
    assert courses["treosulfan", "g/m2"] == 42
    assert courses["busulfan", "mg/kg"] == 12
    assert courses["total_body_irradiation", "Gy"] == 12
    assert sum(dose.course_dose for dose in TRIAL.schedule if dose.agent == "fludarabine") == 160


def test_the_last_abatacept_alone_depends_on_the_donor() -> None:
    """P12, A.3-24."""
    conditional = [(dose.agent, dose.days, dose.only_if_donor) for dose in TRIAL.schedule if dose.only_if_donor]
    assert conditional == [("abatacept", (28,), "haploidentical")]


def test_the_objectives_are_text_and_no_endpoint_is_given() -> None:
    """P2."""
    assert TRIAL.objectives.primary.startswith("Feasibility, safety and the maximum tolerated dose")
    assert (len(TRIAL.objectives.secondary), TRIAL.objectives.endpoints) == (3, ())


def test_donors_of_two_types_are_ranked_and_none_excluded() -> None:
    """P13."""
    assert TRIAL.donor.types == ("haploidentical", "matched_related")
    assert TRIAL.donor.ranking[1] == "KIR-ligand mismatch preferred"


def test_phase_2_is_a_descriptive_expansion_of_three_diseases() -> None:
    """P1, A.3-22."""
    assert TRIAL.phases == ("I", "II")
    assert TRIAL.phase_2 is not None
    assert TRIAL.phase_2.design == "descriptive_expansion"
    assert TRIAL.eligibility.disease is not None
    assert [each.disease for each in TRIAL.eligibility.disease.diseases] == ["AML", "T-ALL", "MPAL"]


def test_a_planned_completion_before_the_last_follow_up_is_told_and_blocks_nothing() -> None:
    """P14, A.3-21."""
    assert list(doubts(TRIAL)) == [
        "planned_completion_on: 2 years of follow-up end by then for a graft by 2025-10-31, 175 days after the planned"
        " start; the cohorts need at least 228 (A.3-21)"
    ]
    later = TRIAL.model_copy(update={"planned_completion_on": date(2027, 12, 23)})
    assert list(doubts(later)) == []
    assert list(doubts(TRIAL.model_copy(update={"planned_completion_on": date(2027, 12, 22)}))) != []
    assert list(doubts(TRIAL.model_copy(update={"planned_start_on": None}))) == []


def test_every_rule_of_the_record_is_there_once() -> None:
    assert [rule.id for rule in TRIAL.rules] == RULES


def test_every_criterion_of_the_record_is_there_once() -> None:
    criteria = [(criterion.id, criterion.kind) for criterion in TRIAL.eligibility.criteria]
    included = [(f"I{number}", "inclusion") for number in range(1, 12)]
    assert criteria == [*included, *((f"X{number}", "exclusion") for number in range(1, 8))]


def test_only_uncontrolled_infection_is_for_a_determination() -> None:
    criteria = TRIAL.eligibility.criteria
    assert [criterion.id for criterion in criteria if criterion.assessed_by == "determination"] == ["X5"]


def test_every_interpretation_is_there_once() -> None:
    assert [each.id for each in TRIAL.interpretations] == [f"A.3-{number}" for number in range(1, 29)]


def test_a_reading_further_down_its_order_or_outside_it_is_less_cautious() -> None:
    age = TRIAL.interpretation("A.3-1")
    assert age is not None
    assert not age.is_less_cautious(age.reading)
    assert not age.is_less_cautious("from-one-year")
    assert age.is_less_cautious("from-one-month")
    assert age.is_less_cautious("something-else")


def test_the_document_is_stored_below_30_kib_without_a_float() -> None:
    assert stored_bytes(TRIAL) < 30 * 1024
    assert floats_in(json.loads(TRIAL.model_dump_json())) == []


def test_every_member_name_is_of_the_kind_that_canonical_json_sorts_by_byte() -> None:
    def names(tree: Any) -> list[str]:
        members = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else []
        return [*(tree if isinstance(tree, dict) else []), *(name for member in members for name in names(member))]

    assert all(name.isascii() and name.islower() for name in names(json.loads(TRIAL.model_dump_json())))


def test_a_document_survives_json_unchanged() -> None:
    assert load_protocol(TRIAL.model_dump_json()) == TRIAL
    assert type(TRIAL).model_validate_json(TRIAL.model_dump_json()) == TRIAL

"""Another trial is another document: nothing in the code is about the bundled one."""

from fractions import Fraction
from pathlib import Path

from ledger.protocol.load import load_protocol

OTHER = load_protocol(Path(__file__).with_name("second_protocol.yaml").read_text(encoding="utf-8"))


def test_a_ladder_may_have_four_levels_and_no_reserve() -> None:
    assert OTHER.levels() == (1, 2, 3, 4)
    assert (OTHER.bottom, OTHER.start, OTHER.top) == (1, 1, 4)
    assert not any(OTHER.is_reserve(level) for level in OTHER.levels())


def test_one_infusion_gives_the_whole_dose() -> None:
    assert OTHER.ordinals() == (1,)
    assert OTHER.last_ordinal == 1
    assert OTHER.planned_cells_per_kg(3, 1) == OTHER.level_total(3) == Fraction(10_000_000, 3)
    assert OTHER.window_of(1) == (0, 3)


def test_thresholds_that_a_protocol_does_not_have_are_null() -> None:
    assert [threshold.criterion for threshold in OTHER.eligibility.thresholds()] == ["E2"]
    assert OTHER.eligibility.renal is None


def test_everyone_may_sign_alone() -> None:
    assert OTHER.consent_required(3) == OTHER.consent_required(70) == {"patient"}


def test_a_document_of_one_phase_has_no_phase_2() -> None:
    assert OTHER.phases == ("I",)
    assert OTHER.phase_2 is None


def test_the_quorum_may_have_other_sizes() -> None:
    assert OTHER.quorum.seats() == {"principal_investigator": 2, "medical_monitor": 1, "safety_committee": 3}


def test_a_limit_may_itself_pass() -> None:
    (viability,) = OTHER.release_limits.measured
    assert viability.met(Fraction(80))
    assert not viability.met(Fraction(799, 10))


def test_a_steroid_table_may_count_in_other_units() -> None:
    assert OTHER.readiness.prednisone_mg("dexamethasone", Fraction(4, 5)) == 5


def test_it_survives_json_unchanged() -> None:
    assert load_protocol(OTHER.model_dump_json()) == OTHER

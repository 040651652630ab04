"""The five grades of CTCAE."""

from ledger.grading.ctcae import SCALE, SEVERITY, TABLE_VERSION


def test_the_grades_are_one_to_five_from_mild_to_death() -> None:
    assert [(grade, SEVERITY[grade]) for grade in sorted(SEVERITY)] == [
        (1, "mild"),
        (2, "moderate"),
        (3, "severe"),
        (4, "life-threatening"),
        (5, "death"),
    ]


def test_the_scale_and_its_version_have_the_stored_names() -> None:
    assert (SCALE, TABLE_VERSION) == ("CTCAE", "CTCAE-5.0")

"""The result of a grading cannot say two things at once."""

from typing import Any

import pytest
from pydantic import ValidationError

from ledger.grading.astct import GradeResult

CERTAIN: dict[str, Any] = {
    "grade": 3,
    "at_least": 3,
    "at_most": 3,
    "by_domain": ("hypoxia",),
    "needs_adjudication": (),
}
OPEN: dict[str, Any] = {
    "grade": None,
    "at_least": 2,
    "at_most": 3,
    "by_domain": ("hypoxia",),
    "needs_adjudication": ("oxygen_flow_not_recorded",),
}


@pytest.mark.parametrize("fields", [CERTAIN, OPEN])
def test_a_result_survives_being_stored(fields: dict[str, Any]) -> None:
    result = GradeResult(**fields)
    assert GradeResult.model_validate_json(result.model_dump_json()) == result


@pytest.mark.parametrize(
    "fields",
    [
        CERTAIN | {"grade": None},
        CERTAIN | {"grade": 2},
        CERTAIN | {"at_least": 2},
        CERTAIN | {"at_most": 6, "at_least": 6, "grade": 6},
        CERTAIN | {"needs_adjudication": ("oxygen_flow_not_recorded",)},
        CERTAIN | {"by_domain": ("liver",)},
        OPEN | {"grade": 3},
        OPEN | {"grade": 2},
        OPEN | {"at_least": 4},
        OPEN | {"needs_adjudication": ()},
        OPEN | {"needs_adjudication": ("unsure",)},
    ],
)
def test_a_grade_and_its_doubts_exclude_each_other(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GradeResult(**fields)

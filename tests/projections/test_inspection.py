"""The readable files of an audit package."""

import orjson
import pytest

from projections import inspection
from projections.patients import PatientLine, patients
from tests.projections.trials import three_treated


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_list_that_is_written_piece_by_piece_is_the_same_bytes(count: int) -> None:
    lines: list[PatientLine] = list(patients(three_treated().world))[:count]
    whole = orjson.dumps([line.model_dump(mode="json") for line in lines], option=inspection._SPELLED)
    assert b"".join(inspection._listed(lines)) == whole

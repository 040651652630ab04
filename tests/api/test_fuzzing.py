"""Whatever is generated from the description is answered as the description says, and never with a mistake of ours.

A few requests of each operation; `make fuzz` makes more.
"""

from collections.abc import Iterator

import pytest

from tests.api.fuzzing import Form, filled, forbidden, permitted
from tests.api.place import Place

SHORT = Form(examples=3, chance=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = filled(tmp_path_factory.mktemp("fuzzing"))
    yield made
    made.stop()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_the_description_permits_is_answered_as_it_says(place: Place) -> None:
    assert {200, 201, 404, 409} <= set(permitted(place, SHORT))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_the_description_forbids_is_refused(place: Place) -> None:
    assert {400, 422} <= set(forbidden(place, SHORT))

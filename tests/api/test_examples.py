"""The documented examples run a whole trial."""

from tests.api.place import Place
from tests.api.story import ROWS, whole


def test_a_whole_trial_runs_on_the_documented_examples(place: Place) -> None:
    story = whole(place)
    assert set(ROWS) - story.sent == set()

"""The documented examples run a whole trial."""

import pytest

from ledger.decisions import installation
from ledger.decisions.carry_out import DECISIONS
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.evidence import BY_THE_LEDGER
from tests.api.place import Place
from tests.api.story import ROWS, whole


@pytest.mark.slow
def test_a_whole_trial_runs_on_the_documented_examples(place: Place) -> None:
    story = whole(place)
    assert set(ROWS) - story.sent == set()


def test_every_command_has_one_route() -> None:
    commands = [write.command for write in ROWS.values()]
    assert len(set(commands)) == len(commands)
    assert set(commands) == {*DECISIONS, CorrectRecord} - BY_THE_LEDGER - set(installation.DECISIONS)


def test_every_example_has_its_place_in_the_path() -> None:
    for write in ROWS.values():
        assert set(write.at) == set(write.parameters)

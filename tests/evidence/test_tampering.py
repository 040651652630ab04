"""Whatever somebody with the servers does, the verifier names it. `make tamper` is the long form."""

import random
from collections.abc import Callable, Iterator

import pytest

from ledger.evidence.verify import INCOMPLETE, VERIFIED
from tests.evidence.attacks import CAMPAIGN, Attack, one_bit, one_bit_of_every_byte
from tests.evidence.history import History, history
from tests.evidence.remembering import remembering

SEED = 20_261_122


@pytest.fixture(autouse=True)
def _the_same_bytes_are_read_once() -> Iterator[None]:
    with remembering():
        yield


def test_nothing_is_found_where_nothing_was_done() -> None:
    report = history().verify(history().files)
    assert (report.exit, report.findings) == (VERIFIED, [])
    assert report.size == len(history().leaves) == 200
    assert report.time_proven == 200
    assert len(report.cosigned_by) == 3


@pytest.mark.parametrize("campaign", CAMPAIGN[1:], ids=lambda each: each.__name__)
def test_every_attack_is_named(campaign: Callable[[History], Iterator[Attack]]) -> None:
    missed = [(attack.kind, told(attack)) for attack in campaign(history()) if not noticed(attack)]
    assert missed == []


def test_one_changed_bit_in_some_bytes_of_every_file() -> None:
    chance = random.Random(SEED)
    tries = [
        one_bit(history(), name, at, chance.randrange(8))
        for name, raw in sorted(history().files.items())
        for at in chance.sample(range(len(raw)), 40)
    ]
    assert [(attack.kind, told(attack)) for attack in tries if not noticed(attack)] == []


def test_the_campaign_itself_can_fail() -> None:
    """A verifier that forgets a rule would be caught: the honest bundle answers no attack as it should be answered."""
    honest = history().verify(history().files)
    attack = next(one_bit_of_every_byte(history()))
    assert not attack.answered_by(honest)


def noticed(attack: Attack) -> bool:
    return attack.answered_by(history().verify(attack.files, *attack.held))


def told(attack: Attack) -> str:
    report = history().verify(attack.files, *attack.held)
    return f"exit {report.exit}: {report.first_bad}, wanted {attack.exit} {attack.first} {sorted(attack.rules)[:5]}"


def test_a_length_that_reaches_beyond_its_file_leaves_the_rest_unread_from_that_entry_on() -> None:
    name = next(name for name in history().files if name.startswith("tile/entries/"))
    last = len(history().files[name]) - len(history().leaves[-1]) - 2
    attack = one_bit(history(), name, last, 7)
    assert (attack.exit, attack.first) == (INCOMPLETE, range(199, 200))
    assert noticed(attack)

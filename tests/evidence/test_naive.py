"""Two verifiers that share nothing but a page of prose give one answer."""

import random
from collections.abc import Callable, Iterator
from functools import lru_cache

import pytest

from ledger.evidence import verify
from tests.evidence import rfc9162
from tests.evidence.attacks import CAMPAIGN, Attack, one_bit
from tests.evidence.filed import POLICY_TEXT
from tests.evidence.history import History, history
from tests.evidence.naive import Naive

EVERYBODY = POLICY_TEXT.replace(b"outside 2", b"outside all").decode()
SOME = 6
"""Of each campaign so many tries; the naive one takes a second for some."""


@pytest.fixture(autouse=True)
def _each_subtree_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recursion meets the same leaves again and again."""
    remembered = lru_cache(maxsize=None)(lambda leaves: PLAIN(list(leaves)))
    monkeypatch.setattr("tests.evidence.naive.mth", lambda leaves: remembered(tuple(leaves)))


PLAIN = rfc9162.mth


def test_both_find_nothing_where_nothing_was_done() -> None:
    assert Naive(history().files, EVERYBODY).exit == history().verify(history().files).exit == verify.VERIFIED


@pytest.mark.slow
@pytest.mark.parametrize("campaign", CAMPAIGN[1:], ids=lambda each: each.__name__)
def test_both_say_the_same_of_an_attack(campaign: Callable[[History], Iterator[Attack]]) -> None:
    tries = list(campaign(history()))
    for attack in random.Random(7).sample(tries, min(SOME, len(tries))):
        assert agreed(attack), attack.kind


@pytest.mark.slow
def test_both_say_the_same_of_a_changed_bit() -> None:
    """Of tokens, which the naive one leaves to openssl, only what the log says of them counts: their hash."""
    chance = random.Random(7)
    for name, raw in sorted(history().files.items()):
        for at in chance.sample(range(len(raw)), SOME):
            attack = one_bit(history(), name, at, chance.randrange(8))
            if name.startswith("anchors/"):
                assert Naive(attack.files, EVERYBODY).exit == verify.INCOMPLETE
            else:
                assert agreed(attack), (name, at)


def agreed(attack: Attack) -> bool:
    return Naive(attack.files, EVERYBODY, *attack.held).exit == history().verify(attack.files, *attack.held).exit

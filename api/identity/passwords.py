"""Which passwords are taken, and how they are kept.

After NIST SP 800-63B-4, 3.1.1: at least 15 characters, or 8 beside a second factor; 128 at most; any characters, taken
as NFC; no rule about their kinds; no change without a reason. Refused is what attackers try first: the 30,000 most
common ones, also with digits or signs at their end or told twice, and what consists of the account's own words.

Kept is argon2id (RFC 9106), its parameters in the hash, so that old ones stay readable when the parameters rise.
"""

import asyncio
import re
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final, Literal, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger.errors import Busy

P = ParamSpec("P")
T = TypeVar("T")

SHORTEST: Final = 15
SHORTEST_WITH_SECOND_FACTOR: Final = 8
LONGEST: Final = 128
OWN_CHARACTERS: Final = 6
"""How many characters have to be left without the words that an attacker would put in."""

PRODUCT: Final = ("trial", "ledger", "password", "passwort", "clinical", "study", "hospital", "welcome")
_ENDING: Final = re.compile(r"[\W\d_]+$")
_LETTERS: Final = re.compile(r"[\W\d_]+")

Weakness = Literal["too short", "too long", "among the most common", "made of what everybody knows about the account"]


def normal(password: str) -> str:
    """A password as it is compared, whatever keyboard it was typed on."""
    return unicodedata.normalize("NFC", password)


def weakness(password: str, about: Iterable[str], second_factor: bool) -> Weakness | None:
    """Why a password is not taken; none for a good one. `about` are words that stand with the account."""
    length = len(normal(password))
    if length < (SHORTEST_WITH_SECOND_FACTOR if second_factor else SHORTEST):
        return "too short"
    if length > LONGEST:
        return "too long"
    plain = normal(password).casefold()
    if _is_common(plain):
        return "among the most common"
    return "made of what everybody knows about the account" if _is_known(plain, about) else None


def _is_common(plain: str) -> bool:
    # 30,000 texts, for the day on which somebody sets a password.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # none are published with it

    common = set(FREQUENCY_LISTS["passwords"])
    spellings = {plain, _ENDING.sub("", plain), _unit(plain), _unit(_ENDING.sub("", plain))}
    return len(set(plain)) < OWN_CHARACTERS or not common.isdisjoint(spellings - {""})


def _unit(text: str) -> str:
    """What a text repeats: `pass` of `passpass`; the text itself where it repeats nothing."""
    return text[: (text + text).find(text, 1)] if text else text


def _is_known(plain: str, about: Iterable[str]) -> bool:
    rest = plain
    for word in sorted({*PRODUCT, *(word.casefold() for word in about)}, key=len, reverse=True):
        if len(word) > 2:
            rest = rest.replace(word, "")
    return rest != plain and len(_LETTERS.sub("", rest)) < OWN_CHARACTERS


class Hashing:
    """Makes and compares hashes, a few at a time: each takes memory and time on purpose (64 MiB and 0.1 s by default).

    More than `waiting` in the queue are told to come again, so that no number of log-ins exhausts the machine.
    """

    def __init__(self, memory_kib: int, passes: int, at_once: int = 2, waiting: int = 64) -> None:
        lanes = max(1, min(4, memory_kib // 8))
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)
        self._pool = ThreadPoolExecutor(at_once, "passwords")
        self._most = at_once + waiting
        self._taken = 0

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        return self._hasher.hash(normal(password))

    def verify(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password. Where there is none, the same work is done for nothing: time tells nobody."""
        try:
            self._hasher.verify(hashed or self._nobodys, normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    def is_old(self, hashed: str) -> bool:
        """Whether it was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(hashed)

    async def beside(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """Do what hashes beside the event loop, when its turn comes; `Busy` where too many wait."""
        if self._taken >= self._most:
            raise Busy("log-ins")
        self._taken += 1
        try:
            return await asyncio.wrap_future(self._pool.submit(work, *given, **named))
        finally:
            self._taken -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

"""The free texts of a trial, as far as they can be read: the store keeps them, the keyring holds what opens them."""

from collections.abc import Iterable, Iterator
from typing import Final

from ledger.keyring import Keyring
from ledger.store.bundle import openings
from ledger.store.errors import VaultLocked
from ledger.store.reading import Reading
from ledger.store.rows import KeptText, RemovedText
from ledger.store.texts import SealedText
from ledger.store.vault import unlocked

NOT_READABLE: Final = "[not readable here]"
SHOWN_AS: Final = {"erased": "[erased]", "redacted": "[redacted]"}


class Texts:
    """The texts of one ledger."""

    def __init__(self, reading: Reading, keyring: Keyring) -> None:
        self._reading = reading
        self.keyring = keyring
        self._origin: str | None = None

    @property
    def origin(self) -> str:
        """The name of the log, which its keys and ciphertexts are bound to."""
        if self._origin is None:
            self._origin = self._reading.record(0).origin
        return self._origin

    def text(self, commitment: str) -> str | None:
        """The text behind a commitment; none where it is not kept, or cannot be read here."""
        for kept in self.kept(commitment):
            opened = self._opened(kept)
            return None if opened is None else opened.text
        return None

    def shown(self, commitment: str) -> str | None:
        """The text for somebody who may read it, or in its place what became of it; none where nothing is known."""
        for kept in self.kept(commitment):
            opened = self._opened(kept)
            return NOT_READABLE if opened is None else opened.text
        for removed in self.removed((commitment,)):
            return SHOWN_AS[removed.how]
        return None

    def removed(self, commitments: Iterable[str]) -> list[RemovedText]:
        """Which of some texts are gone, and how."""
        return self._reading.removed_texts(commitments)

    def kept(self, commitment: str) -> list[KeptText]:
        """The row of a text, where one is kept."""
        return self._reading.kept_texts((commitment,))

    def rows_about(self, subjects: Iterable[str]) -> list[KeptText]:
        """The rows of every text that is kept about some subjects."""
        return self._reading.texts_about(subjects)

    def about(self, subjects: Iterable[str]) -> tuple[str, ...]:
        """The commitments to every text that is kept about some subjects."""
        return tuple(kept.commitment for kept in self.rows_about(subjects))

    def counted(self) -> dict[str, int]:
        """How many texts are kept, how many of them can be read here, and how many are gone, and how."""
        kept = self._reading.texts_until(self._reading.size)
        readable = sum(self._opened(each) is not None for each in kept)
        return {"kept": len(kept), "readable_here": readable, **self._reading.removed_counts()}

    def openings(self, size: int) -> bytes:
        """The texts of the first events, with the salts that open their commitments, as far as they can be read."""
        return openings(self._opened_until(size))

    def _opened_until(self, size: int) -> Iterator[SealedText]:
        for kept in self._reading.texts_until(size):
            if (opened := self._opened(kept)) is not None:
                yield opened

    def _opened(self, kept: KeptText) -> SealedText | None:
        try:
            key = self.keyring.key(self.origin, kept.subject, kept.key_id)
        except VaultLocked:
            return None
        return unlocked(kept, key, self.origin)

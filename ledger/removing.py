"""Free texts on their way in and out of a batch: under whose key each is kept, and what events of the batch remove.

An event that erases comes first, with the rows, in one transaction: a destruction that nobody recorded could not be
told from a loss. The keys go after the commit (`finish`); what a crash leaves undone is done at the next start.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger.record import Record
from ledger.store.rows import KeptText, Removal, RemovedText
from ledger.store.sqlite import SqliteStore
from ledger.store.texts import SealedText
from ledger.store.vault import NONCE_BYTES, locked
from ledger.texts import Texts
from ledger.trial.privacy import TextErased, TextRedacted

REMOVING = (TextErased, TextRedacted)


@dataclass(frozen=True, slots=True)
class Gathered:
    """A text of a batch: whom it is about, and the first position that commits to it."""

    text: SealedText
    subject: str
    position: int


@dataclass(slots=True)
class TextsOfBatch:
    """The texts that a batch gathers, by commitment, beside those that the store has."""

    texts: Texts
    gathered: dict[str, Gathered] = field(default_factory=dict)
    removed: list[Record] = field(default_factory=list)

    def take(self, texts: Iterable[SealedText], subject: str, records: Sequence[Record], named: dict[str, int]) -> None:
        """Take what a command brought, as far as its records commit to it, and what they remove."""
        for text in texts:
            if text.commitment in named:
                self.gathered[text.commitment] = Gathered(text, subject, named[text.commitment])
        self.removed.extend(record for record in records if isinstance(record.event, REMOVING))

    def can_keep(self, origin: str, subject: str) -> None:
        """`VaultLocked` where the key of a text is not here, before anything of its command is taken."""
        self.texts.keyring.current(origin, subject)

    def text(self, commitment: str) -> str | None:
        """As the batch leaves it so far."""
        if not self.is_kept(commitment):
            return None
        here = self.gathered.get(commitment)
        return here.text.text if here else self.texts.text(commitment)

    def is_kept(self, commitment: str) -> bool:
        here = self.gathered.get(commitment)
        if here is not None:
            return not self._removes(commitment, here.subject, here.position)
        return any(not self._removes(commitment, kept.subject, kept.position) for kept in self.texts.kept(commitment))

    def about(self, subjects: tuple[str, ...]) -> tuple[str, ...]:
        """The commitments to every text about some subjects that the batch leaves there so far."""
        here = (each.text.commitment for each in self.gathered.values() if each.subject in subjects)
        found = {*self.texts.about(subjects), *here}
        return tuple(sorted(each for each in found if self.is_kept(each)))

    def kept(self, origin: str) -> list[KeptText]:
        """The texts as they are kept. What comes after an erasure in one batch has a key that the erasure leaves."""
        ring, rows = self.texts.keyring, []
        erasing = [(record.position, subject) for record in self.removed for subject in _subjects(record)]
        for each in sorted(self.gathered.values(), key=lambda each: each.position):
            while erasing and erasing[0][0] < each.position:
                ring.renew(origin, erasing.pop(0)[1])
            key = ring.current(origin, each.subject)
            rows.append(locked(each.text, key, origin, each.position, secrets.token_bytes(NONCE_BYTES)))
        return rows

    def gone(self, kept: Sequence[KeptText]) -> list[RemovedText]:
        """What the events of the batch remove, of the store's texts and of its own."""
        found: dict[str, RemovedText] = {}
        for record in self.removed:
            for each in (*self._aimed_at(record), *kept):
                if each.commitment not in found and _removed_by(record, each.commitment, each.subject, each.position):
                    how: Removal = "erased" if isinstance(record.event, TextErased) else "redacted"
                    found[each.commitment] = RemovedText(
                        each.commitment, each.subject, each.key_id, how, record.position
                    )
        return list(found.values())

    def _aimed_at(self, record: Record) -> list[KeptText]:
        if isinstance(record.event, TextRedacted):
            return self.texts.kept(record.event.commitment)
        return self.texts.rows_about(_subjects(record))

    def _removes(self, commitment: str, subject: str, position: int) -> bool:
        return any(_removed_by(record, commitment, subject, position) for record in self.removed)


def _subjects(record: Record) -> tuple[str, ...]:
    return record.event.subjects if isinstance(record.event, TextErased) else ()


def _removed_by(record: Record, commitment: str, subject: str, position: int) -> bool:
    event = record.event
    aimed = commitment == event.commitment if isinstance(event, TextRedacted) else subject in _subjects(record)
    return aimed and position < record.position


def finish(store: SqliteStore, texts: Texts) -> None:
    """Destroy the keys of whatever is erased, and empty the write-ahead log of what was deleted. Done again, it changes
    nothing."""
    if not store.removes_texts():
        return
    erased = store.destroyed_keys()
    for subject, key_id in erased:
        texts.keyring.retire(texts.origin, subject, key_id)
    for subject, key_id in erased:
        texts.keyring.destroy(texts.origin, subject, key_id)
    store.forget_pages()

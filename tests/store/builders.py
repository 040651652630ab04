"""Records, batches and files for the tests of the store."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from ledger.record import Actor, Record, patient_stream
from ledger.store.reading import Reading
from ledger.store.rows import Answer, KeptText, Refusal
from ledger.store.sqlite import SqliteStore
from ledger.store.texts import SealedText, seal
from ledger.store.vault import SubjectKey, locked, unlocked
from tests.golden.samples import SAMPLES

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
REPORTED = SAMPLES["patient.adverse-event-reported.v1"]
SCREENED = SAMPLES["patient.screened.v1"]
PATIENTS = 3


def record(position: int, like: Record = REPORTED) -> Record:
    """The record at a position of a log in which three patients take turns and a second passes between two events."""
    return replace(
        like,
        position=position,
        stream=patient_stream(f"{position % PATIENTS:03}"),
        stream_version=position // PATIENTS + 1,
        recorded_at=NOON + timedelta(seconds=position),
        actor=Actor("ivan" if position % 2 else "maria", "investigator", "NDGOI", "password"),
        command_id=f"{position:032x}",
    )


def records(start: int, stop: int) -> list[Record]:
    return [record(position) for position in range(start, stop)]


def append(store: SqliteStore, *batch: Record, texts: Sequence[SealedText] = ()) -> tuple[bytes, ...]:
    """One batch, with an answer for each of its commands."""
    answers = [answer(each.position) for each in batch]
    with store.appending() as writing:
        return writing.save(batch, kept(batch, texts), answers, ())


KEY = SubjectKey("patient/000", "0123456789abcdef", bytes(range(32)))


def kept(batch: Sequence[Record], texts: Sequence[SealedText], key: SubjectKey = KEY) -> list[KeptText]:
    """Some texts as they are kept, each with the event that commits to it, or with the first."""
    at = {getattr(each.event, "narrative", None): each.position for each in batch}
    places = [at.get(text.commitment, batch[0].position) for text in texts]
    return [
        locked(text, key, batch[0].origin, place, sha256(text.salt).digest()[:12])
        for text, place in zip(texts, places, strict=True)
    ]


def opened(store: Reading, commitment: str) -> str | None:
    """The text behind a commitment, as far as it is kept."""
    found = store.kept_texts((commitment,))
    return unlocked(found[0], KEY, REPORTED.origin).text if found else None


def filled(path: Path, size: int, batch: int = 7) -> SqliteStore:
    """A new store with so many events, some a batch."""
    store = SqliteStore.create(path)
    for start in range(0, size, batch):
        append(store, *records(start, min(start + batch, size)))
    return store


class Interrupted(Exception):
    """What a decision might raise."""


def interrupt(store: SqliteStore, *batch: Record, texts: Sequence[SealedText] = ()) -> None:
    """A batch that is saved whole and then not committed."""
    with store.appending() as writing:
        writing.save(batch, kept(batch, texts), [answer(each.position) for each in batch], [refusal(1)])
        raise Interrupted


def answer(position: int) -> Answer:
    return Answer(f"{position:032x}", "ab" * 32, "appended", position, position)


def refusal(minute: int) -> Refusal:
    return Refusal(NOON + timedelta(minutes=minute), "ivan", "investigator", "assign-dose-level", "G.4-1", "cd" * 32)


def sealed(text: str) -> SealedText:
    return seal(sha256(text.encode()).digest(), text)


def narrated(position: int, text: SealedText) -> Record:
    """A record whose event holds the commitment to a text."""
    plain = record(position)
    return replace(plain, event=plain.event.model_copy(update={"narrative": text.commitment}))


@contextmanager
def as_owner_of_the_file(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of someone who may do anything: the triggers are dropped, and put back when he is done."""
    with closing(sqlite3.connect(path)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()

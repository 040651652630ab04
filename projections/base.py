"""Reading a log: folding it to a moment, following it, and the digest that shows that both give the same.

Three questions in time (domain G.5). *Now*: all records. *As known at* a position or a recorded instant: the records up
to there. *As it was* at an instant: `occurred_by`, the facts that had happened by then, with all that was learnt later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import takewhile
from typing import Any, Final, Protocol, Self

import orjson
from pydantic import BaseModel, ConfigDict

from ledger.errors import Corrupt
from ledger.record import Record
from ledger.strands import Strands
from ledger.types import Frozen, instant_text
from ledger.world import FOLD_VERSION, World

LATE_AFTER: Final = timedelta(hours=24)
"""What is recorded so long after it happened was entered late."""

TextOf = Callable[[str], str | None]
"""The free text behind a commitment, where it is kept and the reader may see it."""


class View(Frozen):
    """A part of an answer: plain values, whose member docstrings become descriptions in the API."""

    model_config = ConfigDict(use_attribute_docstrings=True)


def no_text(commitment: str) -> str | None:  # noqa: ARG001 - one signature for every source of texts
    """For readers who may not see free texts."""
    return None


def is_late(record: Record) -> bool:
    """Whether a record was made more than 24 hours after what it reports."""
    return record.recorded_at - record.occurred_at > LATE_AFTER


def patient_of(record: Record) -> str | None:
    """The patient whom a record is about: by its stream, or named by an event of a cohort or of the trial."""
    named = record.patient or getattr(record.event, "patient", None)
    return named if isinstance(named, str) else None


def fold(records: Iterable[Record], world: World | None = None) -> World:
    """The trial after the records, in their order."""
    return (world or World()).after(records)


def world_at(
    records: Iterable[Record],
    *,
    as_of_position: int | None = None,
    as_of_recorded: datetime | None = None,
    start: World | None = None,
) -> World:
    """The trial as known at a position, or at a recorded instant, both included; without either, at the head.

    `start` is a saved fold of a beginning of the same log; records that it has already are passed over.
    """
    world = start or World()
    if as_of_position is not None and world.size > as_of_position + 1:
        raise ValueError("the saved fold is later than what is asked for")
    saved = world.size

    def known_then(record: Record) -> bool:
        return (as_of_position is None or record.position <= as_of_position) and (
            as_of_recorded is None or record.recorded_at <= as_of_recorded
        )

    return world.after(record for record in takewhile(known_then, records) if record.position >= saved)


def occurred_by(records: Iterable[Record], at: datetime) -> Iterator[Record]:
    """The facts that had happened by an instant, in log order, in the light of everything on record.

    A corrected record is replaced, at its place, by its latest correction, and counts when that says it happened.
    """
    known = list(records)
    corrections = {record.corrects: record for record in known if record.corrects is not None}
    places = {record.position for record in known}
    for record in known:
        if record.corrects is not None and record.corrects in places:
            continue
        while (later := corrections.get(record.position)) is not None:
            record = later
        if record.occurred_at <= at:
            yield record


def world_as_it_was(records: Iterable[Record], at: datetime) -> World:
    """The trial as it was at an instant. Good for facts and tallies; permissions and advice are not given for it."""
    return fold(occurred_by(records, at))


def plain(value: Any) -> Any:
    """A part of a state as a JSON tree with one spelling: mappings become sorted lists of pairs, instants texts."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, BaseModel):
        return [type(value).__name__, value.model_dump(mode="json")]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return sorted(([plain(key), plain(held)] for key, held in value.items()), key=_spelled)
    if isinstance(value, frozenset):
        return sorted((plain(each) for each in value), key=_spelled)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    raise TypeError(f"a state holds no {type(value).__name__}")


def spelled(world: World) -> Iterator[bytes]:
    """The whole state as sorted, compact JSON in UTF-8, in pieces: one patient or lot after another, so that those at
    rest are never in memory together. The index of machines' reports is left out, which past states do not have."""
    before = b"{"
    for name in sorted(field.name for field in fields(world) if field.name != "sources"):
        yield before + _spelled(name) + b":"
        value, before = getattr(world, name), b","
        if isinstance(value, Strands):
            yield from _each_strand(value)
        else:
            yield _spelled(plain(value))
    yield b"}"


def _each_strand(strands: Strands[Any]) -> Iterator[bytes]:
    before = b"["
    for name in sorted(strands):
        yield before + _spelled([name, plain(strands.strand(name))])
        before = b","
    yield b"]" if before == b"," else b"[]"


def _spelled(tree: Any) -> bytes:
    return orjson.dumps(tree, option=orjson.OPT_SORT_KEYS)


class Digest:
    """SHA-256, in hex, of {"fold_version": FOLD_VERSION, "world": the whole state} as `spelled` has it.

    It is compared within one fold version only. Free texts are in it as the commitments that the log holds.
    """

    def __init__(self) -> None:
        self._hash = sha256(b'{"fold_version":%d,"world":' % FOLD_VERSION)

    def taking(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces, which are taken in as they pass."""
        for piece in pieces:
            self._hash.update(piece)
            yield piece

    def hex(self) -> str:
        """Once all has passed."""
        whole = self._hash.copy()
        whole.update(b"}")
        return whole.hexdigest()


def digest(world: World) -> str:
    """The digest of a state."""
    found = Digest()
    for _ in found.taking(spelled(world)):
        pass
    return found.hex()


class ReadModel(Protocol):
    """A value that a record turns into the next one."""

    def apply(self, record: Record) -> Self: ...


class Following:
    """Read models kept at the head of a log: every record is applied once, in order, and none is left out."""

    def __init__(self, **models: ReadModel) -> None:
        self._models = models
        self.size = 0

    def take(self, record: Record) -> None:
        """Apply the next record; `Corrupt` where one is missing or comes twice."""
        if record.position != self.size:
            raise Corrupt(f"position {record.position} came where {self.size} follows")
        self._models = {name: model.apply(record) for name, model in self._models.items()}
        self.size += 1

    def __getitem__(self, name: str) -> Any:
        """A read model as it stands."""
        return self._models[name]

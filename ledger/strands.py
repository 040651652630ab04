"""The aggregates of which a trial has many, patients and lots of cells: each as far as its own stream goes.

What is worked with is in memory. An aggregate at rest is known by where its events stand in the log, and folded from
them when it is asked for: so a log of a million events is served in a part of its own size. It is the same value either
way, since what is in a log does not change.
"""

from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, Generic, Protocol, TypeVar, overload

from immutables import Map, MapMutation

from ledger.facts import key_on_record
from ledger.record import Record


class Versioned(Protocol):
    """An aggregate, which knows how many events it has had."""

    @property
    def version(self) -> int: ...


S = TypeVar("S", bound=Versioned)
D = TypeVar("D")

KEPT_EVENTS: Final = 5_000
"""How many events may stand behind the aggregates at rest that are kept as they were folded last, of each kind."""


class StreamLog(Protocol):
    """Where the records of one stream are found."""

    def stream(self, stream: str, until: int | None = None) -> list[Record]:
        """The records of a stream in order; with `until`, those among the first `until` events of the log."""
        ...


@dataclass(frozen=True, slots=True)
class Strand(Generic[S]):
    """An aggregate, at which position each of its facts stands, and the positions of its first and its last event."""

    state: S
    facts: Map[str, int]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class AtRest:
    """How many events a stream has, and the positions of its first and its last."""

    version: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """A kind of aggregate: the beginning of its streams' names, how it begins, and what an event makes of it."""

    prefix: str
    new: Callable[[str], S]
    evolve: Callable[[S, Record], S]

    def after(self, strand: Strand[S] | None, name: str, record: Record) -> Strand[S]:
        """The aggregate after one more record of its stream."""
        if strand is None:
            strand = Strand(self.new(name), Map(), record.position, record.position)
        facts = strand.facts.set(key_on_record(record), record.position)
        return Strand(self.evolve(strand.state, record), facts, strand.first, record.position)


class Folding(Generic[S]):
    """Aggregates of a kind as the log gives them; what was folded last is kept for a while."""

    def __init__(self, kind: Kind[S], log: StreamLog, events: int = KEPT_EVENTS) -> None:
        self._kind, self._log, self._events = kind, log, events
        self._kept: OrderedDict[tuple[str, int], Strand[S]] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def strand(self, name: str, until: int) -> Strand[S]:
        """An aggregate by its name, after those of its events that are among the first so many of the log."""
        with self._lock:
            if (known := self._kept.get((name, until))) is not None:
                self._kept.move_to_end((name, until))
                return known
        strand = self._folded(name, until)
        with self._lock:
            if (name, until) not in self._kept:
                self._kept[name, until] = strand
                self._held += strand.state.version
            while self._held > self._events:
                self._held -= self._kept.popitem(last=False)[1].state.version
        return strand

    @property
    def held(self) -> int:
        """How many events stand behind what is kept."""
        return self._held

    def _folded(self, name: str, until: int) -> Strand[S]:
        strand: Strand[S] | None = None
        for record in self._log.stream(f"{self._kind.prefix}/{name}", until):
            strand = self._kind.after(strand, name, record)
        assert strand is not None, f"{self._kind.prefix}/{name} has an event among the first {until}"
        return strand


class Strands(Mapping[str, S]):
    """Aggregates by name, awake or at rest. `until`: as they were when the log had so many events; `awake`: as some of
    them were then."""

    __slots__ = ("_awake", "_entries", "_folding", "_until", "kind")

    def __init__(
        self,
        kind: Kind[S],
        entries: Map[str, Strand[S] | AtRest] | None = None,
        folding: Folding[S] | None = None,
        until: int | None = None,
        awake: Map[str, Strand[S] | AtRest] | None = None,
    ) -> None:
        self.kind = kind
        self._awake: Map[str, Strand[S] | AtRest] = Map() if awake is None else awake
        self._entries: Map[str, Strand[S] | AtRest] = Map() if entries is None else entries
        self._folding = folding
        self._until = until

    def __getitem__(self, name: str) -> S:
        found = self.strand(name)
        if found is None:
            raise KeyError(name)
        return found.state

    @overload
    def get(self, name: str, /) -> S | None: ...
    @overload
    def get(self, name: str, /, default: S | D) -> S | D: ...
    def get(self, name: str, /, default: object = None) -> object:
        found = self.strand(name)
        return default if found is None else found.state

    def __contains__(self, name: object) -> bool:
        entry = self._entries.get(name) if isinstance(name, str) else None
        return entry is not None and (self._until is None or entry.first < self._until)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._entries if name in self)

    def __len__(self) -> int:
        return len(self._entries) if self._until is None else sum(1 for _ in self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Strands):
            return NotImplemented
        return set(self) == set(other) and all(self.strand(name) == other.strand(name) for name in self)

    def __hash__(self) -> int:
        return hash(frozenset(self))

    def strand(self, name: str) -> Strand[S] | None:
        """An aggregate with its facts, if there is one of the name."""
        entry, until = self._entries.get(name), self._until
        if entry is None or (until is not None and entry.first >= until):
            return None
        if type(entry) is Strand and (until is None or entry.last < until):
            return entry
        if type(then := self._awake.get(name)) is Strand:
            return then
        assert self._folding is not None, f"{name} is at rest, and there is no log"
        return self._folding.strand(name, entry.last + 1 if until is None else min(until, entry.last + 1))

    def in_order(self) -> Iterator[tuple[str, S]]:
        """Each by its name, in the order of the names; of those at rest never more than one at a time."""
        for name in sorted(self):
            yield name, self[name]

    def version(self, name: str) -> int:
        """How many events the stream has."""
        entry = self._entries.get(name)
        if type(entry) is AtRest and self._until is None:
            return entry.version
        state = self.get(name)
        return 0 if state is None else state.version

    def only(self, names: Iterable[str]) -> "Strands[S]":
        """The same without all others."""
        return Strands(self.kind, Map({name: self._entries[name] for name in names}), self._folding, self._until)

    def as_of(self, size: int, then: "Strands[S]") -> "Strands[S]":
        """As they were when the log had so many events. `then`: those of that moment that are known."""
        return Strands(self.kind, self._entries, self._folding, size, then._entries)

    def resting(self, folding: Folding[S]) -> "Strands[S]":
        """The same with a log, from which whatever is at rest is folded."""
        return Strands(self.kind, self._entries, folding, self._until)

    @property
    def awake(self) -> int:
        """How many are in memory."""
        return sum(type(entry) is Strand for entry in self._entries.values())

    def with_awake(self, most: int, besides: Container[str] = ()) -> "Strands[S]":
        """The same with at most so many in memory, those with the latest events, and some besides."""
        awake = [(n, each) for n, each in self._entries.items() if type(each) is Strand and n not in besides]
        if len(awake) <= most:
            return self
        earliest = sorted(awake, key=lambda named: named[1].last)[: len(awake) - most]
        sent = {name: AtRest(each.state.version, each.first, each.last) for name, each in earliest}
        return Strands(self.kind, self._entries.update(sent), self._folding, self._until)

    def open(self) -> "OpenStrands[S]":
        """To take records."""
        return OpenStrands(self.kind, self._entries.mutate(), self._folding)


class OpenStrands(Generic[S]):
    """Aggregates that take records one after another."""

    __slots__ = ("_entries", "_folding", "_kind")

    def __init__(
        self, kind: Kind[S], entries: "MapMutation[str, Strand[S] | AtRest]", folding: Folding[S] | None
    ) -> None:
        self._kind, self._entries, self._folding = kind, entries, folding

    def get(self, name: str) -> S | None:
        entry = self._entries.get(name)
        if entry is None:
            return None
        return self._awake(name, entry).state

    def take(self, name: str, record: Record) -> None:
        """One more record, of whatever stands in memory by then."""
        entry, strand = self._entries.get(name), None
        if entry is not None:
            strand = self._awake(name, entry)
        elif record.stream_version > 1:  # one that a kept state left out
            strand = self._folded(name, record.position)
        self._entries[name] = self._kind.after(strand, name, record)

    def take_from_log(self, name: str, record: Record) -> None:
        """One more record that is in the log already: what is at rest stays so, and what begins does."""
        entry = self._entries.get(name)
        if type(entry) is Strand:
            self._entries[name] = self._kind.after(entry, name, record)
        else:
            first = record.position if entry is None else entry.first
            self._entries[name] = AtRest(record.stream_version, first, record.position)

    def finish(self) -> Strands[S]:
        return Strands(self._kind, self._entries.finish(), self._folding)

    def _awake(self, name: str, entry: Strand[S] | AtRest) -> Strand[S]:
        return entry if type(entry) is Strand else self._folded(name, entry.last + 1)

    def _folded(self, name: str, until: int) -> Strand[S]:
        assert self._folding is not None, f"{name} is at rest, and there is no log"
        return self._folding.strand(name, until)

"""What an escalation design is asked, and what it may answer.

It is asked about the *outcomes*: for every level, how many patients are evaluable, how many of them had a dose-limiting
toxicity (DLT), how many are still observed. It answers with one *advice*. It decides nothing: a person signs.

An advice is a step, or to *await* that step: the counts ask for it, but windows have to close or candidate DLTs to be
ruled first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of one level, phase I patients only."""

    evaluable: int
    """Patients who had a DLT, or were treated as planned and completed their window."""
    dlt: int
    """Those of them with a counted DLT."""
    pending: int = 0
    """Patients assigned to the level whose evaluability is not decided yet: their windows run, or have not begun."""
    candidates: int = 0
    """Patients with an open candidate DLT, whether pending or evaluable, whose DLT is not counted already."""
    exceeded: bool = False
    """Marked exceeded, and no signed review has lifted the mark."""
    treated: int | None = None
    """Patients treated here, those who turned out not evaluable included; None: as many as evaluable and pending."""

    def __post_init__(self) -> None:
        if min(self.evaluable, self.dlt, self.pending, self.candidates, self.treated or 0) < 0:
            raise ValueError("a count is not negative")
        if self.dlt > self.evaluable:
            raise ValueError("a patient with a DLT is evaluable")

    @property
    def in_use(self) -> bool:
        """Whether anyone was treated here or is assigned to be."""
        return self.evaluable + self.pending + (self.treated or 0) > 0

    def is_full(self, slots: int) -> bool:
        """Whether no further patient may join: enrol while evaluable + pending < slots."""
        return self.evaluable + self.pending >= slots

    def with_candidates_counted(self) -> "Tally":
        """The same level, should every candidate be ruled a DLT. As few as possible of them become evaluable by it."""
        dlt = self.dlt + self.candidates
        evaluable = max(self.evaluable, dlt)
        pending = max(0, self.pending - (evaluable - self.evaluable))
        return replace(self, evaluable=evaluable, dlt=dlt, pending=pending, candidates=0)


NOBODY = Tally(evaluable=0, dlt=0)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The tallies of a ladder of levels; a level that is absent has nobody."""

    levels: Mapping[int, Tally]
    bottom: int
    """The lowest level of the ladder, the reserve level included."""
    top: int
    start: int
    """Where the trial begins. What lies below is reserve: reached only by coming down."""

    def __post_init__(self) -> None:
        if not 0 <= self.bottom <= self.start <= self.top:
            raise ValueError("the start level is on the ladder")
        if not self.levels.keys() <= set(self.ladder):
            raise ValueError("every level is on the ladder")

    @property
    def ladder(self) -> range:
        """All levels, upwards."""
        return range(self.bottom, self.top + 1)

    def at(self, level: int) -> Tally:
        return self.levels.get(level, NOBODY)

    def in_use(self) -> tuple[int, ...]:
        """The levels where anyone was treated or is assigned, upwards."""
        return tuple(level for level in self.ladder if self.at(level).in_use)

    def with_candidates_counted(self) -> "Outcomes":
        """The same outcomes, should every candidate be ruled a DLT."""
        return replace(self, levels={level: tally.with_candidates_counted() for level, tally in self.levels.items()})


@dataclass(frozen=True, slots=True)
class Treat:
    """Fill a level that is in use to `slots` evaluable patients in all: 3, then 6, never "+6"."""

    code: ClassVar[Literal["treat"]] = "treat"
    level: int
    slots: int


@dataclass(frozen=True, slots=True)
class Open:
    """Open a level that nobody was treated at: the start of the trial, or coming down."""

    code: ClassVar[Literal["open"]] = "open"
    level: int


@dataclass(frozen=True, slots=True)
class Escalate:
    """Open the next level up."""

    code: ClassVar[Literal["escalate"]] = "escalate"
    level: int


@dataclass(frozen=True, slots=True)
class DeclareMtd:
    """The maximum tolerated dose is this level; one above it is exceeded."""

    code: ClassVar[Literal["declare_mtd"]] = "declare_mtd"
    level: int


@dataclass(frozen=True, slots=True)
class DeclareMtdNotReached:
    """The top level is tolerated: the MTD is not reached, and the recommended phase II dose is the top."""

    code: ClassVar[Literal["declare_mtd_not_reached"]] = "declare_mtd_not_reached"
    top: int


@dataclass(frozen=True, slots=True)
class StopNoMtd:
    """Stop the trial: there is no level that could be declared, and none that may be treated."""

    code: ClassVar[Literal["stop"]] = "stop"


Step: TypeAlias = Treat | Open | Escalate | DeclareMtd | DeclareMtdNotReached | StopNoMtd


@dataclass(frozen=True, slots=True)
class Await:
    """Nothing yet. On the present counts it would be `then`, but windows have to close or candidates to be ruled."""

    code: ClassVar[Literal["await"]] = "await"
    level: int
    """The lowest level with something to wait for."""
    then: Step
    pending: int
    """How many undecided patients have to be waited for."""
    candidates: int
    """How many candidate DLTs have to be ruled."""


Advice: TypeAlias = Step | Await


class Design(Protocol):
    """A rule of dose escalation: pure, total, blind to the order of the patients."""

    def advise(self, outcomes: Outcomes) -> Advice:
        """What the rule says next."""

    def explain(self, outcomes: Outcomes) -> tuple[str, ...]:
        """Why, in plain sentences with the numbers."""

    def is_exceeded(self, tally: Tally) -> bool:
        """Whether a level with these counts is exceeded."""

    def slots_now(self, outcomes: Outcomes, level: int) -> int:
        """The total that a level may be filled to now, its evaluable and pending patients included; 0: nobody."""

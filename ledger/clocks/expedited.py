"""The safety clocks of one adverse event: by when it has to be reported, and why.

Day 0 is the calendar day, at its own place, on which the sponsor received *qualifying* information: not the day of the
event. Information qualifies once all that was received up to then says

    serious      yes (a fatal or life-threatening event is)
    unexpected   not said to be expected; a missing expectedness is *unexpected*
    suspected    the investigator's causality is definite, probable, possible or missing; or the sponsor's is one of the
                 first three. The sponsor upgrades the investigator's causality and never downgrades it

Then these clocks run, by the numbers of the protocol (in brackets: of the bundled trial):

    investigator_to_sponsor   hours from the site's awareness of a serious event (24)
    expedited                 days from the first qualifying receipt, if that is neither fatal nor life-threatening (15)
    urgent                    days from the first receipt of a qualifying event as fatal or life-threatening (7)
    urgent_follow_up          days more, for the complete report after an urgent one (8)
    new_information           days from every further receipt after the first qualifying one (15)

An upgrade to fatal or life-threatening starts the urgent clock from its own receipt, beside the one that runs. A
downgrade stops and removes nothing. What turns out to have been received earlier moves a due date earlier; nothing
moves one later. So the facts are read in the order in which they became known, each time all so far in the order of
receipt, and the earliest due date ever found stands.

A clock is met by a report sent after it began: the urgent one by an urgent report, the expedited one and the follow-up
by a complete one, new information by any. The investigator's is met when the sponsor first knew that it is serious.

Sources: 21 CFR 312.32(c) and (d); ICH E2A, III.B. Other law is configuration of the protocol document.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias

from ledger.protocol.safety import Relation, SafetyClocks

ReportKind = Literal["urgent", "complete", "further"]
"""`complete` is the expedited report, or the follow-up of an urgent one; `further` tells new information."""
ClockKind = Literal["investigator_to_sponsor", "expedited", "urgent", "urgent_follow_up", "new_information"]
Standing = Literal["running", "overdue", "met", "met_late"]

SUSPECTED: Final[frozenset[Relation | None]] = frozenset({"definite", "probable", "possible"})
MISSING: Final[frozenset[Relation | None]] = frozenset({"missing", None})
MET_BY: Final[Mapping[ClockKind, frozenset[ReportKind]]] = {
    "expedited": frozenset({"complete"}),
    "urgent": frozenset({"urgent"}),
    "urgent_follow_up": frozenset({"complete"}),
    "new_information": frozenset({"urgent", "complete", "further"}),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What information says about the event; None: nothing about that."""

    serious: bool | None = None
    fatal_or_life_threatening: bool | None = None
    expected: bool | None = None
    investigator_causality: Relation | None = None
    sponsor_causality: Relation | None = None

    def then(self, later: "Said") -> "Said":
        """The latest word on each, once something more is said."""
        words = ((field.name, getattr(later, field.name)) for field in fields(later))
        return replace(self, **{name: word for name, word in words if word is not None})

    @property
    def is_serious(self) -> bool:
        return self.serious is True or self.fatal_or_life_threatening is True

    @property
    def is_suspected(self) -> bool:
        return self.investigator_causality in SUSPECTED | MISSING or self.sponsor_causality in SUSPECTED

    @property
    def qualifies(self) -> bool:
        """Serious, unexpected and suspected, what is missing taken as such."""
        return self.is_serious and self.expected is not True and self.is_suspected

    def in_words(self) -> str:
        """Why it qualifies."""
        serious = "fatal or life-threatening" if self.fatal_or_life_threatening else "serious"
        unexpected = "unexpected" if self.expected is False else "unexpected (expectedness missing)"
        if self.investigator_causality in SUSPECTED:
            return f"{serious}, {unexpected}, suspected ({self.investigator_causality})"
        if self.sponsor_causality in SUSPECTED:
            return f"{serious}, {unexpected}, suspected (the sponsor: {self.sponsor_causality})"
        return f"{serious}, {unexpected}, suspected (causality missing)"


@dataclass(frozen=True, slots=True)
class SiteAware:
    """The site became aware that the event is serious."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """The sponsor received information. `receipt` identifies it within the event, such as by a position of the log."""

    receipt: int
    at: datetime
    says: Said


@dataclass(frozen=True, slots=True)
class TrulyReceived:
    """It turned out when a receipt truly was."""

    receipt: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A report was sent to the authority."""

    kind: ReportKind
    at: datetime


Fact: TypeAlias = SiteAware | Received | TrulyReceived | Sent


@dataclass(frozen=True, slots=True)
class Clock:
    """One due date. It ends with its last day, or at `due_at` where it counts hours."""

    kind: ClockKind
    receipt: int | None
    """Which further receipt, for new information."""
    from_at: datetime
    due_on: date
    due_at: datetime | None
    reason: str
    met_at: datetime | None = None

    def standing(self, now: datetime) -> Standing:
        """How it stands: on the calendar of the place where it began."""
        late = self._is_past(now if self.met_at is None else self.met_at)
        if self.met_at is None:
            return "overdue" if late else "running"
        return "met_late" if late else "met"

    def _is_past(self, at: datetime) -> bool:
        if self.due_at is not None:
            return at > self.due_at
        return at.astimezone(self.from_at.tzinfo).date() > self.due_on

    def is_before(self, other: "Clock") -> bool:
        """Whether it is due earlier, or as early and began earlier."""
        if self.due_at is not None and other.due_at is not None:
            return self.due_at < other.due_at
        return (self.due_on, self.from_at) < (other.due_on, other.from_at)


Key: TypeAlias = tuple[ClockKind, int | None]


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of one event after some facts, in the order in which these became known."""

    rules: SafetyClocks
    facts: tuple[Fact, ...] = ()
    earliest: tuple[Clock, ...] = ()
    """Of every clock that ever ran, the earliest due date found."""

    def after(self, fact: Fact) -> "Clocks":
        """With one fact more: no clock goes, and none is due later."""
        facts = (*self.facts, fact)
        found: dict[Key, Clock] = {(clock.kind, clock.receipt): clock for clock in self.earliest}
        for clock in _as_known(facts, self.rules):
            key = (clock.kind, clock.receipt)
            if key not in found or clock.is_before(found[key]):
                found[key] = clock
        return Clocks(self.rules, facts, tuple(found.values()))

    def all(self) -> tuple[Clock, ...]:
        """Every clock, the first due first, with the report that met it."""
        met = (replace(clock, met_at=self._met_at(clock)) for clock in self.earliest)
        return tuple(sorted(met, key=lambda clock: (clock.due_on, clock.from_at, clock.kind)))

    def _met_at(self, clock: Clock) -> datetime | None:
        if clock.kind == "investigator_to_sponsor":
            return next((at for _, at, known in _in_order(self.facts) if known.is_serious), None)
        sent = (fact for fact in self.facts if isinstance(fact, Sent) and fact.kind in MET_BY[clock.kind])
        return min((fact.at for fact in sent if fact.at >= clock.from_at), default=None)


def clocks_of(facts: Iterable[Fact], rules: SafetyClocks) -> tuple[Clock, ...]:
    """The clocks that facts make, given in the order in which they became known."""
    clocks = Clocks(rules)
    for fact in facts:
        clocks = clocks.after(fact)
    return clocks.all()


def _as_known(facts: tuple[Fact, ...], rules: SafetyClocks) -> Iterator[Clock]:
    """The clocks as they follow from all facts, whenever each became known."""
    if aware := [fact.at for fact in facts if isinstance(fact, SiteAware)]:
        hours = timedelta(hours=rules.investigator_to_sponsor_hours)
        due = min(aware) + hours
        reason = f"the site knew of a serious event: {rules.investigator_to_sponsor_hours} hours"
        yield Clock("investigator_to_sponsor", None, min(aware), due.date(), due, reason)
    qualified = urgent = False
    for receipt, at, known in _in_order(facts):
        if qualified:
            yield _days("new_information", receipt, at, rules.new_information_days, "further information")
        if known.qualifies and known.fatal_or_life_threatening and not urgent:
            urgent = True
            yield from _urgent(at, known, rules)
        elif known.qualifies and not qualified:
            yield _days("expedited", None, at, rules.serious_unexpected_days, known.in_words())
        qualified = qualified or known.qualifies


def _urgent(at: datetime, known: Said, rules: SafetyClocks) -> Iterator[Clock]:
    first = rules.fatal_or_life_threatening_days
    yield _days("urgent", None, at, first, known.in_words())
    whole = first + rules.fatal_or_life_threatening_follow_up_days
    yield _days("urgent_follow_up", None, at, whole, f"the complete report on what is {known.in_words()}")


def _days(kind: ClockKind, receipt: int | None, at: datetime, days: int, because: str) -> Clock:
    reason = f"{because}; received on {at.date()}, {days} calendar days"
    return Clock(kind, receipt, at, at.date() + timedelta(days=days), None, reason)


def _in_order(facts: tuple[Fact, ...]) -> Iterator[tuple[int, datetime, Said]]:
    """The receipts in the order in which they truly came, each with all that was known by it."""
    says = {fact.receipt: fact.says for fact in facts if isinstance(fact, Received)}
    times = [(fact.receipt, fact.at) for fact in facts if isinstance(fact, Received | TrulyReceived)]
    truly = {receipt: min(at for named, at in times if named == receipt) for receipt in says}
    known = Said()
    for receipt in sorted(says, key=lambda receipt: truly[receipt]):
        known = known.then(says[receipt])
        yield receipt, truly[receipt], known


def latest(facts: tuple[Fact, ...]) -> Said:
    """All that is known after some facts."""
    return next((known for _, _, known in reversed([*_in_order(facts)])), Said())

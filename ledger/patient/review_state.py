"""What the review of a patient's record amounts to: which records are in force, which queries are open, what was
verified, what was endorsed and whether that still stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from immutables import Map

from ledger.patient import review as e
from ledger.record import Record
from ledger.types import Event, changed

QueryState = Literal["open", "answered", "closed"]


@dataclass(frozen=True, slots=True)
class Query:
    """A question about the record at `about`."""

    number: int
    position: int
    about: int
    kind: str
    raised_by: str
    raised_at: datetime
    by_rule: bool
    state: QueryState = "open"
    answered_by: str | None = None
    resolution: str | None = None


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A signature on a manifest. `moved_by`: what was corrected of it, or came to light of the time before, since."""

    position: int
    at: datetime
    event: e.InvestigatorEndorsed
    moved_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """`said`: the records in force, by position, with their stored names; those that contradict one included.
    `verified`: by position, where that was recorded."""

    said: Map[int, str] = Map()
    queries: Map[int, Query] = Map()
    verified: Map[int, int] = Map()
    endorsements: Map[int, Endorsement] = Map()

    @property
    def open_queries(self) -> tuple[Query, ...]:
        """The queries that are not closed, the oldest first."""
        return tuple(query for _, query in sorted(self.queries.items()) if query.state != "closed")


def observed(review: Review, record: Record) -> Review:
    """The review after one more record of the patient, whatever it says. Its own events are not what is reviewed."""
    if type(record.event) in STEPS:
        return review
    said = review.said.set(record.position, record.event.NAME)
    if record.corrects is not None and record.corrects in said:
        said = said.delete(record.corrects)
    signed = _moved(review.endorsements, record) if review.endorsements else review.endorsements
    return Review(said, review.queries, review.verified, signed)


def _moved(endorsements: Map[int, Endorsement], record: Record) -> Map[int, Endorsement]:
    """The endorsements, those marked that a record makes stale."""
    for position, signed in endorsements.items():
        corrects = record.corrects is not None and record.corrects <= signed.event.up_to_position
        if corrects or record.occurred_at < signed.at:
            moved = changed(signed, moved_by=(*signed.moved_by, record.position))
            endorsements = endorsements.set(position, moved)
    return endorsements


def _raised(review: Review, event: e.QueryRaised, record: Record) -> Review:
    query = Query(
        number=event.query,
        position=record.position,
        about=event.about,
        kind=event.kind,
        raised_by=record.actor.id,
        raised_at=record.recorded_at,
        by_rule=event.text is None,
    )
    return changed(review, queries=review.queries.set(event.query, query))


def _with_query(review: Review, number: int, **changes: Any) -> Review:
    known = review.queries.get(number)
    return review if known is None else changed(review, queries=review.queries.set(number, changed(known, **changes)))


def _answered(review: Review, event: e.QueryAnswered, record: Record) -> Review:
    return _with_query(review, event.query, state="answered", answered_by=record.actor.id)


def _closed(review: Review, event: e.QueryClosed, record: Record) -> Review:
    return _with_query(review, event.query, state="closed", resolution=event.resolution)


def _reopened(review: Review, event: e.QueryReopened, record: Record) -> Review:
    return _with_query(review, event.query, state="open", resolution=None)


def _verified(review: Review, event: e.SourceVerified, record: Record) -> Review:
    verified = review.verified.update(dict.fromkeys(event.positions, record.position))
    return changed(review, verified=verified)


def _endorsed(review: Review, event: e.InvestigatorEndorsed, record: Record) -> Review:
    signed = Endorsement(record.position, record.recorded_at, event)
    return changed(review, endorsements=review.endorsements.set(record.position, signed))


STEPS: Mapping[type[Event], Callable[[Review, Any, Record], Review]] = MappingProxyType(
    {
        e.QueryRaised: _raised,
        e.QueryAnswered: _answered,
        e.QueryClosed: _closed,
        e.QueryReopened: _reopened,
        e.SourceVerified: _verified,
        e.InvestigatorEndorsed: _endorsed,
    }
)

"""What is asked of a patient's record, and who stands behind it: queries, source verification, the investigator's
endorsement."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.types import Commitment, Count, Day, Event, Line, Name, Position, Role, Several, Sha256

QueryNumber = Annotated[int, Field(ge=1, le=9999)]
Resolution = Literal["corrected", "stands", "withdrawn"]
"""How a query ends: the record was corrected; it stands as it is; or the question was none."""


class QueryRaised(Event):
    """A report contradicts the record, or somebody asks about it. `text` is null where a rule raised the query."""

    NAME: ClassVar[str] = "patient.query-raised.v1"

    query: QueryNumber
    about: Position
    kind: Line
    text: Commitment | None


class QueryAnswered(Event):
    """The site answered a query."""

    NAME: ClassVar[str] = "patient.query-answered.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("query",)

    query: QueryNumber
    answer: Commitment


class QueryClosed(Event):
    """A query was closed by another person than the one who answered it."""

    NAME: ClassVar[str] = "patient.query-closed.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("query",)

    query: QueryNumber
    resolution: Resolution
    comment: Commitment | None


class QueryReopened(Event):
    """An answer does not suffice, or a query was closed too soon."""

    NAME: ClassVar[str] = "patient.query-reopened.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("query",)

    query: QueryNumber
    why: Commitment


class SourceVerified(Event):
    """The monitor compared records of the patient with the source documents, and they agree."""

    NAME: ClassVar[str] = "patient.source-verified.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ("positions", "verified_on")

    positions: Several[Position]
    verified_on: Day


class InvestigatorEndorsed(Event):
    """An investigator signed that the patient's data, exactly as the manifest lists them, are accurate and complete.

    `up_to_position` is the last record of the manifest, `records_count` how many it lists.
    """

    NAME: ClassVar[str] = "patient.investigator-endorsed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("manifest_hash", "member")

    member: Name
    role: Role
    up_to_position: Position
    records_count: Count
    manifest_hash: Sha256
    meaning: Line


REVIEW_EVENTS: tuple[type[Event], ...] = (
    QueryRaised,
    QueryAnswered,
    QueryClosed,
    QueryReopened,
    SourceVerified,
    InvestigatorEndorsed,
)

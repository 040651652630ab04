"""What is recorded of a patient's follow-up: visits made and missed, and attempts to reach somebody."""

from typing import ClassVar, Literal

from ledger.protocol.follow_up import Assessment
from ledger.protocol.terms import Days, Distinct
from ledger.types import Day, Event, Instant

VisitKind = Literal["on-site", "telephone"]
MissedBecause = Literal["too-ill", "declined", "not-reached", "moved-away", "site", "other"]
ContactMeans = Literal["telephone", "letter", "email", "home-visit", "treating-physician", "registry"]


class VisitRecorded(Event):
    """The patient was seen, or spoken to. `visit` is the protocol day of the planned visit; null: unscheduled."""

    NAME: ClassVar[str] = "patient.visit-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("subject",)

    visit: Days | None
    visited_on: Day
    kind: VisitKind
    performed: Distinct[Assessment]

    @property
    def subject(self) -> str:
        """A planned visit is made once; of the others there is one a day."""
        return f"unscheduled {self.visited_on}" if self.visit is None else f"day {self.visit}"


class VisitMissed(Event):
    """A planned visit was not made."""

    NAME: ClassVar[str] = "patient.visit-missed.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("visit",)

    visit: Days
    cause: MissedBecause


class ContactAttempted(Event):
    """Somebody tried to reach the patient or the family."""

    NAME: ClassVar[str] = "patient.contact-attempted.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("attempted_at", "means")
    WHEN: ClassVar[str | None] = "attempted_at"

    attempted_at: Instant
    means: ContactMeans
    reached: bool


VISIT_EVENTS: tuple[type[Event], ...] = (VisitRecorded, VisitMissed, ContactAttempted)

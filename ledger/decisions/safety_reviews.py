"""Safety reviews, and the list against which adverse events are expected."""

from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import Command, Decisions, Docket, Follows, decided_here, report
from ledger.protocol.document import ProtocolDocument
from ledger.record import TRIAL
from ledger.trial import reviews as r
from ledger.types import Commitment, Count, Day, Instant, Name, Several, Sha256
from ledger.world import World


class RecordSafetyReview(Command):
    """Record a safety review that was held: who took part, about which holds, what it recommends."""

    held_at: Instant
    attendees: Several[r.Attendee]
    conflicts: Commitment | None = None
    minutes_sha256: Sha256
    about_holds: Several[Count] = ()
    recommendation: r.Recommendation
    rationale: Commitment | None = None


class ApproveReferenceSafetyInformation(Command):
    """Sign a version of the reference safety information, in force from a day."""

    version: Name
    effective_on: Day
    document_sha256: Sha256


def record_safety_review(docket: Docket, command: RecordSafetyReview) -> Follows:
    """A fact of the committee's. It lifts nothing: a hold is lifted by a signature that rests on it."""
    docket.signer("safety_committee")
    if not command.attendees or len({each.person for each in command.attendees}) != len(command.attendees):
        raise no.FindingsContradict("attendees are people, each named once")
    if (command.conflicts is None) == any(each.conflict_of_interest for each in command.attendees):
        raise no.FindingsContradict("conflicts of interest are described where someone has one")
    for hold in command.about_holds:
        if hold not in docket.world.trial.holds:
            raise no.HoldNotOpen(f"hold {hold}")
    reviews = docket.world.trial.safety_reviews
    same = [number for number, known in reviews.items() if known.held_at == command.held_at]
    number = same[0] if same else len(reviews) + 1
    return report(docket, TRIAL, r.SafetyReviewHeld(review=number, **dict(command)))


def covering(world: World, hold: int) -> r.SafetyReviewHeld | None:
    """The latest review that was about a hold."""
    about = (review for review in world.trial.safety_reviews.values() if hold in review.about_holds)
    return max(about, key=lambda review: (review.held_at, review.review), default=None)


def is_quorate(world: World, review: r.SafetyReviewHeld, protocol: ProtocolDocument) -> bool:
    """Whether enough members of the committee, delegated on the day and without a conflict, took part (A.3-27)."""
    on, sites = review.held_at.date(), (None, *world.trial.sites)
    members = {
        each.person
        for each in review.attendees
        if each.role == "safety_committee" and not each.conflict_of_interest
        if any(world.trial.delegated(each.person, each.role, site, on) for site in sites)
    }
    return len(members) >= protocol.quorum.safety_committee


def approve_reference_safety_information(docket: Docket, command: ApproveReferenceSafetyInformation) -> Follows:
    """By the medical monitor, once for each version."""
    docket.signer("medical_monitor")
    event = r.ReferenceSafetyInformationApproved(**dict(command))
    known = docket.world.on_record(TRIAL, event, docket.now)
    taken = (no.AlreadyDetermined(f"reference safety information {command.version}", known),) if known else ()
    return decided_here(docket, TRIAL, event, taken)


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordSafetyReview: record_safety_review,
        ApproveReferenceSafetyInformation: approve_reference_safety_information,
    }
)

"""The safety reviews of a trial."""

from ledger.trial.reviews import Recommendation
from ledger.types import Instant
from ledger.world import World
from projections.base import View


class AttendeeView(View):
    """Who took part."""

    person: str
    role: str
    conflict_of_interest: bool


class ReviewView(View):
    """One review."""

    review: int
    held_at: Instant
    attendees: tuple[AttendeeView, ...]
    minutes_sha256: str
    about_holds: tuple[int, ...]
    recommendation: Recommendation
    lifted_holds: tuple[int, ...]
    """The holds whose lifting rests on it."""


def safety_reviews(world: World) -> tuple[ReviewView, ...]:
    """All of them, in the order of their recording."""
    return tuple(
        ReviewView(
            review=number,
            held_at=held.held_at,
            attendees=tuple(AttendeeView(**dict(each)) for each in held.attendees),
            minutes_sha256=held.minutes_sha256,
            about_holds=held.about_holds,
            recommendation=held.recommendation,
            lifted_holds=tuple(sorted(n for n, hold in world.trial.holds.items() if hold.safety_review == number)),
        )
        for number, held in sorted(world.trial.safety_reviews.items())
    )

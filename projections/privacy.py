"""Erasures and redactions: who asked, on which ground, and whether a second person confirmed it."""

from ledger.trial.privacy_state import Erasure, Redaction
from ledger.world import World
from projections.base import View


class ErasureView(View):
    """That the free texts about a patient were asked to be erased."""

    erasure: int
    patient: str
    legal_basis: str
    asked_by: str
    asked_at_position: int
    done_at_position: int | None
    """The event that erased them; none while it waits for a second person."""
    texts_count: int | None
    """How many texts were destroyed."""


class RedactionView(View):
    """That one text was asked to be redacted."""

    redaction: int
    about: int
    """The event that commits to the text."""
    commitment: str
    cause: str
    asked_by: str
    asked_at_position: int
    done_at_position: int | None
    """The event that redacted it; none while it waits for a second person."""


class PrivacyView(View):
    """Every erasure and redaction of a trial."""

    erasures: tuple[ErasureView, ...]
    redactions: tuple[RedactionView, ...]


def privacy(world: World) -> PrivacyView:
    """Every erasure and redaction, in the order in which they were asked for."""
    found = world.trial.privacy
    return PrivacyView(
        erasures=tuple(_erasure(number, each) for number, each in sorted(found.erasures.items())),
        redactions=tuple(_redaction(number, each) for number, each in sorted(found.redactions.items())),
    )


def _erasure(number: int, erasure: Erasure) -> ErasureView:
    return ErasureView(
        erasure=number,
        patient=erasure.patient,
        legal_basis=erasure.legal_basis,
        asked_by=erasure.asked_by,
        asked_at_position=erasure.asked_at_position,
        done_at_position=erasure.done,
        texts_count=erasure.texts_count,
    )


def _redaction(number: int, redaction: Redaction) -> RedactionView:
    return RedactionView(
        redaction=number,
        about=redaction.about,
        commitment=redaction.commitment,
        cause=redaction.cause,
        asked_by=redaction.asked_by,
        asked_at_position=redaction.asked_at_position,
        done_at_position=redaction.done,
    )

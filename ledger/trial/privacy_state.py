"""What the erasures and redactions of a trial amount to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from immutables import Map

from ledger.record import Record
from ledger.trial import privacy as e
from ledger.types import Event, changed


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a patient's texts were asked to be erased: where, by whom, and where it was confirmed."""

    patient: str
    legal_basis: str
    asked_by: str
    asked_at_position: int
    done: int | None = None
    texts_count: int | None = None


@dataclass(frozen=True, slots=True)
class Redaction:
    """That one text was asked to be redacted: where, by whom, and where it was confirmed."""

    about: int
    commitment: str
    cause: str
    asked_by: str
    asked_at_position: int
    done: int | None = None


@dataclass(frozen=True, slots=True)
class Privacy:
    """Every erasure and redaction, by number."""

    erasures: Map[int, Erasure] = Map()
    redactions: Map[int, Redaction] = Map()

    def erasure_of(self, patient: str) -> tuple[int, Erasure] | None:
        """The latest erasure of a patient, with its number."""
        found = [(number, each) for number, each in self.erasures.items() if each.patient == patient]
        return max(found, key=lambda pair: pair[0], default=None)

    def redaction_of(self, commitment: str) -> Redaction | None:
        """The redaction of a text."""
        return next((each for each in self.redactions.values() if each.commitment == commitment), None)


def _erasure_asked(privacy: Privacy, event: e.ErasureRequested, record: Record) -> Privacy:
    asked = Erasure(event.patient, event.legal_basis, record.actor.id, record.position)
    return changed(privacy, erasures=privacy.erasures.set(event.erasure, asked))


def _erased(privacy: Privacy, event: e.TextErased, record: Record) -> Privacy:
    asked = privacy.erasures.get(event.erasure)
    if asked is None:
        return privacy
    done = changed(asked, done=record.position, texts_count=event.texts_count)
    return changed(privacy, erasures=privacy.erasures.set(event.erasure, done))


def _redaction_asked(privacy: Privacy, event: e.RedactionRequested, record: Record) -> Privacy:
    asked = Redaction(event.about, event.commitment, event.cause, record.actor.id, record.position)
    return changed(privacy, redactions=privacy.redactions.set(event.redaction, asked))


def _redacted(privacy: Privacy, event: e.TextRedacted, record: Record) -> Privacy:
    asked = privacy.redactions.get(event.redaction)
    if asked is None:
        return privacy
    return changed(privacy, redactions=privacy.redactions.set(event.redaction, changed(asked, done=record.position)))


STEPS: Mapping[type[Event], Callable[[Privacy, Any, Record], Privacy]] = MappingProxyType(
    {
        e.ErasureRequested: _erasure_asked,
        e.TextErased: _erased,
        e.RedactionRequested: _redaction_asked,
        e.TextRedacted: _redacted,
    }
)

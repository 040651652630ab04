"""The envelope around the samples. It never changes: the golden bytes hold it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from ledger.record import TRIAL, Actor, Head, Record, Source, cohort_stream, patient_stream, product_stream
from ledger.types import Event

MOSCOW: Final = timezone(timedelta(hours=3))
ORIGIN: Final = "ledger.example.org/NCT07256210"
INVESTIGATOR: Final = Actor("ivan", "investigator", "NDGOI", "password")
COMMITTEE: Final = Actor("olga", "safety_committee", None, "password+totp")
QA: Final = Actor("quinn", "cell_processing_qa", "NDGOI", "password+totp")
EDC: Final = Actor("edc-1", "edc_system", "NDGOI", "api-key")
FROM_EDC: Final = Source("edc-1", "AE-000217-3", "nina", "coordinator", datetime(2026, 3, 2, 11, 2, 7, tzinfo=MOSCOW))
FROM_MONITOR: Final = Source("monitor-7")
CHECKPOINT: Final = Head(32, "5f" * 32)


def commitment(letter: str) -> str:
    """A hash in hex that a reader tells from others."""
    return letter * 64


def moscow(day: int, hour: int = 10, minute: int = 0) -> datetime:
    """An instant of March 2026 at the site."""
    return datetime(2026, 3, day, hour, minute, tzinfo=MOSCOW)


def sample(stream: str, event: Event, **envelope: Any) -> Record:
    given: dict[str, Any] = {
        "origin": ORIGIN,
        "position": 41,
        "stream": stream,
        "stream_version": 7,
        "event": event,
        "occurred_at": moscow(2, 10, 15),
        "recorded_at": datetime(2026, 3, 2, 7, 20, 30, 123456, tzinfo=UTC),
        "actor": INVESTIGATOR,
        "command_id": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "protocol_version": 1,
    }
    return Record(**{**given, **envelope})


def on_trial(event: Event, **envelope: Any) -> Record:
    return sample(TRIAL, event, **{"actor": COMMITTEE, **envelope})


def on_cohort(event: Event, **envelope: Any) -> Record:
    return sample(cohort_stream(1), event, **envelope)


def on_patient(event: Event, **envelope: Any) -> Record:
    return sample(patient_stream("001"), event, **envelope)


def on_product(event: Event, **envelope: Any) -> Record:
    return sample(product_stream("NK-0007"), event, **envelope)

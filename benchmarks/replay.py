"""Replaying a trial: read, check the leaf hash, decode with validation, fold; against the library, which does neither
check nor validate nor fold. What is compared is processor time: neither side waits for anything."""

import os
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks._common import at_least, cpu_seconds, keep, paired, ready_trial, records_of, write_trial
from ledger.record import Record
from ledger.store.sqlite import SqliteStore
from ledger.world import World

EVENTS = 5000


class Report(Aggregate):
    """The peer's aggregate: the same content as ours, field by field, in the library's own form."""

    @event("Reported")
    def reported(self, content: dict[str, Any]) -> None:
        self.content = content


def content_of(record: Record) -> dict[str, Any]:
    """What one of our records says: the event's fields and the envelope's, instants as instants."""
    return {
        **record.event.model_dump(),
        "occurred_at": record.occurred_at,
        "recorded_at": record.recorded_at,
        "actor": {"id": record.actor.id, "role": record.actor.role, "site": record.actor.site},
        "command_id": record.command_id,
        "origin": record.origin,
        "protocol_version": record.protocol_version,
    }


def ours(path: Path) -> float:
    with SqliteStore.open(path, read_only=True) as store:
        return store.size / cpu_seconds(lambda: World().after(store.records()))


def librarys(application: Application[UUID]) -> float:
    def replay() -> None:
        start: int | None = 1
        while start is not None:
            found = application.notification_log.select(start, 10)
            for notification in found:
                application.mapper.to_domain_event(notification)
            start = found[-1].id + 1 if found else None

    size = application.recorder.max_notification_id() or 0
    return size / cpu_seconds(replay)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bench = records_of(ready_trial(), EVENTS)
        path = directory / "trial.ledger"
        write_trial(bench, path).close()
        database = str(directory / f"{os.urandom(4).hex()}.db")
        environment = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": database}
        application = Application[UUID](environment)
        for first in range(0, EVENTS, 500):
            report = Report()
            for record in bench.records[first : first + 500]:
                report.reported(content_of(record))
            application.save(report)
        one, other = paired(lambda: ours(path), lambda: librarys(application))
        application.close()
    keep("replay", [at_least("replay, checked and folded: library, neither", one, other, 1.2, "events/s")])


if __name__ == "__main__":
    main()

"""What `/metrics` says: requests, commands and refusals, the writers' batches, every open trial, and the process."""

import os
import resource
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from api.metrics import PREFIX, Kind, Labels, family, histograms
from api.service import Service
from ledger.application import TrialLedger
from ledger.record import Record
from ledger.trial.evidence import MADE_BY_EVIDENCE
from ledger.world import World

FAR_ENOUGH: Final = 1000
"""How many unsigned events are looked at for the oldest that a head is due for."""
PROC: Final = Path("/proc/self")
SINCE_BOOT_FIELD: Final = 19
RESIDENT_FIELD: Final = 1


def measured(service: Service) -> str:
    """The whole text. It looks into every open trial, and so runs beside the event loop."""
    return "".join(
        chain(_requests(service), _commands(service), _writers(service), _trials(service), _process(service))
    )


def _requests(service: Service) -> Iterator[str]:
    of = service.requests
    counted = sorted(of.answered.items())
    yield from family(
        f"{PREFIX}http_requests_total",
        "counter",
        "Requests answered.",
        (({"method": m, "route": r, "status": str(s)}, count) for (m, r, s), count in counted),
    )
    yield from histograms(
        f"{PREFIX}http_request_seconds",
        "How long an answer took; of an event stream, how long it was followed.",
        (({"method": m, "route": r}, each) for (m, r), each in sorted(of.seconds.items())),
    )
    yield from _one("http_requests_in_flight", "gauge", "Requests that are worked on.", of.in_flight)
    yield from _one("http_streams", "gauge", "Event streams that somebody follows.", len(service.streams))


def _commands(service: Service) -> Iterator[str]:
    for kind, label, says in (
        ("commands", "outcome", "Commands carried out: appended, on record already, or tried out."),
        ("refusals", "rule", "Commands refused, by the rule."),
        ("unavailable", "rule", "Requests that the ledger could not serve, by the cause."),
    ):
        samples = [({label: name}, n) for (counted, name), n in sorted(service.counts.items()) if counted == kind]
        yield from family(f"{PREFIX}{kind}_total", "counter", says, samples)


def _writers(service: Service) -> Iterator[str]:
    of = service.shelf.measures
    for name, says, histogram in (
        ("batch_commands", "How many commands shared a commit.", of.batch_commands),
        ("batch_events", "How many events a commit appended.", of.batch_events),
        ("deciding_seconds", "How long a batch took until its commit.", of.deciding_seconds),
        ("commit_seconds", "How long a commit took.", of.commit_seconds),
    ):
        yield from histograms(f"{PREFIX}{name}", says, [({}, histogram)])


class OfTrial(NamedTuple):
    """What is told of a trial that is open."""

    events: float
    queue_depth: float
    unsigned_events: float
    checkpoint_age_seconds: float
    dlt_windows_open: float
    read_only: float


SAYS: Final = {
    "events": "Events in the log of a trial that is open.",
    "queue_depth": "Commands that wait for the trial's writer.",
    "unsigned_events": "Events that no signed head holds yet.",
    "checkpoint_age_seconds": "How long the oldest event that a signed head is due for has waited.",
    "dlt_windows_open": "Patients whose DLT window runs.",
    "read_only": "1 where the ledger found itself altered, or behind a signed head.",
}


def _trials(service: Service) -> Iterator[str]:
    found = sorted((name, _of_trial(ledger)) for name, ledger in service.shelf.visit())
    for name, says in SAYS.items():
        samples = [({"trial": trial}, getattr(told, name)) for trial, told in found]
        yield from family(f"{PREFIX}{name}", "gauge", says, samples)
    yield from _one("open_trials", "gauge", "Trials that are open.", len(found))
    lags = [({"trial": name}, lag) for name, lag in sorted(service.stream_lags().items())]
    yield from family(f"{PREFIX}stream_lag_events", "gauge", "How far the slowest event stream is behind.", lags)


def _of_trial(ledger: TrialLedger) -> OfTrial:
    world, signed, now = ledger.world, ledger.signed_size, ledger.clock()
    return OfTrial(
        events=world.size,
        queue_depth=ledger.waiting,
        unsigned_events=max(0, world.size - signed),
        checkpoint_age_seconds=_due_seconds(ledger, signed, world.size, now),
        dlt_windows_open=windows_open(world, now),
        read_only=ledger.corrupt is not None or ledger.behind is not None,
    )


def _due_seconds(ledger: TrialLedger, signed: int, size: int, now: datetime) -> float:
    """What the evidence itself records makes no head due."""

    def due(record: Record) -> bool:
        return type(record.event) not in MADE_BY_EVIDENCE

    oldest = next(filter(due, islice(ledger.store.records(signed, size), FAR_ENOUGH)), None)
    return 0 if oldest is None else max(0.0, (now - oldest.recorded_at).total_seconds())


def windows_open(world: World, now: datetime) -> int:
    """Patients whose DLT window has begun and not ended, on the day at their site."""
    members = (each for cohort in world.cohorts.values() for each in cohort.members.items())
    return sum(
        member.window is not None
        and member.window.running
        and member.window.planned_to_on >= world.patient_day(number, now)
        for number, member in members
    )


def _process(service: Service) -> Iterator[str]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    free = shutil.disk_usage(service.settings.directory).free
    yield from _one("disk_free_bytes", "gauge", "Free bytes where the trials' files are.", free)
    yield from _plain("process_cpu_seconds_total", "counter", "User and system CPU.", used.ru_utime + used.ru_stime)
    yield from _plain("process_threads", "gauge", "Threads of Python.", threading.active_count())
    if PROC.is_dir():
        pages = int((PROC / "statm").read_text().split()[RESIDENT_FIELD])
        yield from _plain("process_resident_memory_bytes", "gauge", "Resident memory.", pages * resource.getpagesize())
        yield from _plain("process_open_fds", "gauge", "Open files.", len(os.listdir(PROC / "fd")))
        yield from _plain("process_start_time_seconds", "gauge", "When it began, in seconds since 1970.", _begun_at())


def _begun_at() -> float:
    ticks = int((PROC / "stat").read_text().rpartition(")")[2].split()[SINCE_BOOT_FIELD])
    booted = next(line.split()[1] for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
    return int(booted) + ticks / os.sysconf("SC_CLK_TCK")


def _one(name: str, kind: Kind, says: str, value: float) -> Iterator[str]:
    return _plain(f"{PREFIX}{name}", kind, says, value)


def _plain(name: str, kind: Kind, says: str, value: float) -> Iterator[str]:
    nothing: Labels = {}
    return family(name, kind, says, [(nothing, value)])

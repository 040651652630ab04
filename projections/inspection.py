"""The log as an inspector reads it: beside the entries, which prove it, the same facts in readable forms.

Everything is computed for the moment of one signed head, from what stood on record then; *now* is the instant at which
the last of these events was recorded. So the same head gives the same files, on every machine. Nothing is proven by
them: whoever doubts one computes it anew from the entries.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, Final

import orjson

from ledger.decisions.products_standing import patients_of_lot
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record, cohort_stream, patient_stream, product_stream
from ledger.world import FOLD_VERSION, World
from projections.audit_trail import AuditRow, RefusedCommand, StreamOf, audit_csv, audit_trail
from projections.base import TextOf, View, digest
from projections.cohorts import cohorts
from projections.deviations import deviations
from projections.dlt_register import dlt_register
from projections.dose_decisions import dose_decisions
from projections.dossier import dossier_on
from projections.eligibility import screening_log
from projections.endpoints import endpoints
from projections.escalation import board
from projections.event_listing import event_listing
from projections.explain import explain
from projections.feasibility import feasibility
from projections.follow_up import follow_up
from projections.infusions import infusions
from projections.levels import home_day
from projections.notices import notices
from projections.outcomes import patient_outcomes
from projections.patient_timeline import patient_timeline
from projections.patients import patient
from projections.phase_two import phase_two
from projections.products import AccountabilityRow, accountability, products
from projections.review import queries, verifications
from projections.safety_clocks import safety_clocks
from projections.safety_listing import listing_csv, safety_listing
from projections.safety_reviews import safety_reviews
from projections.tabular import views_csv
from projections.worklists import worklists

_INDENTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2
_SPELLED: Final = _INDENTED | orjson.OPT_APPEND_NEWLINE

Made = Callable[[], Iterable[bytes]]
"""A file, piece by piece."""

Shown = Callable[[], Any]
"""What a file shows: a view, or several."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The log up to a head: the state, the records, and what stands beside them as far as the reader may see it."""

    world: World
    root: str
    records: Callable[[], Iterable[Record]]
    stream: StreamOf
    refusals: tuple[RefusedCommand, ...]
    text: TextOf

    @property
    def now(self) -> datetime:
        """When the last event was recorded: no clock is read."""
        assert self.world.recorded_at is not None, "a signed head has events"
        return self.world.recorded_at


def inspection(cut: Cut) -> Iterator[tuple[str, Made]]:
    """Every readable file, by its name; made when it is asked for, since a log may be longer than the memory."""
    yield "audit-trail.csv", lambda: map(str.encode, audit_csv(_rows(cut)))
    yield "audit-trail.json", lambda: _listed(_rows(cut))
    yield "events.txt", lambda: map(str.encode, event_listing(_rows(cut)))
    yield "state.json", partial(_one, partial(_state, cut))
    for name, view in chain(_of_the_trial(cut), _of_the_protocol(cut), _of_patients(cut)):
        yield f"{name}.json", partial(_one, view)
    yield "product-accountability.csv", lambda: map(str.encode, views_csv(AccountabilityRow, accountability(cut.world)))
    yield "safety-listing.csv", lambda: map(str.encode, listing_csv(safety_listing(cut.world, cut.now)))


def _rows(cut: Cut) -> Iterator[AuditRow]:
    return audit_trail(cut.records(), cut.stream, refusals=cut.refusals, text=cut.text)


def _state(cut: Cut) -> dict[str, Any]:
    """What `trial-ledger replay` gives for the same events, to compare."""
    return {
        "events": cut.world.size,
        "root": cut.root,
        "recorded_at": cut.now.isoformat().replace("+00:00", "Z"),
        "fold_version": FOLD_VERSION,
        "digest": digest(cut.world),
    }


def _of_the_trial(cut: Cut) -> Iterator[tuple[str, Shown]]:
    world, now = cut.world, cut.now
    yield "escalation-board", partial(board, world, now)
    yield "cohorts", partial(cohorts, world)
    yield "dlt-register", partial(dlt_register, world)
    yield "dose-decisions", partial(dose_decisions, world, now)
    yield "deviations", lambda: deviations(cut.records())
    yield "safety-clocks", partial(safety_clocks, world, now)
    yield "safety-reviews", partial(safety_reviews, world)
    yield "notices", partial(notices, world, now)
    yield "products", partial(products, world)
    yield "queries", partial(queries, world, now)
    yield "screening-log", partial(screening_log, world, now)
    yield "worklists", partial(worklists, world, now)


def _of_the_protocol(cut: Cut) -> Iterator[tuple[str, Shown]]:
    """What there is only while a protocol version is in force."""
    world, now = cut.world, cut.now
    protocol = _protocol(cut)
    if protocol is None:
        return
    yield "explanations", lambda: [explain(world, cut.records(), level, now) for level in protocol.levels()]
    yield "dose-decision-dossier", partial(dossier_on, world, home_day(world, now))
    yield "endpoints", partial(endpoints, world, protocol)
    yield "feasibility", partial(feasibility, world, protocol)
    yield "follow-up", partial(follow_up, world, protocol, now)
    yield "phase-two", partial(phase_two, world, protocol, home_day(world, now))
    yield "source-verification", partial(verifications, world, protocol)


def _protocol(cut: Cut) -> ProtocolDocument | None:
    version = cut.world.trial.protocol_on(home_day(cut.world, cut.now))
    return version.document if version is not None else None


def _of_patients(cut: Cut) -> Iterator[tuple[str, Shown]]:
    lots: dict[str, list[str]] = {}
    for lot in cut.world.products:
        for number in patients_of_lot(cut.world, lot):
            lots.setdefault(number, []).append(lot)
    for number, known in cut.world.patients.in_order():
        if known.screened is not None:
            yield f"patient-{number}", partial(_of_patient, cut, number, lots.get(number, []))


def _of_patient(cut: Cut, number: str, lots: Iterable[str]) -> dict[str, Any]:
    world, protocol = cut.world, _protocol(cut)
    found: dict[str, Any] = {
        "patient": patient(world, number),
        "timeline": patient_timeline(world, _about(cut, number, lots), number),
        "infusions": infusions(world, protocol, number),
    }
    if protocol is not None:
        found["outcomes"] = patient_outcomes(world, protocol, number)
    return found


def _about(cut: Cut, number: str, lots: Iterable[str]) -> list[Record]:
    """The patient's stream, the cohorts', and those of the patient's lots, in the order of the log."""
    streams = [patient_stream(number), *map(cohort_stream, cut.world.cohorts), *map(product_stream, lots)]
    found = [record for stream in streams for record in cut.stream(stream)]
    return sorted(found, key=lambda record: record.position)


def _one(view: Shown) -> Iterator[bytes]:
    yield _spelled(view())


def _listed(views: Iterable[View]) -> Iterator[bytes]:
    """A long list of views, spelled in the same way, of which no more than one is in memory."""
    before = b"[\n  "
    for view in views:
        yield before + orjson.dumps(view, default=_plain, option=_INDENTED).replace(b"\n", b"\n  ")
        before = b",\n  "
    yield b"[]\n" if before.startswith(b"[") else b"\n]\n"


def _spelled(found: Any) -> bytes:
    """JSON with sorted member names, indented to be read."""
    return orjson.dumps(found, default=_plain, option=_SPELLED)


def _plain(value: object) -> Any:
    if isinstance(value, View):
        return value.model_dump(mode="json")
    raise TypeError(f"a view holds no {type(value).__name__}")

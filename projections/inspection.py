"""The log as an inspector reads it: beside the entries, which prove it, the same facts in readable forms.

Everything is computed for the moment of one signed head, from what stood on record then; *now* is the instant at which
the last of these events was recorded. So the same head gives the same files, on every machine. Nothing is proven by
them: whoever doubts one computes it anew from the entries.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from ledger.decisions.products_standing import patients_of_lot
from ledger.protocol.document import ProtocolDocument
from ledger.record import Record, cohort_stream, patient_stream, product_stream
from ledger.world import FOLD_VERSION, World
from projections.audit_trail import RefusedCommand, StreamOf, audit_csv, audit_trail
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

_SPELLED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


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


def inspection(cut: Cut) -> Iterator[tuple[str, bytes]]:
    """Every readable file, by its name."""
    rows = tuple(audit_trail(cut.records(), cut.stream, refusals=cut.refusals, text=cut.text))
    yield "audit-trail.csv", "".join(audit_csv(rows)).encode()
    yield "audit-trail.json", _spelled(rows)
    yield "events.txt", "".join(event_listing(rows)).encode()
    yield "state.json", _spelled(_state(cut))
    for name, found in (*_of_the_trial(cut), *_of_the_protocol(cut), *_of_patients(cut)):
        yield f"{name}.json", _spelled(found)
    yield "product-accountability.csv", "".join(views_csv(AccountabilityRow, accountability(cut.world))).encode()
    yield "safety-listing.csv", "".join(listing_csv(safety_listing(cut.world, cut.now))).encode()


def _state(cut: Cut) -> dict[str, Any]:
    """What `trial-ledger replay` gives for the same events, to compare."""
    return {
        "events": cut.world.size,
        "root": cut.root,
        "recorded_at": cut.now.isoformat().replace("+00:00", "Z"),
        "fold_version": FOLD_VERSION,
        "digest": digest(cut.world),
    }


def _of_the_trial(cut: Cut) -> Iterator[tuple[str, Any]]:
    world, now = cut.world, cut.now
    yield "escalation-board", board(world, now)
    yield "cohorts", cohorts(world)
    yield "dlt-register", dlt_register(world)
    yield "dose-decisions", dose_decisions(world, now)
    yield "deviations", deviations(cut.records())
    yield "safety-clocks", safety_clocks(world, now)
    yield "safety-reviews", safety_reviews(world)
    yield "notices", notices(world, now)
    yield "products", products(world)
    yield "queries", queries(world, now)
    yield "screening-log", screening_log(world, now)
    yield "worklists", worklists(world, now)


def _of_the_protocol(cut: Cut) -> Iterator[tuple[str, Any]]:
    """What there is only while a protocol version is in force."""
    world, now = cut.world, cut.now
    protocol = _protocol(cut)
    if protocol is None:
        return
    yield "explanations", [explain(world, cut.records(), level, now) for level in protocol.levels()]
    yield "dose-decision-dossier", dossier_on(world, home_day(world, now))
    yield "endpoints", endpoints(world, protocol)
    yield "feasibility", feasibility(world, protocol)
    yield "follow-up", follow_up(world, protocol, now)
    yield "phase-two", phase_two(world, protocol, home_day(world, now))
    yield "source-verification", verifications(world, protocol)


def _protocol(cut: Cut) -> ProtocolDocument | None:
    version = cut.world.trial.protocol_on(home_day(cut.world, cut.now))
    return version.document if version is not None else None


def _of_patients(cut: Cut) -> Iterator[tuple[str, Any]]:
    world, protocol = cut.world, _protocol(cut)
    for number in [number for number, known in world.patients.in_order() if known.screened is not None]:
        found: dict[str, Any] = {
            "patient": patient(world, number),
            "timeline": patient_timeline(world, _about(cut, number), number),
            "infusions": infusions(world, protocol, number),
        }
        if protocol is not None:
            found["outcomes"] = patient_outcomes(world, protocol, number)
        yield f"patient-{number}", found


def _about(cut: Cut, number: str) -> list[Record]:
    """The patient's stream, the cohorts', and those of the patient's lots, in the order of the log."""
    lots = [lot for lot in cut.world.products if number in patients_of_lot(cut.world, lot)]
    streams = [patient_stream(number), *map(cohort_stream, cut.world.cohorts), *map(product_stream, lots)]
    found = [record for stream in streams for record in cut.stream(stream)]
    return sorted(found, key=lambda record: record.position)


def _spelled(found: Any) -> bytes:
    """JSON with sorted member names, indented to be read."""
    return orjson.dumps(found, default=_plain, option=_SPELLED)


def _plain(value: object) -> Any:
    if isinstance(value, View):
        return value.model_dump(mode="json")
    raise TypeError(f"a view holds no {type(value).__name__}")

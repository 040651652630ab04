"""What happens to the cells themselves: lots are warmed, thawed, tested again, destroyed, rejected, found unsterile."""

from datetime import timedelta
from typing import Any, get_args

from ledger.decisions import products as p
from ledger.decisions import products_release as r
from ledger.decisions.docket import Command
from ledger.decisions.product_permits import against_lot
from ledger.patient.state import Patient
from ledger.product import events as e
from ledger.record import Actor
from tests.bench import NURSE, QA
from tests.simulation.dosing import prepare_lot
from tests.simulation.walk import Walk


def unfit(walk: Walk, patient: Patient) -> bool:
    """Whether the patient's lot is there and may not be given."""
    lot = f"NK-{patient.number}"
    if lot not in walk.world.products:
        return False
    return any(against_lot(walk.world, patient, walk.protocol, 1, lot, walk.bench.now))


def a_lot(walk: Walk) -> str | None:
    return walk.pick(sorted(walk.world.products)) if walk.world.products else None


def make_one(walk: Walk, number: str) -> bool:
    """A lot is made for someone, needed or not."""
    prepare_lot(walk, number)
    return True


def something_happens(walk: Walk, _: str) -> bool:
    """One report about a lot."""
    lot = a_lot(walk)
    if lot is None:
        return False
    command, by = _report(walk, lot)
    return walk.done(command, by)


def _report(walk: Walk, lot: str) -> tuple[Command, Actor]:
    at, today = walk.bench.now - timedelta(hours=walk.pick((0, 0, 30))), walk.bench.now.date()
    bag, witness = walk.pick((None, "bag-1")), walk.pick(("nina", "boris"))
    outcome = walk.pick(("manufactured", "failed"))
    test = walk.pick((*walk.protocol.release_limits.findings, *walk.protocol.release_limits.measured))
    measured = "limit" in type(test).model_fields
    reports: tuple[tuple[type[Command], dict[str, Any]], ...] = (
        (p.RecordExcursion, {"highest_c": "-61.5", "lasted_minutes": 40, "started_at": at}),
        (p.RecordThaw, {"bag": "bag-1", "thawed_at": at, "viability_percent": "88.1", "cells": 10**8}),
        (p.ReportLateSterility, {"result": walk.pick(("negative", "positive")), "reported_on": today}),
        (p.ReportLateSterility, {"result": "negative", "reported_on": today}),
        (p.RecordDestruction, {"bag": bag, "cause": "other", "witnessed_by": witness, "destroyed_at": at}),
        (
            p.TransferCustody,
            {"from_party": "LAB", "to_party": "NDGOI.lab", "temperature_c": "-9", "transferred_at": at},
        ),
        (p.RecordManufacture, {"outcome": outcome, "cells": 5 * 10**9, "finished_at": at}),
        (r.RecordReleaseTest, {"test": test.test, "tested_on": today, **_result(walk, measured)}),
        (r.RecordReleaseTest, {"test": test.test, "tested_on": today, **_result(walk, measured)}),
    )
    kind, content = walk.pick(reports)
    return kind.model_validate({"lot": lot, **content}), NURSE


def _result(walk: Walk, measured: bool) -> dict[str, Any]:
    if not measured:
        return {"result": walk.pick(("negative", "no_growth", "growth"))}
    return {"result": walk.pick(("0", "4.9", "65", "99")), "unit": walk.pick(("percent", "eu_per_ml", "cells_per_kg"))}


def made_in_bags(walk: Walk, number: str) -> bool:
    """A second lot for the patient, frozen in bags; it waits for its tests."""
    lot = f"NK-{number}-B"
    collected = {"chain_of_identity": f"COI-{number}", "donor": walk.pick((f"D-{number}", "D-OTHER"))}
    donation = {"donation_number": f"=G1517 27 {number}", "collected_at": walk.bench.now - timedelta(days=9)}
    walk.ask(p.ReceiveCollection.model_validate({"lot": lot, "patient": number, **collected, **donation}), NURSE)
    bags = [{"bag": f"bag-{count}", "cells": 10**9} for count in (1, 2)]
    made = {"outcome": "manufactured", "cells": 2 * 10**9, "bags": bags, "finished_at": walk.bench.now}
    return walk.done(p.RecordManufacture.model_validate({"lot": lot, **made}), NURSE)


def dispose(walk: Walk, _: str) -> bool:
    """Somebody signs what may be done with a lot."""
    lot = a_lot(walk)
    if lot is None:
        return False
    disposition = walk.pick((*get_args(e.Disposition), "released", "conditional"))
    reason = walk.text("batch record reviewed")
    command = r.SetDisposition.model_validate({"lot": lot, "disposition": disposition, "reason": reason})
    return walk.done(command, walk.pick((QA, QA, QA, NURSE)))

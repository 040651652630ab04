"""A lot of cells that is fit to be infused, step by step: for every test that is about something else."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from ledger.decisions import products as p
from ledger.decisions import products_release as r
from ledger.decisions.docket import Command
from ledger.decisions.products_standing import sterility_pending
from ledger.product.testing import units_of
from ledger.protocol.document import ProtocolDocument
from ledger.record import Actor
from tests.bench import NURSE, QA, Bench

CELLS: Final = 10**12
"""More than any infusion of a test asks for."""


def steps(bench: Bench, number: str) -> Iterator[tuple[Command, Actor]]:
    """What to ask so that patient 001 has the lot NK-001: collected for it, made, tested, released, on the ward.

    Each step looks at the trial as the one before left it; a lot that is there already needs none.
    """
    lot = f"NK-{number}"
    if lot in bench.world.products:
        return
    now, protocol = bench.now, bench.docket().protocol()
    yield _collection(bench, number, lot), NURSE
    made = {"outcome": "manufactured", "cells": CELLS, "finished_at": now}
    yield p.RecordManufacture.model_validate({"lot": lot, **made}), NURSE
    for result in good_results(protocol):
        content = {"lot": lot, "weight_kg": "20", "tested_on": bench.world.patient_day(number, now), **result}
        yield r.RecordReleaseTest.model_validate(content), NURSE
    waits = sterility_pending(bench.world.products[lot], protocol.release_limits)
    said = {"disposition": "conditional" if waits else "released", "reason": bench.seal("batch record reviewed")}
    yield r.SetDisposition.model_validate({"lot": lot, **said}), QA
    screened = bench.world.patients[number].screened
    handed = {"from_party": "CELLFAB", "to_party": f"{screened.site if screened else ''}.ward"}
    measured = {"temperature_c": "-152.4", "transferred_at": now}
    yield p.TransferCustody.model_validate({"lot": lot, **handed, **measured}), NURSE


def _collection(bench: Bench, number: str, lot: str) -> p.ReceiveCollection:
    return p.ReceiveCollection(
        lot=lot,
        chain_of_identity=f"COI-{number}",
        donor=f"D-{number}",
        donation_number=f"=G1517 26 {number}",
        collected_at=bench.now - timedelta(days=14),
        patient=number,
    )


def good_results(protocol: ProtocolDocument) -> Iterator[dict[str, Any]]:
    """A result within the limit for every test that the protocol asks for before release."""
    for limit in protocol.release_limits.measured:
        good = "100" if limit.comparison in ("at_least", "above") else "0"
        yield {"test": limit.test, "result": good, "unit": units_of(limit)[-1]}
    for finding in protocol.release_limits.findings:
        yield {"test": finding.test, "result": finding.expected, "unit": None}

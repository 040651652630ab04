"""What quality assurance signs: released when all has passed, conditional while the culture runs, rejected any time."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.decisions import products as p
from ledger.decisions.products_release import SetDisposition
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.product.events import ProductDispositionSet
from ledger.trial.events import TrialDeviationRecorded
from tests.bench import INVESTIGATOR, PI, QA
from tests.product.lots import (
    LAB,
    LOT,
    ProductBench,
    collect,
    dispose,
    make,
    pass_tests,
    ready_lot,
    result,
    sterility,
    trial,
    why_not,
)


def after_tests() -> ProductBench:
    bench = trial()
    collect(bench)
    make(bench)
    pass_tests(bench)
    return bench


def test_a_lot_is_released_conditionally_while_the_final_culture_runs() -> None:
    bench = after_tests()
    with bench.refuses(no.LateSterilityPending):
        dispose(bench, "released")
    dispose(bench, "conditional")
    assert bench.lot().released(bench.now + timedelta(seconds=1))


def test_a_lot_is_released_when_the_final_culture_is_negative() -> None:
    bench = after_tests()
    dispose(bench, "conditional")
    bench.pass_days(14)
    sterility(bench, "negative")
    with bench.refuses(no.LateSterilityKnown):
        dispose(bench, "conditional")
    (event,) = dispose(bench, "released")
    assert isinstance(event, ProductDispositionSet)


def test_a_lot_that_was_not_made_is_not_released() -> None:
    bench = trial()
    collect(bench)
    pass_tests(bench)
    with bench.refuses(no.NotManufactured):
        dispose(bench, "conditional")
    bench.ask(p.RecordManufacture(lot=LOT, outcome="failed", finished_at=bench.now), LAB)
    with bench.refuses(no.NotManufactured):
        dispose(bench, "conditional")


@pytest.mark.parametrize("by", [PI, INVESTIGATOR, LAB])
def test_only_quality_assurance_signs(by: object) -> None:
    bench = after_tests()
    with bench.refuses(no.NotDelegated):
        dispose(bench, "rejected", by=by)  # type: ignore[arg-type]


def test_who_did_every_test_does_not_release() -> None:
    bench = trial()
    collect(bench)
    make(bench)
    pass_tests(bench, by=QA)
    with bench.refuses(no.OnlyAssessor):
        dispose(bench, "conditional")
    result(bench, "viability_percent", "94", "percent", by=LAB)
    dispose(bench, "conditional")


@pytest.mark.parametrize("disposition", ["rejected", "quarantined"])
def test_a_lot_is_rejected_or_quarantined_at_any_time(disposition: str) -> None:
    bench = trial()
    collect(bench)
    dispose(bench, disposition)
    bench = ready_lot()
    dispose(bench, disposition)
    assert why_not(bench) == [no.ProductRejected if disposition == "rejected" else no.ProductNotReleased]


def test_what_is_rejected_goes_back_to_quarantine_first() -> None:
    bench = ready_lot()
    dispose(bench, "rejected")
    with bench.refuses(no.ProductRejected):
        dispose(bench, "conditional")
    dispose(bench, "quarantined")
    dispose(bench, "conditional")
    assert why_not(bench) == []


def test_signing_the_same_again_changes_nothing_and_another_reason_is_another_signature() -> None:
    bench = after_tests()
    dispose(bench, "conditional")
    assert dispose(bench, "conditional") == ()
    other = SetDisposition(lot=LOT, disposition="conditional", reason=bench.seal("second review"))
    assert len(bench.ask(other, QA)) == 1


def test_a_release_on_paper_keeps_each_broken_rule_as_a_deviation_of_the_trial() -> None:
    bench = trial()
    collect(bench)
    make(bench)
    pass_tests(bench, without="viability_percent")
    events = dispose(bench, "released", on_paper=True, occurred_at=bench.now)
    deviations = [event.kind for event in events if isinstance(event, TrialDeviationRecorded)]
    assert deviations == [no.ReleaseTestMissing.__name__, no.LateSterilityPending.__name__]
    assert isinstance(events[-1], ProductDispositionSet)


def test_a_result_that_fails_after_release_keeps_the_lot_from_patients() -> None:
    bench = ready_lot()
    assert why_not(bench) == []
    result(bench, "mycoplasma_pcr", "positive")
    assert why_not(bench) == [no.ReleaseTestFailed]


def test_a_destroyed_lot_is_not_released() -> None:
    bench = after_tests()
    bench.ask(p.RecordDestruction(lot=LOT, cause="expired", witnessed_by="boris", destroyed_at=bench.now), LAB)
    with bench.refuses(no.ProductIsDestroyed):
        dispose(bench, "conditional")


def test_a_lot_that_nobody_collected_is_unknown() -> None:
    bench = trial()
    with bench.refuses(no.NoSuchProduct):
        make(bench)
    with bench.refuses(no.NoSuchProduct):
        dispose(bench, "rejected")


def test_an_excursion_is_judged_by_the_next_signature() -> None:
    bench = ready_lot()
    warm = p.RecordExcursion(lot=LOT, highest_c="-98.5", lasted_minutes=35, started_at=bench.now)
    bench.ask(warm, LAB)
    assert why_not(bench) == [no.ExcursionUnresolved]
    command = SetDisposition(lot=LOT, disposition="conditional", reason=bench.seal("batch record reviewed"))
    assert len(bench.ask(command, QA)) == 1, "the same words are a new signature"
    assert why_not(bench) == []


def test_a_report_that_contradicts_the_record_is_kept_beside_it_with_a_query() -> None:
    bench = ready_lot()
    started_at = bench.now
    bench.ask(p.RecordExcursion(lot=LOT, highest_c="-98.5", lasted_minutes=35, started_at=started_at), LAB)
    again = p.RecordExcursion(lot=LOT, highest_c="-20", lasted_minutes=35, started_at=started_at)
    names = [event.NAME for event in bench.ask(again, LAB)]
    assert names == ["product.temperature-excursion.v1", "patient.query-raised.v1"]
    assert [held.event.highest_c for held in bench.lot().excursions] == ["-98.5"]


def test_nothing_happens_later_than_now() -> None:
    bench = ready_lot()
    later = bench.now + timedelta(hours=1)
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(p.RecordExcursion(lot=LOT, highest_c="4", lasted_minutes=1, started_at=later), LAB)


@pytest.mark.parametrize(
    ("cells", "bags"),
    [
        (None, []),
        (10, [{"bag": "A", "cells": 11}]),
        (10, [{"bag": "A", "cells": 1}, {"bag": "A", "cells": 2}]),
    ],
)
def test_a_manufacture_does_not_contradict_itself(cells: int | None, bags: list[dict[str, object]]) -> None:
    bench = trial()
    collect(bench)
    content = {"lot": LOT, "outcome": "manufactured", "cells": cells, "bags": bags, "finished_at": bench.now}
    with bench.refuses(no.FindingsContradict):
        bench.ask(p.RecordManufacture.model_validate(content), LAB)


def test_thawing_what_was_not_released_is_a_deviation() -> None:
    bench = trial()
    collect(bench)
    make(bench, A=1000)
    thaw = p.RecordThaw(lot=LOT, bag="A", thawed_at=bench.now, viability_percent="81.5", cells=900)
    events = bench.ask(thaw, LAB)
    assert [e.kind for e in events if isinstance(e, ProtocolDeviationRecorded)] == [no.ProductNotReleased.__name__]

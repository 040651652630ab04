"""Doses are exact: cells per kg, shares, percent of the plan; nothing passes through a float."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.decisions import given as reports
from ledger.errors import Malformed
from ledger.patient.infusions import DosePlanned, InfusionCompleted
from ledger.types import exact
from tests.bench import nct07256210
from tests.examples import examples
from tests.patients import authorise, place, screen
from tests.simulation.beginnings import opened

PROTOCOL = nct07256210()
LEVELS = st.sampled_from(PROTOCOL.levels())
WEIGHTS = st.decimals("2.5", "120", places=3).map(lambda kg: str(kg.normalize()) if kg % 1 else str(int(kg)))
CELLS = st.integers(0, 2 * 10**10)


@given(LEVELS)
def test_the_infusions_of_a_level_make_its_total(level: int) -> None:
    given_per_kg = [PROTOCOL.planned_cells_per_kg(level, ordinal) for ordinal in PROTOCOL.ordinals()]
    assert sum(given_per_kg, Fraction()) == PROTOCOL.level_total(level)


@given(LEVELS, WEIGHTS)
def test_two_thirds_and_one_third_of_any_weight_are_the_whole(level: int, weight_kg: str) -> None:
    cells = [PROTOCOL.planned_cells_per_kg(level, ordinal) * exact(weight_kg) for ordinal in (1, 2)]
    assert cells[0] == 2 * cells[1]
    assert sum(cells, Fraction()) == PROTOCOL.level_total(level) * exact(weight_kg)


@settings(max_examples=examples(60), deadline=None)
@given(WEIGHTS, CELLS)
def test_what_is_recorded_of_an_infusion_multiplies_back(weight_kg: str, cells: int) -> None:
    bench = opened("as-registered")
    screen(bench, "001")
    place(bench, "001", 1)
    authorise(bench, "001", 1, weight_kg)
    report = reports.RecordInfusion(
        patient="001", ordinal=1, product="NK-001", ended_at=bench.now, weight_kg=weight_kg, cells=cells
    )
    completed = next(event for event in bench.ask(report) if isinstance(event, InfusionCompleted))
    planned = next(r.event for r in bench.records if isinstance(r.event, DosePlanned))
    assert exact(completed.cells_per_kg) * exact(weight_kg) == cells
    assert exact(completed.percent_of_plan) * exact(planned.cells) == cells * 100


@settings(max_examples=examples(60), deadline=None)
@given(st.from_regex(r"\A(0|[1-9][0-9]{0,20})(\.[0-9]{1,18})?\Z"), CELLS)
def test_any_weight_is_either_taken_exactly_or_cannot_be_read(weight_kg: str, cells: int) -> None:
    assume(len(weight_kg) <= 40)
    bench = opened("as-registered")
    screen(bench, "001")
    place(bench, "001", 1)
    report = reports.RecordInfusion(
        patient="001", ordinal=1, product="NK-001", ended_at=bench.now, weight_kg=weight_kg, cells=cells
    )
    try:
        events = bench.ask(report)
    except Malformed:
        return
    completed = next(event for event in events if isinstance(event, InfusionCompleted))
    assert exact(completed.cells_per_kg) == Fraction(cells) / exact(weight_kg)


@pytest.mark.parametrize("level", PROTOCOL.levels())
def test_one_cell_more_than_the_limit_is_an_overdose_and_the_limit_is_not(level: int) -> None:
    limit = PROTOCOL.planned_cells_per_kg(level, 2) * 3 * PROTOCOL.overdose_percent / 100
    bench = opened("as-registered")
    screen(bench, "001")
    kinds = []
    for cells in (int(limit), int(limit) + 1):
        again = opened("as-registered")
        screen(again, "001")
        start = reports.RecordInfusionStart(
            patient="001", ordinal=2, product="NK-001", level=level, started_at=again.now
        )
        again.ask(start)
        end = reports.RecordInfusion(
            patient="001", ordinal=2, product="NK-001", ended_at=again.now, weight_kg="3", cells=cells
        )
        kinds.append(any(getattr(event, "kind", "") == "Overdose" for event in again.ask(end)))
    assert kinds == [False, True]

"""Trials for the tests of the read models: each is built once, and every test gets a bench of its own to go on from."""

from dataclasses import replace
from functools import cache

from ledger.record import Record
from tests.bench import Bench, nct07256210, opened_trial
from tests.patients import close_window, decide, reaction, rule, treat

LEVEL_1 = ("001", "002", "003")
LEVEL_1_EXPANDED = ("004", "005", "006")
LEVEL_2 = ("007", "008")


def stream(bench: Bench, name: str) -> list[Record]:
    return [record for record in bench.records if record.stream == name]


def position(bench: Bench, name: str, nth: int = 0) -> int:
    """The position of the nth event of this stored name (from the end, where below 0)."""
    return [record.position for record in bench.records if f"{name}.v1" == record.event.NAME][nth]


def _fork(bench: Bench) -> Bench:
    return replace(bench, records=list(bench.records), texts=dict(bench.texts))


@cache
def _three_treated() -> Bench:
    """Level 1 with three patients, all windows closed, one DLT."""
    bench = opened_trial()
    for number in LEVEL_1:
        treat(bench, number, 1)
        if number == "002":
            rule(bench, number, reaction(bench, number))
        close_window(bench, number)
    return bench


@cache
def _six_treated() -> Bench:
    """Level 1 expanded to six, all windows closed, one DLT."""
    bench = _fork(_three_treated())
    decide(bench, "expand", 1)
    for number in LEVEL_1_EXPANDED:
        treat(bench, number, 1)
        close_window(bench, number)
    return bench


@cache
def _level_2_exceeded() -> Bench:
    """Escalated to level 2, where the first two patients have a DLT each."""
    bench = _fork(_six_treated())
    decide(bench, "escalate", 2)
    for number in LEVEL_2:
        treat(bench, number, 2)
        rule(bench, number, reaction(bench, number))
        close_window(bench, number)
    return bench


@cache
def _mtd_declared() -> Bench:
    bench = _fork(_level_2_exceeded())
    decide(bench, "declare_mtd", 1)
    return bench


def three_treated() -> Bench:
    return _fork(_three_treated())


def six_treated() -> Bench:
    return _fork(_six_treated())


def level_2_exceeded() -> Bench:
    return _fork(_level_2_exceeded())


def mtd_declared() -> Bench:
    return _fork(_mtd_declared())


def capped(cap: int) -> Bench:
    """A trial for so few patients that it may end without an answer."""
    protocol = nct07256210().model_copy(update={"enrolment_cap": cap})
    return opened_trial(protocol)

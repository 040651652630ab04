"""The 3+3 of the bundled trial, its published variants, and outcomes on the trial's ladder."""

from collections.abc import Iterator

from ledger.designs.base import Outcomes, Tally
from ledger.designs.notation import outcomes_on, parse_outcomes
from ledger.designs.three_plus_three import ThreePlusThree


def three_plus_three(*, six: bool = True, at_once: bool = True, down: bool = True) -> ThreePlusThree:
    return ThreePlusThree(kind="3+3", six_at_mtd=six, act_on_second_dlt=at_once, may_deescalate=down)


def variants() -> Iterator[ThreePlusThree]:
    switches = [(six, at_once, down) for six in (True, False) for at_once in (True, False) for down in (True, False)]
    return (three_plus_three(six=six, at_once=at_once, down=down) for six, at_once, down in switches)


def outcomes(text: str, **marked: Tally) -> Outcomes:
    """On levels 0 (reserve) to 3, started at 1. A tally that letters cannot say is given as `level_2=Tally(...)`."""
    tallies = {int(name.removeprefix("level_")): tally for name, tally in marked.items()}
    return Outcomes({**parse_outcomes(text), **tallies}, bottom=0, top=3, start=1)


def ladder_of_three(text: str) -> Outcomes:
    """On levels 1 to 3 without a reserve, started at 1."""
    return outcomes_on(text, bottom=1, top=3, start=1)

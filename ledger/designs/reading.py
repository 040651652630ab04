"""Reading an advice: in a line, and for what it means to a level."""

from ledger.designs.base import (
    Advice,
    Await,
    DeclareMtd,
    DeclareMtdNotReached,
    Escalate,
    Open,
    StopNoMtd,
    Treat,
)

FIRST_SLOTS = 3
FULL_SLOTS = 6


def advice_line(advice: Advice) -> str:
    """An advice in a line, as the board and the log show it."""
    match advice:
        case Treat(level=level, slots=slots):
            return f"treat level {level} to {slots}"
        case Open(level=level):
            return f"open level {level}"
        case Escalate(level=level):
            return f"escalate to level {level}"
        case DeclareMtd(level=level):
            return f"declare MTD: level {level}"
        case DeclareMtdNotReached(top=level):
            return f"declare MTD not reached; RP2D level {level}"
        case StopNoMtd():
            return "stop: no tolerated level"
        case Await(then=then, pending=pending, candidates=candidates):
            return f"await {pending} pending, {candidates} candidate; then {advice_line(then)}"


def treats_now(advice: Advice, level: int) -> bool:
    """Whether patients may be placed at a level now: it is filled, or it is the next to open."""
    match advice:
        case Treat(level=advised) | Open(level=advised) | Escalate(level=advised):
            return advised == level
        case _:
            return False


def lower_level_to_treat(advice: Advice) -> int | None:
    """The level that has to be filled before anything above it, waited for or not."""
    match advice:
        case Treat(level=level) | Await(then=Treat(level=level)):
            return level
        case _:
            return None


def declared_level(advice: Advice) -> int | None:
    """The level that is declared the MTD, or recommended as the tolerated top, once nothing is waited for."""
    match advice:
        case DeclareMtd(level=level) | Await(then=DeclareMtd(level=level)):
            return level
        case DeclareMtdNotReached(top=level) | Await(then=DeclareMtdNotReached(top=level)):
            return level
        case _:
            return None


def tolerated(evaluable: int, dlt: int) -> bool:
    """0 of 3 or more, or at most 1 of 6 or more."""
    return (evaluable >= FIRST_SLOTS and dlt == 0) or (evaluable >= FULL_SLOTS and dlt <= 1)

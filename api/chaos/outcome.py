"""A row of the fault matrix, and what it comes to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from api.chaos.judging import Judgement

PROMISED: Final = ("lost", "doubled", "moved", "gap")


@dataclass(frozen=True, slots=True)
class Task:
    """Where a row may make files, whence its chance comes, and how often it injects."""

    directory: Path
    chance: Random
    times: int

    def place(self, name: str) -> Path:
        """A fresh directory."""
        made = self.directory / name
        made.mkdir(parents=True)
        return made


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often a fault was injected, what was acknowledged around it, what of that was lost, what else was not as
    promised; and the control: the same without the protection, which has to fail."""

    injected: int
    acknowledged: int
    lost: int = 0
    wrong: tuple[str, ...] = ()
    control: str = ""
    control_failed: bool = True
    """Whether the control failed, as it has to; a control that passes says that the test sees nothing."""
    not_run: str = ""
    """Why it could not be injected on this machine, if it could not."""

    @property
    def passed(self) -> bool:
        return not self.wrong and not self.lost and self.injected > 0 and self.control_failed


@dataclass(frozen=True, slots=True)
class Row:
    """A fault: its names, how it is injected, and how often."""

    name: str
    fault: str
    inject: Callable[[Task], Outcome]
    short: int
    long: int


def summed(judgements: list[Judgement], **more: str | bool) -> Outcome:
    """Many judgements as one outcome."""
    wrong = tuple(dict.fromkeys(each for judgement in judgements for each in judgement.wrong))
    return Outcome(
        len(judgements),
        sum(each.acknowledged for each in judgements),
        sum(each.lost for each in judgements),
        wrong,
        **more,  # type: ignore[arg-type]  # control and control_failed
    )

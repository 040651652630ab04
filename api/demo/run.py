"""The demo from beginning to end: a fresh ledger, a server, the story, and then the server is yours."""

import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import httpx2

from api.cli_board import LEGEND
from api.cli_output import err, out
from api.demo import (
    admission,
    afterwards,
    beginning,
    checking,
    completion,
    following,
    level_one,
    level_two,
    treating,
)
from api.demo.client import Caller, Unexpected
from api.demo.handover import PATIENT_HANDED_OVER, TRIAL_HANDED_OVER, HandedOver, hand_over
from api.demo.people import PASSWORD, PLAYERS
from api.demo.screen import Screen
from api.demo.server import NoServer, running, tokens_for
from api.demo.stage import FIRST_INSTANT, Stage
from ledger.shelf import SUFFIX

TRIAL: Final = "DEMO-NCT07256210"
ABOUT: Final = "The protocol is that of NCT07256210. Patients and outcomes are invented."
TIMEOUT_SECONDS: Final = 30


def escalation(stage: Stage, file: Path) -> None:
    """A phase I trial to its MTD, an earlier day replayed, a copy falsified, and all of it checked from outside."""
    beginning.begin(stage)
    level_one.first_three(stage)
    level_one.expand(stage)
    level_one.next_three(stage)
    level_two.exceeded(stage)
    level_two.declare(stage)
    afterwards.replay(stage, file)
    afterwards.falsify(stage, file)
    checking.check(stage, file)


def patient(stage: Stage, file: Path) -> None:
    """One patient, from screening to the end of two years."""
    admission.admit(stage)
    admission.plan(stage)
    treating.first_infusion(stage)
    treating.transplant(stage)
    treating.close(stage)
    following.serious_event(stage)
    following.follow(stage)
    completion.sign_off(stage)
    completion.show_days(stage)
    completion.sum_up(stage, file)


@dataclass(frozen=True, slots=True)
class Told:
    """A story: its title, what it plays, and what it leaves to whoever watched."""

    title: str
    play: Callable[[Stage, Path], object]
    handed_over: HandedOver
    lines: tuple[str, ...] = ()


STORIES: Final[Mapping[str, Told]] = {
    "escalation": Told("A phase I trial in a few seconds", escalation, TRIAL_HANDED_OVER, (LEGEND,)),
    "patient": Told("A whole patient in a few seconds", patient, PATIENT_HANDED_OVER),
}


def play(story: str, *, directory: Path | None, port: int, leave: bool) -> bool:
    """Play a story on a server of its own; false where it did not come to its end, which is then told."""
    screen, begun = Screen(out), time.monotonic()
    told = STORIES[story]
    screen.title(told.title, ABOUT, *told.lines)
    try:
        with _ended_gently(), _place(directory) as place:
            tokens = tokens_for(PLAYERS, place / "accounts.jsonl")
            with running(place, port, FIRST_INSTANT) as url:
                _tell(told, screen, url, tokens, place)
                screen.say()
                screen.say(f"Played in {time.monotonic() - begun:.1f} s.", style="dim")
                if not leave:
                    hand_over(told.handed_over, screen, url, tokens, place, TRIAL)
    except (NoServer, Unexpected, afterwards.Differs, httpx2.HTTPError) as fault:
        err.print(f"The demo stopped: {fault}", markup=False)
        return False
    return True


def _tell(told: Told, screen: Screen, url: str, tokens: Mapping[str, str], place: Path) -> None:
    with httpx2.Client(base_url=url, timeout=TIMEOUT_SECONDS) as http:
        signing = {player.name: PASSWORD for player in PLAYERS if player.printed_name is not None}
        callers = {name: Caller(http, name, token, TRIAL, signing.get(name)) for name, token in tokens.items()}
        told.play(Stage(callers, screen), place / f"{TRIAL}{SUFFIX}")


@contextmanager
def _ended_gently() -> Iterator[None]:
    """Asked to end, the server and the directory go first."""
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(*_: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


@contextmanager
def _place(directory: Path | None) -> Iterator[Path]:
    """The directory that was asked for, which has to be empty; or one that goes with the demo."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="trial-ledger-demo-") as made:
            yield Path(made)
        return
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty; the demo begins with an empty one")
    yield directory

"""The demo from beginning to end: a fresh ledger, a server, the story, and then the server is yours."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2

from api.cli_board import LEGEND
from api.cli_output import err, out
from api.demo import afterwards, beginning, level_one, level_two
from api.demo.client import Caller, Unexpected
from api.demo.people import INSPECTOR, PLAYERS, STATISTICIAN
from api.demo.screen import Screen
from api.demo.server import NoServer, running, tokens_for
from api.demo.stage import FIRST_INSTANT, Stage
from ledger.shelf import SUFFIX

TRIAL: Final = "DEMO-NCT07256210"
TIMEOUT_SECONDS: Final = 30


def escalation(stage: Stage, file: Path) -> None:
    """A phase I trial to its MTD, an earlier day replayed, and a copy falsified."""
    beginning.begin(stage)
    level_one.first_three(stage)
    level_one.expand(stage)
    level_one.next_three(stage)
    level_two.exceeded(stage)
    level_two.declare(stage)
    afterwards.replay(stage, file)
    afterwards.falsify(stage, file)


STORIES: Final[Mapping[str, Callable[[Stage, Path], None]]] = {"escalation": escalation}


def play(story: str, *, directory: Path | None, port: int, leave: bool) -> bool:
    """Play a story on a server of its own; false where it did not come to its end, which is then told."""
    screen, begun = Screen(out), time.monotonic()
    screen.title(
        "A phase I trial in a few seconds", "NCT07256210's protocol. Patients and outcomes are invented.", LEGEND
    )
    try:
        with _place(directory) as place:
            tokens = tokens_for(PLAYERS, place / "accounts.jsonl")
            with (
                running(place, port, FIRST_INSTANT) as url,
                httpx2.Client(base_url=url, timeout=TIMEOUT_SECONDS) as http,
            ):
                callers = {name: Caller(http, name, token, TRIAL) for name, token in tokens.items()}
                STORIES[story](Stage(callers, screen), place / f"{TRIAL}{SUFFIX}")
                screen.say("")
                screen.say(f"Played in {time.monotonic() - begun:.1f} s.", style="dim")
                if not leave:
                    _hand_over(screen, url, tokens, place)
    except (NoServer, Unexpected, afterwards.Differs) as fault:
        err.print(f"The demo stopped: {fault}", markup=False)
        return False
    return True


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


def _hand_over(screen: Screen, url: str, tokens: Mapping[str, str], place: Path) -> None:
    """The server goes on. Who may call, and what to try."""
    screen.chapter(9, "The server is yours")
    screen.lines([("url", url), ("trial", TRIAL), ("file", str(place / f"{TRIAL}{SUFFIX}"))])
    screen.lines([(f"{player.name}, {player.role.replace('_', ' ')}", tokens[player.name]) for player in PLAYERS])
    screen.say("")
    for line in suggestions(url, tokens):
        screen.verbatim(line)
    screen.say("")
    screen.say("Ctrl-C ends the server and removes what it wrote in a temporary directory.", style="dim")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        screen.say("")


def suggestions(url: str, tokens: Mapping[str, str]) -> list[str]:
    """Three requests that work."""
    trial = f"{url}/v1/trials/{TRIAL}"
    reader, inspector = tokens[STATISTICIAN.name], tokens[INSPECTOR.name]
    return [
        f"curl -s -H 'Authorization: Bearer {reader}' {trial}/escalation",
        f"curl -s -H 'Authorization: Bearer {reader}' '{trial}/escalation/explain?level=2'",
        f"curl -s -H 'Authorization: Bearer {inspector}' '{trial}/replay?as_of_position=100'",
    ]

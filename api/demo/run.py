"""The demo from beginning to end: a fresh ledger, a server, the story, and then the server is yours."""

import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import httpx2

from api.cli_board import LEGEND
from api.cli_output import err, out
from api.demo import afterwards, beginning, level_one, level_two
from api.demo.client import Caller, Unexpected
from api.demo.level_two import SEVENTH
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
    signal.signal(signal.SIGTERM, _end)
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
                screen.say()
                screen.say(f"Played in {time.monotonic() - begun:.1f} s.", style="dim")
                if not leave:
                    _hand_over(screen, url, tokens, place)
    except (NoServer, Unexpected, afterwards.Differs) as fault:
        err.print(f"The demo stopped: {fault}", markup=False)
        return False
    return True


def _end(*_: object) -> NoReturn:
    """Asked to end: the server and the directory go first."""
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


def _hand_over(screen: Screen, url: str, tokens: Mapping[str, str], place: Path) -> None:
    """The server goes on. Who may call, and what to try."""
    screen.chapter(9, "The server is yours")
    file = place / f"{TRIAL}{SUFFIX}"
    screen.lines([("url", f"{url}/docs"), ("trial", TRIAL), ("file", str(file))])
    screen.say()
    screen.say("Tokens, by account and role:")
    screen.lines([(f"{player.name}, {player.role.replace('_', ' ')}", tokens[player.name]) for player in PLAYERS])
    for what, line in suggestions(url, tokens):
        screen.say()
        screen.say(what)
        screen.verbatim(line)
    screen.say()
    screen.say("Without the server:")
    screen.verbatim(f"trial-ledger events --file {file} --patient {SEVENTH.number}")
    screen.say()
    screen.say("Ctrl-C ends the server, and a temporary directory goes with it.", style="dim")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        screen.say()


def suggestions(url: str, tokens: Mapping[str, str]) -> list[tuple[str, str]]:
    """Three requests that work, and what each asks."""
    trial = f"{url}/v1/trials/{TRIAL}"
    reader, inspector = tokens[STATISTICIAN.name], tokens[INSPECTOR.name]
    return [
        ("Where does the escalation stand?", _curl(reader, f"{trial}/escalation")),
        ("Why does level 2 take no patients?", _curl(reader, f"{trial}/escalation/explain?level=2")),
        ("What was the whole state after event 100?", _curl(inspector, f"{trial}/replay?as_of_position=100")),
    ]


def _curl(token: str, url: str) -> str:
    return f"curl -s -H 'Authorization: Bearer {token}' '{url}'"

"""After the story: the server goes on, and whoever watched may ask."""

import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.demo.admission import PATH, PATIENT
from api.demo.level_two import SEVENTH
from api.demo.people import EDC, PASSWORD, PLAYERS, Player
from api.demo.screen import Screen
from ledger.shelf import SUFFIX


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What to try after a story: its chapter, three requests that work, and the patient whose events are listed.

    Of a request: what it asks, whose token it takes, and the path below the trial.
    """

    chapter: int
    requests: tuple[tuple[str, str, str], ...]
    patient: str


TRIAL_HANDED_OVER: Final = HandedOver(
    10,
    (
        ("Where does the escalation stand?", "LENA", "/escalation"),
        ("Why does level 2 take no patients?", "LENA", "/escalation/explain?level=2"),
        ("What was the whole state after event 100, and its digest?", "IRINA", "/replay?as_of_position=100"),
    ),
    SEVENTH.number,
)
PATIENT_HANDED_OVER: Final = HandedOver(
    9,
    (
        ("What was planned and given, day by day?", "ANTON", f"/{PATH}/timeline"),
        ("Why was she eligible, finding by finding?", "MARIA", f"/{PATH}/eligibility"),
        (
            "What was known on the day before the graft moved?",
            "IRINA",
            f"/{PATH}/schedule?as_of_recorded=2025-05-25T18:00:00Z",
        ),
    ),
    PATIENT.number,
)


def hand_over(what: HandedOver, screen: Screen, url: str, tokens: Mapping[str, str], place: Path, trial: str) -> None:
    """Who may call, what to try; then wait until interrupted."""
    file, variables = place / f"{trial}{SUFFIX}", place / "environment"
    keys, passwords = place / "tokens.json", place / "passwords.json"
    write_variables(variables, f"{url}/v1/trials/{trial}", tokens)
    write_private(keys, json.dumps(dict(tokens), indent=1))
    write_private(passwords, json.dumps({player.name: PASSWORD for player in PLAYERS if player.printed_name}, indent=1))
    screen.chapter(what.chapter, "The server is yours")
    screen.lines([("url", f"{url}/docs"), ("trial", trial), ("file", str(file))])
    screen.say()
    screen.say("Tokens, by role:")
    screen.lines([(f"{player.name}, {player.role.replace('_', ' ')}", tokens[player.name]) for player in PLAYERS])
    screen.say()
    screen.say("In another terminal, these make the lines below work:")
    screen.verbatim(f". {variables}")
    for asked, who, path in what.requests:
        screen.say()
        screen.say(asked)
        screen.verbatim(f'curl -s -H "Authorization: Bearer ${who}" "$TRIAL{path}"')
    screen.say()
    screen.say("Without the server:")
    screen.verbatim(f"trial-ledger events --file {file} --patient {what.patient}")
    screen.say()
    screen.say("Another whole trial, by a client in one file:")
    screen.verbatim(f"{sys.executable} examples/edc_client.py --url {url} --tokens {keys} --passwords {passwords}")
    screen.say()
    screen.say("Ctrl-C ends the server, and a temporary directory goes with it.", style="dim")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        screen.say()


def write_variables(to: Path, trial: str, tokens: Mapping[str, str]) -> None:
    """`TRIAL`, `SERVER`, the directory, the password with which everybody signs, and a variable for every token."""
    own = [f"export LEDGER_DIRECTORY={to.parent}", f"export PASSWORD='{PASSWORD}'"]
    tokens_ = [f"export {variable(each)}={tokens[each.name]}" for each in PLAYERS]
    lines = [f"export TRIAL={trial}", f"export SERVER={trial.partition('/v1/')[0]}", *own, *tokens_]
    write_private(to, "\n".join(lines) + "\n")


def write_private(to: Path, text: str) -> None:
    """A new file that only its owner reads."""
    with os.fdopen(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def variable(player: Player) -> str:
    """`MARIA`, and `EDC` for the machine."""
    return "EDC" if player is EDC else player.name.upper()

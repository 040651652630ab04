"""After the story: the server goes on, and whoever watched may ask."""

import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.demo.level_two import SEVENTH
from api.demo.people import EDC, PLAYERS, Player
from api.demo.screen import Screen
from ledger.shelf import SUFFIX

SUGGESTIONS: Final = (
    ("Where does the escalation stand?", "LENA", "/escalation"),
    ("Why does level 2 take no patients?", "LENA", "/escalation/explain?level=2"),
    ("What was the whole state after event 100, and its digest?", "IRINA", "/replay?as_of_position=100"),
)
"""Three requests that work: what each asks, whose token it takes, and the path below the trial."""


def hand_over(screen: Screen, url: str, tokens: Mapping[str, str], place: Path, trial: str) -> None:
    """Who may call, what to try; then wait until interrupted."""
    file, variables, keys = place / f"{trial}{SUFFIX}", place / "environment", place / "tokens.json"
    write_variables(variables, f"{url}/v1/trials/{trial}", tokens)
    write_private(keys, json.dumps(dict(tokens), indent=1))
    screen.chapter(9, "The server is yours")
    screen.lines([("url", f"{url}/docs"), ("trial", trial), ("file", str(file))])
    screen.say()
    screen.say("Tokens, by role:")
    screen.lines([(f"{player.name}, {player.role.replace('_', ' ')}", tokens[player.name]) for player in PLAYERS])
    screen.say()
    screen.say("In another terminal, these make the lines below work:")
    screen.verbatim(f". {variables}")
    for what, who, path in SUGGESTIONS:
        screen.say()
        screen.say(what)
        screen.verbatim(f'curl -s -H "Authorization: Bearer ${who}" "$TRIAL{path}"')
    screen.say()
    screen.say("Without the server:")
    screen.verbatim(f"trial-ledger events --file {file} --patient {SEVENTH.number}")
    screen.say()
    screen.say("Another whole trial, by a client in one file:")
    screen.verbatim(f"{sys.executable} examples/edc_client.py --url {url} --tokens {keys}")
    screen.say()
    screen.say("Ctrl-C ends the server, and a temporary directory goes with it.", style="dim")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        screen.say()


def write_variables(to: Path, trial: str, tokens: Mapping[str, str]) -> None:
    """`TRIAL`, and a variable for every token."""
    lines = [f"export TRIAL={trial}", *(f"export {variable(each)}={tokens[each.name]}" for each in PLAYERS)]
    write_private(to, "\n".join(lines) + "\n")


def write_private(to: Path, text: str) -> None:
    """A new file that only its owner reads."""
    with os.fdopen(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def variable(player: Player) -> str:
    """`MARIA`, and `EDC` for the machine."""
    return "EDC" if player is EDC else player.name.upper()

"""Chapters 7 and 8: an earlier day is replayed, here and in another process; and a falsified copy is found out."""

import json
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime, time
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from api.demo.level_two import EIGHTH, UNAWARE
from api.demo.people import INSPECTOR
from api.demo.screen import day_text
from api.demo.server import command, own_environment
from api.demo.stage import MOSCOW, Stage

ON_THAT_DAY: Final = datetime.combine(UNAWARE, time(18), MOSCOW)
SHOWN: Final = 24
RULING: Final = "patient.dlt-adjudicated.v1"
UPDATE_GUARD: Final = "events_are_not_updated"


class Differs(Exception):
    """Two computations of one state gave two digests, or a falsified file was not found out."""


def trial_ledger(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """A second process, which knows nothing but the file."""
    return subprocess.run(  # noqa: S603 - our own program, with arguments of our own
        command(*map(str, arguments)), capture_output=True, text=True, env=own_environment(), check=False
    )


def replay(stage: Stage, file: Path) -> str:
    """The board as it was known on a day when one DLT had begun and nobody had told the ledger; the digest."""
    screen, instant = stage.screen, ON_THAT_DAY.isoformat()
    screen.chapter(7, f"What was known on{day_text(UNAWARE).rjust(12)}")
    screen.say("On that day the DLT of 007 had begun and was not reported yet. The ledger shows what it knew:")
    screen.board(stage.by(INSPECTOR).get("escalation", as_of_recorded=instant).body, UNAWARE)
    here = stage.by(INSPECTOR).get("replay", as_of_recorded=instant).body["digest"]
    there = read_answer(trial_ledger("replay", "--file", file, "--as-of-recorded", instant, "--json"))["digest"]
    if here != there:
        raise Differs(f"replayed by the server {here}, from the file {there}")
    screen.say()
    screen.say("Its digest:")
    screen.lines(
        [("the server, over HTTP", f"{here[:SHOWN]}…"), ("another process, from the file", f"{there[:SHOWN]}…")]
    )
    screen.say("The same, of the whole state and not only of the board.", style="green")
    return str(here)


def falsify(stage: Stage, file: Path) -> None:
    """Someone with every right to the file turns the second DLT into none, and mends the leaf's hash as well."""
    screen, copy = stage.screen, file.with_name("falsified.ledger")
    screen.chapter(8, "An attempt to falsify it")
    read_answer(trial_ledger("backup", copy, "--file", file, "--json"))
    position = turn_ruling(copy)
    screen.say(f"In a copy of the file, event {position} now says that {EIGHTH.number} had no DLT; its hash fits.")
    found = trial_ledger("rebuild", "--file", copy)
    if found.returncode != 1:
        raise Differs(f"the falsified copy passed: {found.stdout}{found.stderr}")
    screen.say(f"trial-ledger rebuild, exit code {found.returncode}:", style="dim")
    screen.say(found.stderr.strip(), style="bold red")
    screen.say()
    whole = read_answer(trial_ledger("rebuild", "--file", file, "--json"))
    screen.say(f"The file itself: {whole['events']} events, tree and state as written.", style="green")
    for rest in file.parent.glob(f"{copy.name}*"):
        rest.unlink()


def turn_ruling(copy: Path) -> int:
    """Past the triggers, which are put back: the ruling on the second DLT, and the hash of its leaf."""
    with closing(sqlite3.connect(copy)) as database, database:
        guard = database.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (UPDATE_GUARD,)).fetchone()[0]
        database.execute(f"DROP TRIGGER {UPDATE_GUARD}")
        asked = "SELECT notification_id, state FROM events WHERE topic = ? AND originator_id = ? ORDER BY 1"
        number, leaf = database.execute(asked, (RULING, f"patient/{EIGHTH.number}")).fetchone()
        forged = bytes(leaf).replace(b'"is_dlt":true', b'"is_dlt":false')
        forged_hash = sha256(b"\x00" + forged).digest()
        changed = "UPDATE events SET state = ?, leaf_hash = ? WHERE notification_id = ?"
        database.execute(changed, (forged, forged_hash, number))
        database.execute(guard)
        return int(number) - 1


def read_answer(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """What it said as JSON; `Differs` where it refused or failed."""
    if done.returncode:
        raise Differs(done.stderr.strip() or done.stdout.strip())
    said: dict[str, Any] = json.loads(done.stdout)
    return said

"""Another trial is another document: the second protocol of the tests, from registration to its recommended dose, over
HTTP.

The server, the client and every rule are those of the bundled trial; only the document is another one.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.demo.people import PASSWORD, PLAYERS, SITE, Player
from api.demo.server import running, tokens_for

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROTOCOL = ROOT / "tests" / "protocol" / "second_protocol.yaml"
BEGINS = datetime(2026, 1, 12, 6, tzinfo=UTC)
QUORUM = (
    *PLAYERS,
    Player("petra", "principal_investigator", SITE, printed_name="Dr Petra"),
    Player("pavel", "safety_committee", None, printed_name="Dr Pavel"),
    Player("quinn", "safety_committee", None, printed_name="Dr Quinn"),
)


@dataclass(frozen=True)
class Place:
    """A server, and where the tokens of its accounts stand."""

    url: str
    tokens: Path
    passwords: Path

    def ran(self, trial: str, dlts: str) -> list[str]:
        """A whole trial under the second protocol, by the example client in a process of its own; what it printed."""
        client = [sys.executable, str(ROOT / "examples" / "edc_client.py"), "--protocol", str(PROTOCOL)]
        asked = [
            "--url",
            self.url,
            "--tokens",
            str(self.tokens),
            "--passwords",
            str(self.passwords),
            "--trial",
            trial,
            "--dlts",
            dlts,
        ]
        done = subprocess.run([*client, *asked], capture_output=True, text=True, env=os.environ, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        return done.stdout.splitlines()

    def read(self, trial: str, path: str) -> dict[str, Any]:
        token = json.loads(self.tokens.read_text())["irina"]
        answer = httpx2.get(
            f"{self.url}/v1/trials/{trial}/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60
        )
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("second")
    tokens = tokens_for(QUORUM, directory / "accounts.jsonl")
    (directory / "tokens.json").write_text(json.dumps(dict(tokens)))
    (directory / "passwords.json").write_text(json.dumps({player.name: PASSWORD for player in QUORUM}))
    with running(directory, 0, BEGINS) as url:
        yield Place(url, directory / "tokens.json", directory / "passwords.json")


@pytest.mark.parametrize(
    ("dlts", "notation", "rp2d", "end"),
    [
        ("006,010,011", "1NNN 2NNTNNN 3TTN", 2, "MTD: level 2"),
        ("nobody", "1NNN 2NNN 3NNN 4NNN", 4, "MTD not reached; RP2D: level 4"),
        ("001,002", "1TTN", None, "stopped: P8: no tolerated level"),
    ],
)
def test_it_runs_from_registration_to_its_recommended_dose(
    place: Place, dlts: str, notation: str, rp2d: int | None, end: str
) -> None:
    trial = f"SECOND-{dlts.replace(',', '-')}"
    *_, last = place.ran(trial, dlts)
    assert last.startswith(f"{end}, after ")
    board = place.read(trial, "escalation")
    assert (board["notation"], board["rp2d"]) == (notation, rp2d)


def test_its_patients_are_adults_with_one_infusion_and_a_window_of_21_days(place: Place) -> None:
    place.ran("SECOND-ADULTS", "001,002")
    patient = place.read("SECOND-ADULTS", "patients/003")
    (infusion,) = patient["infusions"]
    assert (infusion["ordinal"], infusion["cells"]) == (1, 30_000 * 70)
    (level, *_) = place.read("SECOND-ADULTS", "escalation")["levels"]
    (window,) = (each["window"] for each in level["patients"] if each["patient"] == "003")
    assert (date.fromisoformat(window["planned_to_on"]) - date.fromisoformat(window["from_on"])).days == 21

"""An old copy is restored: noticed, refused, recorded by a person, and let go on by whoever signed what is lost, each
with what a person has to do at the command line."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.witness import create_witness
from ledger.evidence.cosigning import Heads, Witness
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import COSIGNATURE, INCOMPLETE, Checkpoint, Policy, Trust, verify_bundle
from ledger.store.sqlite import SqliteStore
from tests.api.place import STORY_BEGINS, TRIAL, Place
from tests.api.serving import serving
from tests.api.story import begin

WITNESS = SigningKey("witness.example", COSIGNATURE, bytes(range(1, 33)))
OUTSIDE = "outside"


class Restored:
    """A trial with a witness elsewhere, whose file was put back to an older copy while the server stood still."""

    def __init__(self, directory: Path) -> None:
        self.place = Place(directory / "trials", evidence=True)
        begin(self.place)
        found = self.place.by("inspector").get("/events", type="trial.log-key-enrolled.v1").json()["items"]
        self.log_key: str = found[0]["leaf"]["data"]["verifier_key"]
        self.heads = directory / "heads"
        self.lost: Checkpoint
        self.policy = f"log {self.log_key}\nwitness {OUTSIDE} {WITNESS.verifier.spelled()}\nquorum {OUTSIDE}\n".encode()

    @property
    def origin(self) -> str:
        return self.log_key.partition("+")[0]

    def watch(self, url: str) -> None:
        lines = [
            f"log {self.log_key}",
            f"witness {OUTSIDE} {WITNESS.verifier.spelled()} {url}",
            f"quorum {OUTSIDE}",
        ]
        self.place.by("medical_monitor").post("/evidence/witness-policies", {"lines": lines, "policy_sha256": "a" * 64})

    def opened_site(self, site: str) -> Any:
        body = {"site": site, "utc_offset": "+03:00"}
        return self.place.by("medical_monitor").post("/sites", body, key=f"opens-{site}")

    def signed(self, position: int) -> Checkpoint:
        self.place.by("inspector").get(f"/evidence/receipts/{position}", wait=5)
        return Checkpoint.parse(self.place.by("inspector").get("/evidence/checkpoint").content)


@pytest.fixture
def restored(tmp_path: Path) -> Iterator[Restored]:
    """The server runs on the older copy; the witness and the signer know of more."""
    made = Restored(tmp_path)
    witness = Witness(Heads(made.heads), WITNESS, Policy.parse(f"log {made.log_key}\nquorum none\n".encode()))
    with serving(create_witness(witness)) as url:
        made.watch(url)
        made.signed(made.opened_site("FIRST").json()["positions"][0])
        made.place.stop()
        file = made.place.settings.directory / f"{TRIAL}.ledger"
        shutil.copy(file, old := tmp_path / "old.ledger")
        made.place.start()
        made.signed(made.opened_site("SECOND").json()["positions"][0])
        made.place.stop()
        with SqliteStore.open(file, read_only=True) as store:
            made.lost = Checkpoint.parse(store.signed_heads()[-1].note)
        for each in file.parent.glob(f"{file.name}-*"):
            each.unlink()
        shutil.copy(old, file)
        made.place.start()
        yield made
        made.place.stop()


def told(capfd: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capfd.readouterr().out)


def test_a_restored_copy_goes_on_only_when_its_recovery_is_on_record_and_its_witness_was_told(
    restored: Restored, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, lost = restored.place, restored.lost
    monkeypatch.setenv("LEDGER_DIRECTORY", str(place.settings.directory))
    refused = restored.opened_site("THIRD")
    assert (refused.status_code, refused.json()["rule_id"]) == (503, "evidence-5")

    place.stop()
    assert run(["recover", "--json"]) == 1
    said = told(capfd)
    assert (said["goes_on"], said["signed_size"], said["signed_root"]) == (False, lost.size, lost.root.hex())
    assert said["found_size"] < lost.size
    place.start()
    recovery = {name: said[name] for name in ("signed_size", "signed_root", "found_size", "found_root")}
    recorded = place.by("principal_investigator").post(
        "/evidence/recoveries",
        {
            **recovery,
            "found_on": STORY_BEGINS.date().isoformat(),
            "circumstances": "The disk failed; the copy of the night was restored.",
        },
        key="the-recovery",
    )
    assert recorded.status_code == 201, recorded.text
    assert restored.opened_site("THIRD").status_code == 503
    place.stop()
    assert run(["recover", "--json"]) == 0
    assert told(capfd)["goes_on"]
    place.start()

    position = restored.opened_site("THIRD").json()["positions"][0]
    policy = Policy.parse(restored.policy)
    assert policy.cosigned(restored.signed(position)) == {}, "the witness does not know of any recovery"
    heads = ["--heads", str(restored.heads)]
    because = ["--reason", f"Recovery at position {recorded.json()['positions'][0]}, confirmed by Maria", "--by", "Ada"]
    assert run(["witness", "forget", restored.origin, *heads, "--size", "1", *because]) == 1
    assert run(["witness", "forget", restored.origin, *heads, "--size", str(lost.size), *because]) == 0
    capfd.readouterr()
    assert run(["witness", "heads", *heads, "--json"]) == 0
    (kept,) = told(capfd)["forgotten"]
    assert (kept["root"], kept["by"], kept["reason"]) == (lost.root.hex(), "Ada", because[1])
    assert set(policy.cosigned(restored.signed(restored.opened_site("FOURTH").json()["positions"][0]))) == {OUTSIDE}

    (bundle := tmp_path / "bundle.zip").write_bytes(place.by("inspector").get("/evidence/bundle").content)
    report = verify_bundle(bundle, Trust(policy, held=(lost.note.spelled(),)))
    assert (report.exit, [each.rule for each in report.findings]) == (INCOMPLETE, ["log.recovered"])


def test_a_witness_forgets_nothing_without_a_reason_nor_under_a_mistyped_name(restored: Restored) -> None:
    size = str(restored.lost.size)
    command = ["witness", "forget", restored.origin, "--size", size, "--by", "Ada"]
    assert run([*command, "--heads", str(restored.heads)]) == 2
    assert run([*command, "--heads", str(restored.heads), "--reason", " "]) == 2
    mistyped = restored.heads.with_name("haeds")
    assert run([*command, "--heads", str(mistyped), "--reason", "The disk failed."]) == 2
    assert not mistyped.exists()
    assert Heads(restored.heads).forgotten() == []

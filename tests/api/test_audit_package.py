"""What an inspector takes home: it verifies by itself, reads without us, and is the same bytes every time."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import run
from ledger.catalogue import EVENTS
from ledger.evidence import verify
from ledger.evidence.verify import VERIFIED, Policy, Trust, verify_bundle
from ledger.types import Role
from tests.api.place import TRIAL, Place
from tests.api.story import begin

pytestmark = pytest.mark.slow


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "trials", evidence=True)
    begin(made)
    assert made.by("principal_investigator").post("/cohorts", {"level": 3}).status_code == 409
    opened = made.by("medical_monitor").post("/sites", {"site": "SECOND", "utc_offset": "+03:00"})
    made.by("inspector").get(f"/evidence/receipts/{opened.json()['positions'][0]}", wait=5)
    yield made
    made.stop()


def policy_of(place: Place) -> Policy:
    found = place.by("inspector").get("/events", type="trial.log-key-enrolled.v1").json()["items"]
    return Policy.parse(f"log {found[0]['leaf']['data']['verifier_key']}\nquorum none\n".encode())


def package(place: Place, role: Role = "inspector") -> zipfile.ZipFile:
    answer = place.by(role).get("/evidence/audit-package")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_the_package_itself_is_verified_by_the_single_file_copied_alone(begun: Place, tmp_path: Path) -> None:
    (path := tmp_path / "package.zip").write_bytes(begun.by("inspector").get("/evidence/audit-package").content)
    report = verify_bundle(path, Trust(policy_of(begun)))
    assert (report.exit, report.findings) == (VERIFIED, [])
    assert all(each.startswith("times:") for each in report.not_checked)
    (alone := tmp_path / "alone").mkdir()
    (alone / "verify.py").write_bytes(Path(verify.__file__).read_bytes())
    (alone / "policy").write_text(f"log {policy_of(begun).logs[0].spelled()}\nquorum none\n")
    command = [sys.executable, "-I", "verify.py", "bundle", str(path), "--policy", "policy"]
    done = subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.partition("\n")[0]) == (0, "VERIFIED (exit 0)")


def test_it_holds_the_trail_the_events_and_the_read_models_as_they_stood_at_the_head(begun: Place) -> None:
    found, inspector = package(begun), begun.by("inspector")
    size = int(found.read("checkpoint").split(b"\n")[1])
    rows = list(csv.DictReader(io.StringIO(found.read("views/audit-trail.csv").decode())))
    assert [row["position"] for row in rows if row["kind"] == "event"] == list(map(str, range(size)))
    assert [row["rule"] for row in rows if row["kind"] == "refusal"] != []
    trail = json.loads(found.read("views/audit-trail.json"))
    assert [row["title"] for row in trail] == [row["title"] for row in rows]
    assert len([line for line in found.read("views/events.txt").decode().split("\n") if line[:1].isdigit()]) == size
    shown = inspector.get("/escalation", as_of_position=size - 1).json()
    assert json.loads(found.read("views/escalation-board.json")) == shown
    digest = inspector.get("/replay", as_of_position=size - 1).json()["digest"]
    assert json.loads(found.read("views/state.json"))["digest"] == digest
    assert {f"schema/{name}.json" for name in EVENTS} < set(found.namelist())
    assert b"verify.py bundle THIS.zip" in found.read("README.txt")


def test_the_same_head_and_the_same_rights_give_the_same_bytes_in_whatever_process(
    begun: Place, tmp_path: Path
) -> None:
    file = str(begun.settings.directory / f"{TRIAL}.ledger")
    served = begun.by("inspector").get("/evidence/audit-package").content
    for seed in ("1", "2"):
        to = tmp_path / f"{seed}.zip"
        command = [sys.executable, "-m", "api.cli", "export", "audit", "--file", file, "--to", str(to)]
        subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        assert to.read_bytes() == served


def test_free_texts_are_opened_for_those_who_may_read_them(begun: Place) -> None:
    inspector, statistician = package(begun), package(begun, "statistician")
    secret = json.loads(inspector.read("openings.jsonl").splitlines()[0])["text"]
    holding = [name for name in inspector.namelist() if secret.encode() in inspector.read(name)]
    assert "views/events.txt" in holding
    assert "openings.jsonl" not in statistician.namelist()
    assert [name for name in statistician.namelist() if secret.encode() in statistician.read(name)] == []
    assert statistician.read("tile/entries/" + entries(statistician)) == inspector.read(
        "tile/entries/" + entries(inspector)
    )


def entries(found: zipfile.ZipFile) -> str:
    return next(name for name in found.namelist() if name.startswith("tile/entries/")).removeprefix("tile/entries/")


def test_it_is_not_for_who_reads_one_site_only_nor_before_a_head_is_signed(begun: Place, tmp_path: Path) -> None:
    assert begun.by("principal_investigator").get("/evidence/audit-package").status_code == 403
    unsigned = Place(tmp_path / "unsigned")
    begin(unsigned)
    assert unsigned.by("inspector").get("/evidence/audit-package").status_code == 404
    unsigned.stop()


def test_a_bundle_is_replayed_to_the_state_of_the_ledger(
    begun: Place, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (path := tmp_path / "package.zip").write_bytes(begun.by("inspector").get("/evidence/audit-package").content)
    state = json.loads(package(begun).read("views/state.json"))
    assert run(["replay", "--bundle", str(path), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["digest"] == state["digest"]
    assert run(["replay", "--bundle", str(path), "--as-of-recorded", "2199-01-01T00:00:00Z", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["position"] == state["events"] - 1
    assert run(["replay", "--bundle", str(path), "--trial", TRIAL]) == 2


def test_a_bundle_whose_entries_are_not_those_of_its_head_is_not_replayed(begun: Place, tmp_path: Path) -> None:
    found = package(begun)
    with zipfile.ZipFile(tmp_path / "spoilt.zip", "w") as spoilt:
        for name in found.namelist():
            content = found.read(name)
            spoilt.writestr(name, content.replace(b"SECOND", b"SECONE") if name.startswith("tile/e") else content)
    assert run(["replay", "--bundle", str(tmp_path / "spoilt.zip")]) == 1
    (tmp_path / "words").write_text("no bundle")
    assert run(["replay", "--bundle", str(tmp_path / "words")]) == 1

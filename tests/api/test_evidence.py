"""Signed heads, receipts, proofs, tiles and bundles over HTTP, and a witness that is another server."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import run
from api.witness import create_witness
from ledger.evidence.cosigning import Heads, Witness
from ledger.evidence.keys import SigningKey
from ledger.evidence.merkle import leaf_hash
from ledger.evidence.verify import (
    COSIGNATURE,
    INCOMPLETE,
    TAMPERED,
    VERIFIED,
    Checkpoint,
    Policy,
    Receipt,
    Trust,
    VerifierKey,
    check_consistency,
    root_by_inclusion,
    verify_bundle,
    verify_receipt,
)
from tests.api.place import TRIAL, Place
from tests.api.serving import serving
from tests.api.story import begin

WITNESS = SigningKey("witness.example", COSIGNATURE, bytes(range(1, 33)))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "trials", evidence=True)
    yield made
    made.stop()


@pytest.fixture
def begun(place: Place) -> Place:
    begin(place)
    return place


@pytest.fixture
def witness_url(tmp_path: Path, begun: Place) -> Iterator[str]:
    """A witness of the trial's log, on a port of its own."""
    policy = Policy.parse(f"log {log_key(begun)}\nquorum none\n".encode())
    with serving(create_witness(Witness(Heads(tmp_path / "witness"), WITNESS, policy))) as url:
        yield url


def log_key(place: Place) -> str:
    """The key that the log names as its own."""
    found = place.by("inspector").get("/events", type="trial.log-key-enrolled.v1").json()["items"]
    key: str = found[0]["leaf"]["data"]["verifier_key"]
    return key


def believing(place: Place) -> Policy:
    return Policy.parse(f"log {log_key(place)}\nquorum none\n".encode())


def test_a_trial_has_a_key_from_its_registration_on(begun: Place) -> None:
    keys = begun.settings.keys
    assert keys is not None
    assert SigningKey.read(keys / f"{TRIAL}.key").verifier.spelled() == log_key(begun)
    begun.restart()
    begun.by("inspector").get("/evidence/checkpoints")
    assert len(begun.by("inspector").get("/events", type="trial.log-key-enrolled.v1").json()["items"]) == 1


def test_a_receipt_is_asked_for_and_proves_the_event(begun: Place) -> None:
    coordinator = begun.by("coordinator")
    written = coordinator.post(
        "/patients", {"number": "001", "site": "NDGOI", "birth_year_month": "2016-03", "sex": "male"}
    )
    link = written.headers["link"].partition(">")[0].removeprefix("</v1/trials/" + TRIAL)
    later = coordinator.get(link)
    answer = later if later.status_code == 200 else coordinator.get(link, wait=5)
    assert answer.status_code == 200
    position = written.json()["positions"][0]
    leaf = begun.app.state.service.opened(TRIAL).store.leaf(position)
    assert leaf_hash(leaf).hex() == written.json()["leaf_hashes"][0]
    assert verify_receipt(answer.content, leaf, believing(begun)).exit == VERIFIED
    assert Receipt.parse(answer.content).index == position
    assert begun.stranger("coordinator").get(link).status_code == 404


def test_a_public_client_can_read_the_log(begun: Place) -> None:
    inspector = begun.by("inspector")
    inspector.get("/evidence/receipts/0", wait=5)
    head = Checkpoint.parse(inspector.get("/evidence/checkpoint").content)
    assert believing(begun).signed(head)
    entries = inspector.get(f"/evidence/tile/entries/000.p/{head.size}").content
    hashes = inspector.get(f"/evidence/tile/0/000.p/{head.size}").content
    at, leaves = 0, []
    while at < len(entries):
        length = int.from_bytes(entries[at : at + 2])
        leaves.append(entries[at + 2 : at + 2 + length])
        at += 2 + length
    assert b"".join(map(leaf_hash, leaves)) == hashes
    for index in range(head.size):
        proof = inspector.get("/evidence/inclusion", index=index, size=head.size).json()
        path = [bytes.fromhex(each) for each in proof["hashes"]]
        assert root_by_inclusion(leaf_hash(leaves[index]), index, head.size, path) == head.root
    for old in range(head.size):
        older = inspector.get("/evidence/inclusion", index=0, size=max(old, 1)).json()["root"]
        proof = inspector.get("/evidence/consistency", old=old, size=head.size).json()
        path = [bytes.fromhex(each) for each in proof["hashes"]]
        check_consistency(old, bytes.fromhex(older), head.size, head.root, path)


@pytest.mark.parametrize(
    "path",
    [
        "0/000.p/255",
        "0/001",
        "00/000",
        "0/0",
        "0/x000/000",
        "entries/000.p/0",
        "entries/x001/000",
        "64/000",
        "words",
        "0/-1",
    ],
)
def test_a_tile_that_is_not_there_or_not_so_spelled(begun: Place, path: str) -> None:
    assert begun.by("inspector").get(f"/evidence/tile/{path}").status_code == 404


def test_what_does_not_fit_is_a_problem_and_no_fault(begun: Place) -> None:
    inspector = begun.by("inspector")
    assert inspector.get("/evidence/inclusion", index=5, size=5).status_code == 404
    assert inspector.get("/evidence/inclusion", index=0, size=10**9).status_code == 404
    assert inspector.get("/evidence/consistency", old=7, size=3).status_code == 404
    assert inspector.get("/evidence/receipts/99999").status_code == 404
    assert begun.by("principal_investigator").get("/evidence/bundle").status_code == 403


def test_a_bundle_holds_free_texts_for_those_who_may_read_them(begun: Place, tmp_path: Path) -> None:
    begun.by("inspector").get("/evidence/receipts/0", wait=5)
    sizes = {}
    for role in ("inspector", "statistician"):
        answer = begun.by(role).get("/evidence/bundle")
        assert answer.status_code == 200, answer.text
        with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
            sizes[role] = "openings.jsonl" in zipped.namelist()
        (path := tmp_path / f"{role}.zip").write_bytes(answer.content)
        assert verify_bundle(path, Trust(believing(begun))).exit == VERIFIED
    assert sizes == {"inspector": True, "statistician": False}


def test_a_witness_elsewhere_cosigns_and_the_log_records_the_quorum(
    begun: Place, witness_url: str, tmp_path: Path
) -> None:
    lines = [
        f"log {log_key(begun)}",
        f"witness elsewhere {WITNESS.verifier.spelled()} {witness_url}",
        "quorum elsewhere",
    ]
    answer = begun.by("medical_monitor").post("/evidence/witness-policies", {"lines": lines, "policy_sha256": "a" * 64})
    assert answer.status_code == 201, answer.text
    position = answer.json()["positions"][0]
    begun.by("inspector").get(f"/evidence/receipts/{position}", wait=5)
    policy = Policy.parse("".join(f"{line}\n" for line in lines).encode())
    reached = begun.by("inspector").get("/events", type="trial.evidence-quorum-reached.v1", at_least=position + 1)
    assert [each["leaf"]["actor"]["id"] for each in reached.json()["items"]] == ["ledger"]
    (bundle := tmp_path / "bundle.zip").write_bytes(begun.by("inspector").get("/evidence/bundle").content)
    assert verify_bundle(bundle, Trust(policy)).exit == VERIFIED
    stricter = Policy.parse(f"{lines[0]}\nwitness w {OTHER.verifier.spelled()}\nquorum w\n".encode())
    assert verify_bundle(bundle, Trust(stricter)).exit == INCOMPLETE


OTHER = SigningKey("other.example", COSIGNATURE, bytes(range(9, 41)))


def test_on_the_command_line(begun: Place, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for site in ("FIRST", "SECOND"):
        opened = begun.by("medical_monitor").post("/sites", {"site": site, "utc_offset": "+03:00"}).json()
        begun.by("inspector").get(f"/evidence/receipts/{opened['positions'][0]}", wait=5)
    file = begun.settings.directory / f"{TRIAL}.ledger"
    assert run(["export", "bundle", str(tmp_path / "b.zip"), "--file", str(file), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["events"] > 0
    assert run(["export", "policy", "--file", str(file)]) == 0
    (policy := tmp_path / "policy").write_text(capfd.readouterr().out)
    assert run(["verify", "bundle", str(tmp_path / "b.zip"), "--policy", str(policy)]) == 0
    assert capfd.readouterr().out.startswith("VERIFIED")
    assert run(["attack", "--file", str(file), "--json"]) == 0
    attacks = json.loads(capfd.readouterr().out)["attacks"]
    assert [each["exit"] for each in attacks] == [1, 1, 1, 1]
    assert run(["key", "new", "w.example", str(tmp_path / "w.key"), "--json"]) == 0
    made = SigningKey.read(tmp_path / "w.key")
    assert json.loads(capfd.readouterr().out)["verifier_key"] == made.verifier.spelled()
    assert VerifierKey.parse(made.verifier.spelled()).kind == COSIGNATURE


def test_a_key_is_rotated_with_the_server_stopped_and_both_verify(
    begun: Place, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun.by("inspector").get("/evidence/receipts/0", wait=5)
    old = log_key(begun)
    begun.stop()
    monkeypatch.setenv("LEDGER_DIRECTORY", str(begun.settings.directory))
    assert run(["key", "rotate", "--json"]) == 0
    new = json.loads(capfd.readouterr().out)["verifier_key"]
    assert run(["recover", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["goes_on"]
    begun.start()
    second = {"site": "SECOND", "utc_offset": "+03:00"}
    opened = begun.by("medical_monitor").post("/sites", second, key="after-the-restart").json()
    begun.by("inspector").get(f"/evidence/receipts/{opened['positions'][0]}", wait=5)
    (bundle := tmp_path / "bundle.zip").write_bytes(begun.by("inspector").get("/evidence/bundle").content)
    both = Policy.parse(f"log {old}\nlog {new}\nquorum none\n".encode())
    assert verify_bundle(bundle, Trust(both)).exit == VERIFIED
    assert verify_bundle(bundle, Trust(believing(begun))).exit == TAMPERED  # it believes the old key alone

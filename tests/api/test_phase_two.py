"""Phase II over HTTP: declared, entered, its first patient placed, and why the others are not (F)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.store.sqlite import SqliteStore
from tests import patients as p
from tests.api.place import TRIAL, Place
from tests.api.story import SIGNERS, TOLD
from tests.spec.story import close_windows, told


@pytest.fixture
def given(tmp_path: Path) -> Iterator[Place]:
    """Phase I has had its last patient, every window is closed, and 009 is screened."""
    bench = told("1NNN 2TT 1NNN")
    close_windows(bench)
    p.screen(bench, "009")
    with SqliteStore.create(tmp_path / f"{TRIAL}.ledger") as store, store.appending() as batch:
        batch.save(bench.records)
    place = Place(tmp_path)
    yield place
    place.stop()


def propose(place: Place, outcome: str, level: int) -> Any:
    dossier = place.by("medical_monitor").get("/dossier").json()["dossier_hash"]
    body = {"outcome": outcome, "to_level": level, "dossier_hash": dossier}
    return place.by("medical_monitor").post("/dose-decisions", body)


def decide(place: Place, outcome: str, level: int) -> None:
    """Proposed, signed by the quorum, and acknowledged by everybody who doses."""
    assert propose(place, outcome, level).status_code == 201
    last = place.by("inspector").get("/dose-decisions").json()["items"][0]
    for role in SIGNERS:
        dossier = place.by("medical_monitor").get("/dossier").json()["dossier_hash"]
        vote = {"vote": "agree", "meaning": "I have reviewed the dossier and agree", "dossier_hash": dossier}
        signed = place.by(role).post(f"/dose-decisions/{last['number']}/signatures", vote)
        assert signed.status_code == 201, signed.text
    notice = place.by("inspector").get(f"/dose-decisions/{last['number']}").json()["notice"]
    instant = place.by("inspector").get().json()["recorded_at"]
    for party, by in TOLD:
        body = {"party": party, "by": "nina", "acknowledged_at": instant}
        answer = place.by(by).post(f"/notices/{notice}/acknowledgements", body)
        assert answer.status_code == 201, answer.text


def board(place: Place) -> Any:
    return place.by("inspector").get("/escalation").json()


def test_phase_two_from_the_result_of_phase_one_to_its_first_slot(given: Place) -> None:
    early = propose(given, "enter_phase_two", 1)
    assert (early.status_code, early.json()["rule_id"]) == (409, "F")
    decide(given, "declare_mtd", 1)
    assert (board(given)["trial"]["phase"], board(given)["phase_two"]) == ("I", None)
    decide(given, "enter_phase_two", 1)
    shown = board(given)
    assert (shown["trial"]["phase"], shown["phase_two"]["slots"]) == ("II", 7)
    assert shown["phase_two"]["line"] == "phase II at level 1: 0 of 7 placed, 0 DLT in 6 treated, 2 stop"
    off = given.by("coordinator").post("/cohorts/0/reservations", {"patient": "009"})
    assert (off.status_code, off.json()["type"]) == (409, "/problems/not-the-recommended-dose")
    assert given.by("coordinator").post("/cohorts/1/reservations", {"patient": "009"}).status_code == 201
    assert board(given)["phase_two"]["free_slots"] == 6

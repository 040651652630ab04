"""The whole state over HTTP: sent piece by piece, and never a part of it as if it were all."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.routes import reading_log
from ledger.errors import Corrupt
from ledger.store.sqlite import SUFFIX, SqliteStore
from ledger.world import World
from projections.base import digest, fold, spelled
from tests.api.begun import Begun, infused_once
from tests.api.place import TRIAL, Place


@pytest.fixture(scope="module")
def infused(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    return Begun.played(tmp_path_factory.mktemp("infused"), infused_once)


@pytest.fixture
def treated(infused: Begun, tmp_path: Path) -> Iterator[Place]:
    place = infused.place(tmp_path)
    yield place
    place.stop()


@pytest.mark.parametrize("chunk", [1, 65_536])
def test_the_state_is_what_its_digest_is_of(treated: Place, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_log, "CHUNK_BYTES", chunk)
    found = treated.by("inspector").get("/replay").json()
    with SqliteStore.open(treated.directory / f"{TRIAL}{SUFFIX}", read_only=True) as store:
        world = fold(store.records())
    assert found["digest"] == digest(world)
    assert found["state"] == json.loads(b"".join(spelled(world)))


def test_a_log_that_proves_rotten_while_the_state_is_sent_ends_the_answer_before_its_end(
    treated: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rotten(world: World) -> Iterator[bytes]:
        yield from list(spelled(world))[:-1]
        raise Corrupt("position 7: the leaf is not the one that was hashed")

    monkeypatch.setattr(reading_log, "spelled", rotten)
    answer = treated.by("inspector").get("/replay")  # over a line: no last chunk, and the line is cut
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)
    assert b"digest" not in answer.content


def test_patients_come_in_pages_for_those_who_see_them(treated: Place) -> None:
    here, there = treated.by("investigator"), treated.stranger("investigator")
    for number in ("002", "003"):
        body = {"number": number, "site": "NDGOI", "birth_year_month": "2016-03", "sex": "male"}
        assert here.post("/patients", body).status_code == 201
    first = here.get("/patients", limit=2)
    assert [line["number"] for line in first.json()["items"]] == ["001", "002"]
    assert first.links["next"]["url"] == first.json()["next"]
    last = here.get(first.json()["next"]).json()
    assert ([line["number"] for line in last["items"]], last["next"]) == (["003"], None)
    assert [line["number"] for line in here.get("/patients").json()["items"]] == ["001", "002", "003"]
    assert there.get("/patients", limit=2).json() == {"items": [], "next": None}

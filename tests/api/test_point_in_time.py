"""A database is restored to an earlier moment, by the script that an operator uses: its trials are as they were then.
One that is behind its signed head takes nothing before a person has recorded why."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from api.cli import run
from ledger.evidence.verify import Checkpoint
from ledger.store.postgres.database import make_trial
from tests.api.place import STORY_BEGINS, TRIAL, Place
from tests.api.story import begin
from tests.postgres import SERVICE, Cluster, Node, Refused


@pytest.fixture
def archive() -> Iterator[Path]:
    """A directory that whoever runs the server may write."""
    with TemporaryDirectory(prefix="ledger-wal-") as made:
        Path(made).chmod(0o777)
        yield Path(made)


@pytest.fixture
def cluster(archive: Path) -> Iterator[Cluster]:
    copies = f"test ! -f {archive}/%f && cp %p {archive}/%f"
    started = Cluster("archive_mode=on", f"archive_command={copies}")
    yield started
    started.remove()


@pytest.fixture
def restored() -> Iterator[Node]:
    made = Node()
    yield made
    made.remove()


def asked(node: Node, question: str) -> Any:
    with psycopg.connect(node.url("postgres", "ledger"), autocommit=True) as admin:
        found = admin.execute(question.encode()).fetchone()
    assert found is not None
    return found[0]


def waited(there: Callable[[], bool]) -> None:
    for _ in range(600):
        if there():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it does not come about")


def opened_site(place: Place, site: str) -> Any:
    body = {"site": site, "utc_offset": "+03:00"}
    return place.by("medical_monitor").post("/sites", body, key=f"opens-{site}")


def signed_with(place: Place, site: str) -> Checkpoint:
    """A site more, and the head that was signed with it."""
    position = opened_site(place, site).json()["positions"][0]
    assert place.by("inspector").get(f"/evidence/receipts/{position}", wait=5).status_code == 200
    return Checkpoint.parse(place.by("inspector").get("/evidence/checkpoint").content)


def sites(place: Place) -> set[str]:
    found = place.by("inspector").get("/events", type="trial.site-opened.v1").json()["items"]
    return {each["leaf"]["data"]["site"] for each in found}


@pytest.mark.slow
def test_a_database_as_it_was_takes_nothing_before_its_recovery_is_on_record(
    cluster: Cluster,
    restored: Node,
    archive: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_trial(cluster.owner_url, TRIAL, SERVICE)
    place = Place(tmp_path, database_url=cluster.service_url, evidence=True)
    begin(place)
    base = cluster.directory / "base"
    cluster.run("pg_basebackup", "-d", cluster.url("postgres"), "-D", str(base), "--checkpoint=fast")
    kept = signed_with(place, "KEPT")
    moment = asked(cluster, "SELECT clock_timestamp()::text")
    lost = signed_with(place, "LOST")
    place.stop()
    last = asked(cluster, "SELECT pg_walfile_name(pg_switch_wal())")
    waited(lambda: (archive / last).exists())

    restored.script("restore-until.sh", str(base), str(archive), str(restored.data), moment)
    restored.start()
    waited(lambda: not asked(restored, "SELECT pg_is_in_recovery()"))
    place.settings = place.settings.model_copy(update={"database_url": SecretStr(restored.service_url)})
    place.start()
    assert "KEPT" in sites(place)
    assert "LOST" not in sites(place)
    refused = opened_site(place, "MORE")
    assert (refused.status_code, refused.json()["rule_id"]) == (503, "evidence-5")

    place.stop()
    monkeypatch.setenv("LEDGER_DIRECTORY", str(place.settings.directory))
    monkeypatch.setenv("LEDGER_DATABASE_URL", restored.service_url)
    assert run(["recover", "--json"]) == 1
    said = json.loads(capfd.readouterr().out)
    assert (said["signed_size"], said["signed_root"]) == (lost.size, lost.root.hex())
    assert said["found_size"] == kept.size
    place.start()
    recovery = {name: said[name] for name in ("signed_size", "signed_root", "found_size", "found_root")}
    recorded = place.by("principal_investigator").post(
        "/evidence/recoveries",
        {
            **recovery,
            "found_on": STORY_BEGINS.date().isoformat(),
            "circumstances": "The database was restored to the morning.",
        },
        key="the-recovery",
    )
    assert recorded.status_code == 201, recorded.text
    place.stop()
    assert run(["recover", "--json"]) == 0
    place.start()
    assert opened_site(place, "MORE").status_code == 201
    assert signed_with(place, "AND-MORE").size > kept.size
    place.stop()


def test_nothing_is_restored_over_another_nor_out_of_nothing(archive: Path, restored: Node) -> None:
    empty, data = str(archive), str(restored.data)
    with pytest.raises(Refused, match="no base backup"):
        restored.script("restore-until.sh", empty, empty, data, "2026-03-01 09:00:00+03")
    base = archive / "base"
    base.mkdir()
    (base / "backup_label").touch()
    with pytest.raises(Refused, match="no quotes"):
        restored.script("restore-until.sh", str(base), empty, data, "2026-03-01' x")
    with pytest.raises(Refused, match="is not empty"):
        restored.script("restore-until.sh", str(base), empty, str(base), "2026-03-01 09:00:00+03")

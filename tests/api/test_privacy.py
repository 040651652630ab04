"""A whole trial with a canary in every free text: in no file, log, metric or error in clear, and nowhere at all once
the patient is erased. What was signed and proven before stays so."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from structlog.testing import capture_logs

from api.bodies import shape_of
from api.cli import run
from api.roles import TABLE
from ledger.evidence import verify
from ledger.store.backup import backup
from ledger.store.sqlite import SqliteStore
from ledger.types import Role
from ledger.world import World
from projections.base import digest
from tests.api import story as told
from tests.api.canaries import MARK, CanaryStory
from tests.api.place import TRIAL, Place
from tests.api.story import ROWS, Story, screened
from tests.api.test_roles import IN_PATHS, routes
from tests.store.builders import as_owner_of_the_file

SPELLINGS = (MARK.encode(), MARK.encode().hex().encode(), b"enFrYW5hcmllbnZvZ2Vs", MARK.encode("utf-16-le"))
"""As it is, in hexadecimal, in Base 64, and as some programs keep texts."""
LIVE = {f"/v1/trials/{{trial}}{path}" for path in ("/stream", "/evidence/bundle", "/evidence/receipts/{position}")}
"""Not read here: what never ends, and what is looked at by itself."""
THOROUGHLY = {"inspector", "coordinator", "statistician"}
"""Roles for whom every route is read: with texts of all sites, of the own, and of none."""
LOT = "NK-001-A"
DIGEST_EVERY = 8
"""A digest is of the whole state: what one record brought is in all that follow."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Seen:
    """What the server's files hold, what it shows, and what it writes, at one moment."""

    files: Mapping[str, bytes]
    shown: Mapping[str, str]
    bundles: Mapping[str, Mapping[str, bytes]]
    log: str
    metrics: str
    digests: Mapping[int, str]
    size: int


@dataclass
class Played:
    """The story, what was seen after it, and what was given out: receipts with their entries, a bundle, a policy."""

    story: CanaryStory
    log: list[Any]
    directory: Path
    receipts: dict[int, tuple[str, bytes]]
    before: Seen

    @property
    def place(self) -> Place:
        return self.story.place

    @property
    def file(self) -> Path:
        return self.place.directory / f"{TRIAL}.ledger"

    def about_001(self) -> list[str]:
        """What was said of the patient: by number, of the lot, and in a report that was found to be on the patient."""
        whose = ("001", LOT, "999")
        texts = [canary for canary, operation, about in self.story.planted if about in whose]
        return [*texts, *(canary for canary, operation, _ in self.story.planted if operation == "resolve_quarantine")]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    directory = tmp_path_factory.mktemp("canaries")
    with capture_logs() as log:
        place = Place(directory / "server", evidence=True)
        story = _told_with_canaries(place)
        receipts = {position: _receipt(place, position) for position in range(0, place.size, 41)}
        (directory / "policy").write_text(_policy(place), encoding="utf-8")
        shutil.copy(verify.__file__, directory / "verify.py")
        (directory / "before.zip").write_bytes(place.by("inspector").get("/evidence/bundle").content)
        yield Played(story, log, directory, receipts, _seen(place, log))
        place.stop()


def _told_with_canaries(place: Place) -> CanaryStory:
    """The whole story, but for the witnesses, whom nobody runs here, and for the erasure."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(told, "Story", CanaryStory)
        for chapter in ("forgotten", "watched"):
            patched.setattr(told, chapter, lambda _: None)
        story = told.whole(place)
    assert isinstance(story, CanaryStory)
    return story


@pytest.fixture(scope="module")
def erased(played: Played) -> Seen:
    """The same moment later, when the texts about 001 are erased."""
    _erase(played.story)
    played.place.by("inspector").get(f"/evidence/receipts/{played.place.size - 1}", wait="5")
    return _seen(played.place, played.log)


def _erase(story: Story) -> None:
    """By the row of the table, without canaries."""
    Story.tell(story, "request_erasure", "medical_monitor")
    Story.tell(story, "confirm_erasure", "principal_investigator")


def _receipt(place: Place, position: int) -> tuple[str, bytes]:
    answer = place.by("inspector").get(f"/evidence/receipts/{position}", wait="5")
    assert answer.status_code == 200, answer.text
    return answer.text, place.app.state.service.opened(TRIAL).store.leaf(position)


def _policy(place: Place) -> str:
    found = place.by("inspector").get("/events", type="trial.log-key-enrolled.v1").json()["items"]
    return f"log {found[0]['leaf']['data']['verifier_key']}\nquorum none\n"


def _seen(place: Place, log: list[Any]) -> Seen:
    with SqliteStore.open(place.directory / f"{TRIAL}.ledger", read_only=True) as store:
        digests, world = {}, World()
        for record in store.records():
            world = world.apply(record)
            if record.position % DIGEST_EVERY == 0:
                digests[record.position] = digest(world)
    return Seen(
        files=_files(place),
        shown={role: _everything_shown(place, role) for role in get_args(Role)},
        bundles={role: _inside(place, role) for role in get_args(Role)},
        log=json.dumps(log, default=repr),
        metrics=place.http.get("/metrics").text,
        digests=digests,
        size=place.size,
    )


def _files(place: Place) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.directory.rglob("*") if path.is_file()}


def _everything_shown(place: Place, role: Role) -> str:
    """What a role is shown by the audit trail, and, for some, by every route that reads."""
    by, found = place.by(role), []
    for method, path, _, _ in routes():
        if method == "GET" and path not in LIVE and role in THOROUGHLY:
            found.append(by.get(path.format(**{**IN_PATHS, "trial": TRIAL, "lot": LOT})).text)
    for form in ("json", "csv"):
        found += [by.get("/audit-trail", patient=p, format=form, limit=1000).text for p in ("001", "002")]
        found.append(by.get("/audit-trail", format=form, limit=1000).text)
    found += [by.get("/committee-pack", format="html").text, by.get("/events", limit=1000).text]
    return "\n".join(found)


def _inside(place: Place, role: Role) -> dict[str, bytes]:
    answer = place.by(role).get("/evidence/bundle")
    if answer.status_code != 200:
        return {}
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def holding(files: Mapping[str, bytes], *marks: bytes) -> list[str]:
    return [name for name, content in files.items() if any(mark in content for mark in marks)]


def test_every_command_with_a_free_text_was_sent_with_canaries(played: Played) -> None:
    """But for two that are the trial's own."""
    with_texts = {name for name, row in ROWS.items() if shape_of(row.command, row.parameters).plan}
    sent = {operation for _, operation, _ in played.story.planted}
    assert with_texts - sent == {"request_erasure", "record_recovery"}
    assert "correct_record" in sent
    assert len(with_texts) > 20
    assert len(played.about_001()) > 60


def test_no_text_is_anywhere_in_clear(played: Played) -> None:
    seen = played.before
    assert f"{TRIAL}.ledger-wal" in seen.files
    assert holding(seen.files, *SPELLINGS) == []
    assert MARK not in seen.log + seen.metrics
    with SqliteStore.open(played.file, read_only=True) as store:
        assert not any(MARK.encode() in store.leaf(position) for position in range(store.size))


def test_who_may_read_texts_reads_them_and_nobody_else(played: Played) -> None:
    may = {role for role, cell in TABLE["texts"].items() if "R" in cell}
    for role in get_args(Role):
        assert (MARK in played.before.shown[role]) == (role in may), role
    audited = played.before.shown["inspector"]
    assert [canary for canary in played.about_001() if canary not in audited] == []


def test_a_bundle_holds_texts_for_those_who_may_read_all_of_them(played: Played) -> None:
    given = {role for role, files in played.before.bundles.items() if holding(files, MARK.encode())}
    assert given == {
        role
        for role, cell in TABLE["texts"].items()
        if "R" in cell and "own" not in cell and "V" in TABLE["events"].get(role, ())
    }
    for role in given:
        assert holding(played.before.bundles[role], MARK.encode()) == ["openings.jsonl"]


def test_an_error_does_not_say_what_was_sent(played: Played) -> None:
    place = played.place
    sent: list[tuple[str, Any]] = [
        ("/patients/001/adverse-events", {"term": "Fever", "serious": "no", "narrative": MARK}),
        ("/patients/001/adverse-events", {"term": MARK * 20, "serious": False, "narrative": MARK}),
        ("/patients/001/adverse-events", {MARK: MARK}),
        ("/patients/001/dose-assignment", {"level": 1, "reason": MARK}),
        ("/patients/777/consents", {"form_version": "2", "signed_at": "2026-01-12T09:00:00+03:00", "reason": MARK}),
        (f"/patients/{MARK}/consents", {"form_version": "2", "reason": MARK}),
    ]
    for path, body in sent:
        answer = place.by("coordinator").post(path, body)
        assert answer.status_code >= 400
        assert MARK not in answer.text, path
    assert MARK not in json.dumps(played.log, default=repr)


def test_the_texts_of_an_erased_patient_are_nowhere(played: Played, erased: Seen) -> None:
    gone = played.about_001()
    for role in get_args(Role):
        assert [canary for canary in gone if canary in erased.shown[role]] == [], role
        assert holding(erased.bundles[role], *(canary.encode() for canary in gone)) == [], role
    assert holding(erased.files, *SPELLINGS) == []
    assert MARK not in erased.log + erased.metrics
    assert "[erased]" in erased.shown["inspector"]


def test_the_ciphertexts_of_an_erased_patient_are_gone_too_and_their_keys(played: Played, erased: Seen) -> None:
    before = [name for name in played.before.files if name.startswith(("patient-001.", "quarantine-1."))]
    assert len(before) == 2
    assert set(before).isdisjoint(erased.files)
    wrapped = [played.before.files[name] for name in before]
    assert holding(erased.files, *wrapped) == []
    copy = played.directory / "restored.ledger"
    copy.write_bytes(played.before.files[f"{TRIAL}.ledger"])
    Path(f"{copy}-wal").write_bytes(played.before.files[f"{TRIAL}.ledger-wal"])
    with SqliteStore.open(copy, read_only=True) as store:
        rows = [kept.sealed for kept in store.texts_about(("patient/001", "quarantine/1"))]
    assert len(rows) > 60
    assert holding(erased.files, *rows) == []


def test_the_texts_of_others_stay(played: Played, erased: Seen) -> None:
    others = [canary for canary, _, about in played.story.planted if about == "002"]
    assert len(others) > 20
    assert [canary for canary in others if canary not in erased.shown["inspector"]] == []


def test_no_copy_made_afterwards_holds_them(played: Played, erased: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_DIRECTORY", str(played.place.directory))
    copies = played.directory / "copies"
    copies.mkdir()
    backup(played.file, copies / "backup.ledger")
    assert run(["export", "bundle", str(copies / "bundle.zip")]) == 0
    with zipfile.ZipFile(copies / "bundle.zip") as opened:
        inside = {name: opened.read(name) for name in opened.namelist()}
    gone = [canary.encode() for canary in played.about_001()]
    assert holding({path.name: path.read_bytes() for path in copies.iterdir()} | inside, *gone) == []
    assert holding(inside, MARK.encode()) == ["openings.jsonl"]
    assert erased.size <= played.place.size


def verified(played: Played, *arguments: str) -> int:
    command = [sys.executable, "verify.py", *arguments, "--policy", "policy"]
    return subprocess.run(command, cwd=played.directory, capture_output=True, check=False).returncode


def test_every_receipt_from_before_still_verifies(played: Played, erased: Seen) -> None:
    store = played.place.app.state.service.opened(TRIAL).store
    for position, (receipt, entry) in played.receipts.items():
        (played.directory / "receipt").write_text(receipt, encoding="utf-8")
        (played.directory / "entry").write_bytes(store.leaf(position))
        assert store.leaf(position) == entry
        assert verified(played, "receipt", "receipt", "--entry", "entry") == verify.VERIFIED
    assert erased.size > played.before.size


def test_bundles_from_before_and_after_verify_and_the_later_continues_the_earlier(played: Played, erased: Seen) -> None:
    after = played.place.by("inspector").get("/evidence/bundle").content
    (played.directory / "after.zip").write_bytes(after)
    with zipfile.ZipFile(played.directory / "before.zip") as opened:
        (played.directory / "held").write_bytes(opened.read("checkpoint"))
    for name, held in (("before.zip", ()), ("after.zip", ("--held", "held"))):
        assert verified(played, "bundle", name, *held) == verify.VERIFIED
    assert erased.size > played.before.size


def test_the_state_at_every_earlier_position_has_the_digest_that_it_had(played: Played, erased: Seen) -> None:
    assert set(played.before.digests) == set(range(0, played.before.size, DIGEST_EVERY))
    assert {position: erased.digests[position] for position in played.before.digests} == played.before.digests


def test_a_second_erasure_changes_nothing(played: Played, erased: Seen) -> None:
    size, files = played.place.size, _files(played.place)
    for row, by in (("request_erasure", "medical_monitor"), ("confirm_erasure", "principal_investigator")):
        write = ROWS[row]
        path = write.full_path.format(trial=TRIAL, **write.at)
        again = played.place.by(by).post(path, write.example_body())  # type: ignore[arg-type]
        assert (again.status_code, again.json()["already"]) == (200, True)
    assert played.place.size == size
    with SqliteStore.open(played.file, read_only=True) as store:
        assert store.removed_counts()["erased"] > 60
    assert {name for name in _files(played.place) if name.endswith(".key")} == {
        name for name in files if name.endswith(".key")
    }
    assert erased.size <= size


def test_the_trial_opens_again_after_the_erasure(played: Played, erased: Seen) -> None:
    played.place.restart()
    assert played.place.size >= erased.size
    assert "[erased]" in played.place.by("inspector").get("/audit-trail", patient="001", limit=1000).text


def test_one_text_is_redacted_by_two_people_over_http(story: Story) -> None:
    place = story.place
    story.tell("screen_patient", "coordinator")
    report = {"term": "Fever", "serious": False, "onset_at": "2026-01-12T08:00:00+03:00", "narrative": f"{MARK} called"}
    about = place.by("coordinator").post("/patients/001/adverse-events", report).json()["positions"][0]
    asked = {"about": about, "member": "narrative", "cause": "names-a-person"}
    assert place.stranger("coordinator").post("/redactions", asked).status_code == 404
    assert place.by("principal_investigator").post("/redactions", asked).status_code == 201
    confirm = "/redactions/1/confirmation"
    alone = place.by("principal_investigator").post(confirm)
    assert (alone.status_code, alone.json()["rule_id"]) == (409, "privacy-2")
    assert place.stranger("principal_investigator").post(confirm).status_code == 404
    assert MARK in place.by("inspector").get("/audit-trail").text
    assert place.by("medical_monitor").post(confirm).status_code == 201
    shown = place.by("inspector").get("/audit-trail", limit=1000).text
    assert MARK not in shown
    assert "[redacted]" in shown
    assert place.by("inspector").get("/privacy").json()["redactions"][0]["cause"] == "names-a-person"


def test_nobody_of_another_site_erases_a_patient_or_sees_that_one_was(story: Story) -> None:
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    elsewhere, write = story.place.stranger("principal_investigator"), ROWS["request_erasure"]
    assert elsewhere.post("/patients/001/erasures", write.example_body()).status_code == 404
    _erase(story)
    assert elsewhere.post("/patients/001/erasures/1/confirmation").status_code == 404
    assert elsewhere.get("/privacy").json()["erasures"] == []
    assert story.place.by("monitor").get("/privacy").json()["erasures"][0]["texts_count"] > 0


def test_an_altered_text_is_told_by_its_position_and_by_nothing_that_it_says(story: Story) -> None:
    place = story.place
    story.tell("screen_patient", "coordinator")
    report = {"term": "Fever", "serious": False, "onset_at": "2026-01-12T08:00:00+03:00", "narrative": f"{MARK} called"}
    at = place.by("coordinator").post("/patients/001/adverse-events", report).json()["positions"][0]
    with as_owner_of_the_file(place.directory / f"{TRIAL}.ledger") as connection:
        connection.execute("UPDATE texts SET sealed = zeroblob(64) WHERE position = ?", (at,))
    with capture_logs() as log:
        answer = place.by("inspector").get("/audit-trail", patient="001")
    assert (answer.status_code, answer.json()["detail"]) == (503, f"position {at}: a text is not as it was kept")
    assert log[0]["event"] == "unavailable"
    assert MARK not in answer.text + json.dumps(log, default=repr)

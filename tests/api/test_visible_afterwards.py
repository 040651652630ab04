"""Whoever tries what he may not is refused, and it can be seen afterwards that he tried: in the access log, in the
trial's audit trail, or by the verifier. One row an attack; rows are added where further ways in are built."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from api.attacks import ATTACKS, attempts
from api.auth import add_account, remove_client
from api.cli import run
from ledger.evidence.verify import TAMPERED, Policy, Trust
from ledger.installation_log import FILE
from ledger.types import Role
from tests.api.forge import Forge
from tests.api.people import BEGINS as LOGGED_IN_AT
from tests.api.people import give_password
from tests.api.place import SITE, TRIAL, Caller, Place
from tests.api.story import ROWS, Story, begin, infused, placed, screened
from tests.api.test_tokens import ATTACKS as FORGERIES
from tests.api.test_tokens import linked

ELSEWHERE = "ELSEWHERE"
TODAY = date(2026, 2, 24)
YESTERDAY = (TODAY - timedelta(days=1)).isoformat()


@dataclass(frozen=True)
class Attempt:
    """An attack: what is done, how it is answered (status and problem), and as what the access log tells it: the kind
    of row, who, and the operation. `by_rule`: the audit trail of the trial shows the refusal too, by this rule. `rule`:
    by which it is in the access log, where the problem does not say it."""

    name: str
    act: Callable[[Story], Response]
    refused: tuple[int, str]
    told: tuple[str, str, str]
    patient: str | None = None
    by_rule: str | None = None
    rule: str | None = None


def write(by: Caller, operation: str, at: dict[str, str] | None = None, **changed: Any) -> Response:
    """A documented write, as somebody sends it."""
    row = ROWS[operation]
    path = row.full_path.format(**{"trial": TRIAL, **row.at, **(at or {})})
    return by.post(path, {**row.example_body(), **changed})


def as_role(story: Story, id: str, role: Role, site: str | None = SITE, **account: Any) -> Caller:
    """Somebody with an account of a role, and nothing else."""
    token = add_account(
        story.place.settings.accounts, id=id, role=role, site=site, client=f"{id}-{len(account)}-{role}", **account
    )
    return Caller(story.place.http, token, id)


def delegate_of_yesterday(story: Story) -> Response:
    """A coordinator whose delegation ended yesterday keeps a slot."""
    nadia = as_role(story, "nadia", "coordinator")
    story.tell("delegate_role", "principal_investigator", person="nadia", role="coordinator", to_on=YESTERDAY)
    return write(nadia, "reserve_slot", patient="002")


def delegate_of_yesterday_on_paper(story: Story) -> Response:
    """The same, as if it had been decided on paper while the delegation ran."""
    nadia = as_role(story, "nadia2", "coordinator")
    story.tell("delegate_role", "principal_investigator", person="nadia2", role="coordinator", to_on=YESTERDAY)
    at = f"{YESTERDAY}T10:00:00+03:00"
    return write(nadia, "reserve_slot", patient="002", on_paper=True, reason="By telephone.", occurred_at=at)


def ended_in_the_middle_of_a_session(story: Story) -> Response:
    """A role is ended between two requests of one token; the second is refused."""
    lev = as_role(story, "lev", "coordinator")
    story.tell("delegate_role", "principal_investigator", person="lev", role="coordinator")
    assert write(lev, "reserve_slot", patient="002").status_code == 201
    assert write(lev, "release_reservation", patient="002").status_code == 201
    story.tell("revoke_role", "principal_investigator", person="lev", role="coordinator", site=SITE, ends_on=YESTERDAY)
    return write(lev, "reserve_slot", patient="002")


def grants_to_himself(story: Story) -> Response:
    """The principal investigator gives himself another role."""
    return write(story.place.by("principal_investigator"), "delegate_role", person="maria", role="investigator")


def grants_without_training(story: Story) -> Response:
    """A role is given from today on a training that ends tomorrow."""
    late = {"reference": "GCP-2026-001", "completed_on": "2026-03-01"}
    pi = story.place.by("principal_investigator")
    return write(pi, "delegate_role", person="sofia", role="investigator", training=late)


def assessor_reviews_himself(story: Story) -> Response:
    """Who graded the toxicity confirms a lower grade than follows from it, so that it is no DLT any more."""
    assessed = story.tell("assess_crs", "investigator").json()["positions"][0]
    row = ROWS["confirm_grade"]
    body = {**row.example_body(), "assessment": assessed, "grade": 1, "differs_because": "It looked worse than it was."}
    path = row.full_path.format(trial=TRIAL, **row.at)
    headers = {"If-Match": story.place.by("investigator").get("/patients/001").headers["etag"]}
    return story.place.by("investigator").post(path, body, headers=headers)


def machine_reports_for_another_site(story: Story) -> Response:
    """The token of a site's EDC system is used for another site's patient: as if it came from there."""
    thief = as_role(story, "edc-elsewhere", "edc_system", ELSEWHERE)
    return write(thief, "record_death", at={"patient": "001"})


def machine_registered_elsewhere(story: Story) -> Response:
    """The EDC system of one site, with an account that says it is at another, screens a patient there."""
    story.place.by("medical_monitor").post("/sites", {"site": ELSEWHERE, "utc_offset": "+05:00"})
    stolen = as_role(story, "edc-ndgoi", "edc_system", ELSEWHERE)
    return write(stolen, "screen_patient", number="077", site=ELSEWHERE)


def reads_another_site(story: Story) -> Response:
    return as_role(story, "otto", "investigator", ELSEWHERE).get("/patients/001/timeline")


def administrator_acts(story: Story) -> Response:
    """Who gives access to others takes a clinical decision."""
    return write(story.place.by("administrator"), "assign_dose_level", at={"patient": "001"})


def administrator_looks(story: Story) -> Response:
    return story.place.by("administrator").get("/patients/001")


def an_inspector_writes(story: Story) -> Response:
    return write(story.place.by("inspector"), "record_death", at={"patient": "001"})


def a_token_that_nobody_gave(story: Story) -> Response:
    return Caller(story.place.http, "tl_" + "x" * 43, "nobody").get("/patients/001")


def a_token_that_has_expired(story: Story) -> Response:
    return as_role(story, "petya", "inspector", None, expires_on=date(2020, 1, 1)).get("/escalation")


def a_token_that_was_taken_out(story: Story) -> Response:
    roman = as_role(story, "roman", "inspector", None)
    assert roman.get("/escalation").status_code == 200
    assert remove_client(story.place.settings.accounts, "roman-0-inspector") == 1
    return roman.get("/escalation")


def signer_whose_document_changed(story: Story) -> Response:
    """The principal investigator approves the protocol that he read; what is on the table is another."""
    place = story.place
    read = place.by("principal_investigator").get("/protocol-versions/1").json()
    document = {**read["document"], "title": "The same, but for its title"}
    story.tell("propose_protocol_version", "medical_monitor", version=2, effective_on="2027-01-01", document=document)
    story.tell("record_ethics_approval", "medical_monitor", at={"version": "2"})
    seen = {"document_sha256": read["document_sha256"]}
    return write(place.by("principal_investigator"), "approve_protocol_version", {"version": "2"}, **seen)


def administrator_signs_as_somebody(story: Story) -> Response:
    """The administrator sets the password of an investigator, and would sign with it."""
    place = story.place
    fyodor = Caller(place.http, place.account("investigator", "fyodor", SITE), "fyodor")
    give_password(place, "fyodor", "known to the administrator", secret=None, password_once=True)
    return fyodor.http.post("/v1/signings", json={"password": "known to the administrator"}, headers=fyodor.bearer)


def thief_of_a_token_signs(story: Story) -> Response:
    """Who has the token of the principal investigator has no password."""
    maria = story.place.by("principal_investigator")
    return maria.http.post("/v1/signings", json={"password": "a guess of somebody else"}, headers=maria.bearer)


ATTEMPTS = (
    Attempt(
        "a signer whose document changed",
        signer_whose_document_changed,
        (409, "dossier-moved"),
        ("command-refused", "maria", "approve_protocol_version"),
        by_rule="G.4-9",
    ),
    Attempt(
        "an administrator who resets a password and signs",
        administrator_signs_as_somebody,
        (403, "signing-refused"),
        ("signing-failed", "fyodor", "log-in"),
        rule="password-not-own",
    ),
    Attempt(
        "a thief of a token who signs",
        thief_of_a_token_signs,
        (403, "signing-refused"),
        ("signing-failed", "maria", "log-in"),
        rule="wrong-password",
    ),
    Attempt(
        "a delegate whose delegation ended yesterday",
        delegate_of_yesterday,
        (409, "not-delegated"),
        ("command-refused", "nadia", "reserve_slot"),
        by_rule="G.4-9",
    ),
    Attempt(
        "the same on paper",
        delegate_of_yesterday_on_paper,
        (409, "not-delegated"),
        ("command-refused", "nadia2", "reserve_slot"),
        by_rule="G.4-9",
    ),
    Attempt(
        "a role that is ended in the middle of a session",
        ended_in_the_middle_of_a_session,
        (409, "not-delegated"),
        ("command-refused", "lev", "reserve_slot"),
        by_rule="G.4-9",
    ),
    Attempt(
        "who can grant grants to himself",
        grants_to_himself,
        (409, "may-not-delegate"),
        ("command-refused", "maria", "delegate_role"),
        by_rule="G.4-9",
    ),
    Attempt(
        "a role without training",
        grants_without_training,
        (409, "not-trained-yet"),
        ("command-refused", "maria", "delegate_role"),
        by_rule="11.10(i)",
    ),
    Attempt(
        "the assessor as the only reviewer",
        assessor_reviews_himself,
        (409, "only-assessor"),
        ("command-refused", "ivan", "confirm_grade"),
        patient="001",
        by_rule="G.4-9",
    ),
    Attempt(
        "a stolen EDC token at another site",
        machine_reports_for_another_site,
        (404, "no-such-patient"),
        ("request-refused", "edc-elsewhere", "record_death"),
        patient="001",
        rule="across-sites",
    ),
    Attempt(
        "an EDC system at a site where it is not registered",
        machine_registered_elsewhere,
        (409, "source-unknown"),
        ("command-refused", "edc-ndgoi", "screen_patient"),
        by_rule="11.10(h)",
    ),
    Attempt(
        "a patient of another site",
        reads_another_site,
        (404, "no-such-patient"),
        ("request-refused", "otto", "show_timeline"),
        patient="001",
        rule="across-sites",
    ),
    Attempt(
        "an administrator who acts",
        administrator_acts,
        (403, "forbidden"),
        ("request-refused", "ada", "assign_dose_level"),
        patient="001",
    ),
    Attempt(
        "an administrator who looks",
        administrator_looks,
        (403, "forbidden"),
        ("request-refused", "ada", "show_patient"),
        patient="001",
    ),
    Attempt(
        "an inspector who writes",
        an_inspector_writes,
        (403, "forbidden"),
        ("request-refused", "irina", "record_death"),
        patient="001",
    ),
    Attempt(
        "a token that nobody gave",
        a_token_that_nobody_gave,
        (401, "unauthenticated"),
        ("request-refused", "unknown", "show_patient"),
        patient="001",
        rule="token-unknown",
    ),
    Attempt(
        "a token that has expired",
        a_token_that_has_expired,
        (401, "unauthenticated"),
        ("request-refused", "unknown", "show_escalation"),
        rule="token-unknown",
    ),
    Attempt(
        "a token that was taken out",
        a_token_that_was_taken_out,
        (401, "unauthenticated"),
        ("request-refused", "unknown", "show_escalation"),
        rule="token-unknown",
    ),
)


@pytest.fixture(scope="module")
def going_on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A trial with a child whose first infusion was given and who has fever since."""
    place = Place(tmp_path_factory.mktemp("visible"))
    story = begin(place)
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    placed(story, "001")
    screened(story, "002")
    infused(story)
    story.clock(f"{TODAY.isoformat()}T12:00:00Z")
    story.tell("report_adverse_event", "edc_system")
    yield story
    place.stop()


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda each: each.name)
def test_it_is_refused_and_seen_afterwards(going_on: Story, attempt: Attempt) -> None:
    place = going_on.place
    before = {row["position"] for row in access_log(place)}
    answer = attempt.act(going_on)
    assert (answer.status_code, answer.json()["type"]) == (attempt.refused[0], f"/problems/{attempt.refused[1]}")
    rows = [row for row in access_log(place) if row["position"] not in before]
    (row,) = [
        each for each in rows if (each["kind"], each["who"], each["about"]) == attempt.told and _same(each, answer)
    ]
    assert row["rule"] == (attempt.by_rule or attempt.rule)
    told = attempt.refused if row["kind"].endswith("-refused") else (None, None)
    assert (row["status"], row["problem"]) == told
    assert row["patient"] == attempt.patient
    shown = place.by("inspector").get("/audit-trail", limit=1000, actor=attempt.told[1]).json()["items"]
    refusals = [each for each in shown if each["position"] is None]
    assert attempt.by_rule is None or attempt.by_rule in {each["rule"] for each in refusals}
    size = place.size
    assert not [each for each in shown if each["position"] == size], "nothing was appended"


def access_log(place: Place) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = place.by("inspector").get("/v1/access-log", limit=1000).json()["items"]
    return found


def _same(row: dict[str, Any], answer: Response) -> bool:
    return row["request_id"] in (None, answer.headers["x-request-id"])


FORGED = (
    "expired",
    "wrong audience",
    "no algorithm",
    "confused with HMAC",
    "another's key",
    "another site",
    "tampered",
)


@pytest.fixture(scope="module")
def with_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Forge]]:
    directory = tmp_path_factory.mktemp("provider")
    forge = Forge(directory / "keys.json")
    place = linked(directory / "place", oidc_keys=str(forge.file))
    place.app.state.service.identity.clock = lambda: LOGGED_IN_AT
    place.app.state.service.provider.keys.clock = LOGGED_IN_AT.timestamp
    begin(place)
    yield place, forge
    place.stop()


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_of_a_provider_is_refused_and_why_is_seen_afterwards(
    with_provider: tuple[Place, Forge], name: str
) -> None:
    place, forge = with_provider
    rule, forged = FORGERIES[name]
    answer = Caller(place.http, forged(forge), "maria").get("/escalation")
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
    assert rule not in answer.text
    (row,) = [each for each in access_log(place) if each["request_id"] == answer.headers["x-request-id"]]
    assert (row["kind"], row["who"], row["about"], row["rule"]) == (
        "request-refused",
        "unknown",
        "show_escalation",
        rule,
    )


def test_a_report_by_somebody_whose_role_has_ended_stands_and_is_a_deviation(going_on: Story) -> None:
    place = going_on.place
    zoya = as_role(going_on, "zoya", "coordinator")
    report = {"term": "Rash", "serious": False, "onset_at": f"{TODAY.isoformat()}T10:00:00+03:00"}
    answer = zoya.post("/patients/001/adverse-events", report)
    assert answer.status_code == 201
    kinds = [event["type"] for event in answer.json()["events"]]
    assert kinds == ["patient.adverse-event-reported.v1", "patient.protocol-deviation-recorded.v1"]
    found = place.by("inspector").get("/deviations").json()["items"]
    assert [each["rule"] for each in found if each["position"] == answer.json()["positions"][1]] == ["G.4-9"]


@pytest.mark.parametrize("which", [f"{TRIAL}.ledger", FILE])
def test_a_person_with_database_access_is_found_by_the_verifier_and_by_the_server(tmp_path: Path, which: str) -> None:
    """Of a trial's log and of the access log alike: whoever would hide what he did has to alter this one too."""
    place = Place(tmp_path / "trials", evidence=True)
    begin(place)
    place.by("inspector").get("/evidence/receipts/0", wait=5)
    service = place.app.state.service
    for _ in range(2):
        place.by("inspector").get("/escalation")
        place.by("inspector").get("/v1/access-log")
        service.log._notary.round()
    place.by("medical_monitor").post("/sites", {"site": ELSEWHERE, "utc_offset": "+05:00"})
    service.shelf.notary(TRIAL).round()
    ledger = service.log.ledger if which == FILE else service.opened(TRIAL)
    key, held = ledger.world.trial.evidence.log_key, ledger.store.cosigned_note(ledger.store.signed_head())
    place.stop()
    trust = Trust(Policy.parse(f"log {key}\nquorum none\n".encode()), held=(held,))
    found = list(attempts(place.directory / which, trust))
    assert len(found) == len(ATTACKS)
    assert {each.report.exit for each in found} == {TAMPERED}
    _turn_a_byte(place.directory / which)
    assert run(["rebuild", "--file", str(place.directory / which)]) == 1
    place.start()
    answer = place.by("inspector").get("/audit-trail")
    assert answer.status_code == 503
    place.stop()


def _turn_a_byte(path: Path) -> None:
    """In the database file itself, past every trigger: another name for somebody."""
    for name in (f"{path}-wal", f"{path}-shm"):
        Path(name).unlink(missing_ok=True)
    raw = path.read_bytes()
    assert b'"id":"' in raw
    shutil.copy(path, f"{path}.before")
    path.write_bytes(raw.replace(b'"actor":{"authenticated":"bearer"', b'"actor":{"authenticated":"bearex"'))

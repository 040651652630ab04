"""Signing over HTTP: fresh authentication for each signature, of the person herself, for exactly one request."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from api.auth import add_account
from api.roles import TABLE
from api.routes.listed import WRITES
from ledger.types import Role
from tests.api.forge import Forge
from tests.api.people import SECRET, Ward, give_password
from tests.api.place import PASSWORD, SITE, TRIAL, Caller, Place
from tests.api.story import Story, begin, placed, screened
from tests.api.test_tokens import linked
from tests.api.test_writing import problem

PI: Role = "principal_investigator"
CLOSURE = {"cause": "The sponsor ends recruitment"}
NOT_SIGNED = {
    "PlanDose",
    "OrderDose",
    "AssessReadiness",
    "RecordReceipt",
    "ResolveQuarantine",
    "RecordRecovery",
}
"""Of the commands that a signer may give: reports and findings, by which nobody decides."""
SIGNED_ALSO = {"LiftHold", "ReassignDoseLevel"}
"""Signed, though the table says *lift*, or *W*."""


def write(by: Caller, key: str = "signed-0001", signing: str | None = None, **said: Any) -> Response:
    """Enrolment is closed, with a signing or without one."""
    headers = {**by.bearer, "Idempotency-Key": key, **({"Ledger-Signing": signing} if signing else {})}
    return by.http.post(f"/v1/trials/{TRIAL}/enrolment-closure", json={**CLOSURE, **said}, headers=headers)


def signings(by: Caller, **proof: str) -> Response:
    return by.http.post("/v1/signings", json={"password": PASSWORD, **proof}, headers=by.bearer)


def refused(ward: Ward) -> list[tuple[str | None, str, str | None]]:
    """Who failed to sign what, and why, as it was noted."""
    return [(each.who, each.about, each.rule) for each in ward.noted if each.kind == "signing-failed"]


@pytest.fixture
def ward(story: Story) -> Ward:
    return Ward(story.place)


def test_what_has_to_be_signed_is_what_only_a_signer_may_do() -> None:
    may_sign = {row.command.__name__ for row in WRITES if "S" in row.may.rights}
    assert {row.command.__name__ for row in WRITES if row.signs} == may_sign - NOT_SIGNED | SIGNED_ALSO


def test_no_machine_and_no_administrator_may_do_what_has_to_be_signed() -> None:
    for row in WRITES:
        granted = TABLE[row.may.resource]
        for role in ("edc_system", "administrator"):
            assert not row.signs or granted.get(role, frozenset()).isdisjoint(row.may.rights), row.operation


def test_an_unsigned_request_is_refused_and_told_what_signing_would_mean(ward: Ward) -> None:
    place = ward.place
    size, answer = place.size, write(place.by(PI))
    assert (answer.status_code, problem(answer)) == (403, "signature-missing")
    assert answer.json()["meaning"] == "I close enrolment in this trial"
    assert answer.json()["rule_id"] == "signature-required"
    assert place.size == size
    assert refused(ward) == [("maria", "close_enrolment", "signature-required")]


def test_a_token_signs_nothing_by_itself(ward: Ward) -> None:
    """Whoever has stolen the token has no password."""
    by = ward.place.by(PI)
    answer = signings(by, password="a guess of somebody else")
    assert (answer.status_code, problem(answer)) == (403, "signing-refused")
    assert refused(ward) == [("maria", "log-in", "wrong-password")]


def test_a_signed_request_is_recorded_with_the_printed_name(ward: Ward) -> None:
    by = ward.place.by(PI)
    given = signings(by).json()
    assert (given["printed_name"], given["components"], given["run"]) == ("Dr Maria", ["password"], False)
    answer = write(by, signing=given["token"])
    assert answer.status_code == 201
    signed, signature = answer.json()["positions"]
    shown = by.get(f"/events/{signed}").json()["signature"]
    assert (shown["position"], shown["signs"], shown["name"]) == (signature, [signed], "Dr Maria")
    assert (shown["meaning"], shown["status"]) == ("I close enrolment in this trial", "valid")
    assert by.get(f"/events/{signature}").json()["signature"] == shown
    leaf = by.get(f"/events/{signature}").json()["leaf"]
    assert "Maria" not in str(leaf["data"])
    assert leaf["data"]["manifest"] == [
        {"position": signed, "leaf_hash": by.get(f"/events/{signed}").json()["leaf_hash"]}
    ]


def test_with_a_second_factor_both_are_needed(ward: Ward) -> None:
    give_password(ward.place, "maria", secret=SECRET)
    by = ward.place.by(PI)
    assert signings(by).status_code == 403
    ward.later(seconds=60)
    given = signings(by, otp=ward.code()).json()
    answer = write(by, signing=given["token"])
    shown = by.get(f"/events/{answer.json()['positions'][0]}").json()["signature"]
    assert shown["components"] == ["password", "otp"]


def test_a_lost_answer_is_asked_for_again_with_the_same_signing_with_none_and_with_a_stale_one(ward: Ward) -> None:
    by, size = ward.place.by(PI), ward.place.size
    token = signings(by).json()["token"]
    first = write(by, signing=token)
    assert [write(by, signing=token).content, write(by).content] == [first.content, first.content]
    ward.later(minutes=3)
    assert write(by, signing=token).content == first.content
    assert ward.place.size == size + 2
    assert refused(ward) == []


def test_a_signing_is_good_for_one_request(ward: Ward) -> None:
    by = ward.place.by(PI)
    token = signings(by).json()["token"]
    assert write(by, signing=token).status_code == 201
    for again in (
        write(by, "signed-0002", token, cause="Another cause"),
        write(by, "signed-0001-b", token, cause="Another cause"),
    ):
        assert (again.status_code, problem(again)) == (403, "signing-not-valid")
    assert refused(ward)[-1] == ("maria", "close_enrolment", "it was used for another request")


def test_a_signing_that_was_refused_by_a_rule_signs_no_other_content_under_its_key(ward: Ward) -> None:
    by, shown = ward.place.by(PI), "0" * 64
    token = signings(by).json()["token"]
    headers = {**by.bearer, "Idempotency-Key": "vote-0001", "Ledger-Signing": token}
    url, vote = f"/v1/trials/{TRIAL}/dose-decisions/1/signatures", {"meaning": "I agree", "dossier_hash": shown}
    assert by.http.post(url, json={**vote, "vote": "agree"}, headers=headers).status_code == 404
    other = by.http.post(url, json={**vote, "vote": "disagree"}, headers=headers)
    assert problem(other) == "signing-not-valid"


def test_a_signing_is_good_for_two_minutes(ward: Ward) -> None:
    by = ward.place.by(PI)
    token = signings(by).json()["token"]
    ward.later(minutes=2)
    answer = write(by, signing=token)
    assert (answer.status_code, problem(answer)) == (403, "signing-not-valid")
    assert refused(ward)[-1][2] == "it is over, or was never given"


def test_a_signing_of_somebody_else_is_refused(ward: Ward) -> None:
    token = signings(ward.place.by("medical_monitor")).json()["token"]
    answer = write(ward.place.by(PI), signing=token)
    assert (answer.status_code, problem(answer)) == (403, "signing-not-valid")
    assert refused(ward)[-1] == ("maria", "close_enrolment", "it is another account's")


def test_the_administrator_who_sets_a_password_does_not_sign_as_that_person(ward: Ward) -> None:
    """A password that somebody else set signs nothing, and after such a reset nothing is signed until a second person
    has vouched."""
    place = ward.place
    give_password(place, "maria", "the administrator knows this one", secret=None, password_once=True)
    answer = signings(place.by(PI), password="the administrator knows this one")
    assert (answer.status_code, problem(answer)) == (403, "signing-refused")
    assert refused(ward)[-1] == ("maria", "log-in", "password-not-own")
    give_password(place, "maria", secret=None, password_once=False, signing_suspended=True)
    assert signings(place.by(PI)).status_code == 403
    assert refused(ward)[-1] == ("maria", "log-in", "signing-suspended")


def test_a_system_and_who_has_no_printed_name_do_not_sign(ward: Ward) -> None:
    assert problem(signings(ward.place.by("edc_system"))) == "signing-refused"
    token = add_account(ward.place.settings.accounts, id="nameless", role=PI, site=SITE)
    give_password(ward.place, "nameless", secret=None)
    answer = signings(Caller(ward.place.http, token, "nameless"))
    assert answer.json()["detail"] == "the account has no printed name"
    assert [who for who, _, _ in refused(ward)] == ["edc-ndgoi", "nameless"]


def test_the_delegate_whose_delegation_ended_yesterday_signs_and_is_refused(story: Story) -> None:
    place = story.place
    story.tell("revoke_role", "medical_monitor", person="maria", role=PI, site=SITE, ends_on="2026-01-13")
    story.clock("2026-01-14T12:00:00Z")
    size, answer = place.size, place.by(PI).post("/enrolment-closure", CLOSURE)
    assert (answer.status_code, problem(answer)) == (409, "not-delegated")
    assert place.size == size
    rows = place.by("inspector").get("/audit-trail", type="CloseEnrolment").json()["items"]
    assert [(row["kind"], row["actor"]) for row in rows] == [("refusal", "maria")]


def test_the_signer_whose_document_changed_is_refused(story: Story) -> None:
    place = story.place
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    placed(story, "001")
    shown = place.by(PI).get("/dossier").json()["dossier_hash"]
    story.tell("propose_dose_decision", "medical_monitor")
    screened(story, "002")
    placed(story, "002")
    assert place.by(PI).get("/dossier").json()["dossier_hash"] != shown
    vote = {"vote": "agree", "meaning": "I agree", "dossier_hash": shown}
    answer = place.by(PI).post("/dose-decisions/1/signatures", vote)
    assert (answer.status_code, problem(answer)) == (409, "dossier-moved")


def test_what_is_tried_out_needs_no_signature(ward: Ward) -> None:
    by = ward.place.by(PI)
    headers = {**by.bearer, "Idempotency-Key": "trying-0001"}
    tried = by.http.post(
        f"/v1/trials/{TRIAL}/enrolment-closure", params={"dry_run": "true"}, json=CLOSURE, headers=headers
    )
    assert (tried.status_code, tried.json()["positions"]) == (200, [])


def test_without_the_setting_every_signature_of_a_session_is_proved_in_full(ward: Ward) -> None:
    give_password(ward.place, "maria", secret=SECRET)
    by = ward.session(PI)
    ward.later(seconds=60)
    assert signings(by, otp=ward.code()).json()["components"] == ["password", "otp"]
    assert signings(by).status_code == 403


def run_of(place: Place) -> tuple[Ward, Caller]:
    """A session where runs of ten minutes are permitted, in which the first signature was proved in full."""
    ward = Ward(place)
    give_password(place, "maria", secret=SECRET)
    by = ward.session(PI)
    ward.later(seconds=60)
    assert signings(by, otp=ward.code()).json()["run"] is False
    return ward, by


@pytest.fixture
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Place(tmp_path_factory.mktemp("runs"), signing_run_minutes=10)
    yield made
    made.stop()


def test_in_a_run_the_later_signatures_need_the_password_alone(lenient: Place) -> None:
    ward, by = run_of(lenient)
    ward.later(minutes=9)
    later = signings(by).json()
    assert (later["components"], later["run"]) == (["password"], True)
    assert signings(by, password="somebody else at the keyboard").status_code == 403


def test_a_run_ends_with_its_time_and_with_its_session(lenient: Place) -> None:
    ward, by = run_of(lenient)
    elsewhere = lenient.by(PI)
    assert signings(elsewhere).status_code == 403
    ward.later(minutes=10)
    assert signings(by).status_code == 403


def test_a_run_begins_with_a_whole_proof_only(lenient: Place) -> None:
    ward = Ward(lenient)
    give_password(lenient, "maria", secret=SECRET)
    by = ward.session(PI)
    assert signings(by).status_code == 403


def test_signatures_are_listed_with_those_that_have_to_be_given_again(story: Story) -> None:
    place = story.place
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    reader = place.by("inspector")
    every = reader.get("/signatures").json()["items"]
    assert {each["status"] for each in every} == {"valid"}
    eligible = next(each for each in every if each["meaning"] == "I confirm that this patient is eligible")
    finding = reader.get("/events", type="patient.screening-finding-recorded.v1").json()["items"][0]["leaf"]
    correction = {
        "position": finding["position"],
        "patient": "001",
        "kind": "screening-findings",
        "report": {"findings": [{**finding["data"], "found_on": finding["data"]["found_on"]}]},
        "reason": "Read again.",
        "occurred_at": "2026-02-02T10:00:00+03:00",
    }
    answer = place.by("coordinator").decide("/corrections", correction, on="/patients/001")
    assert answer.status_code == 201, answer.text
    (stale,) = reader.get("/signatures", stale="true").json()["items"]
    assert stale["position"] == eligible["position"]
    assert (stale["because"], stale["stale_since"]) == ("corrected", answer.json()["positions"][0])
    at = f"/events/{eligible['signs'][0]}"
    assert reader.get(at).json()["signature"]["status"] == "stale"
    then = reader.get("/signatures", stale="true", as_of_position=stale["stale_since"] - 1).json()["items"]
    assert then == []
    assert reader.get("/signatures", patient="001", signer="ivan").json()["items"] != []


def test_who_sees_one_site_sees_no_signature_on_another_sites_patients(story: Story) -> None:
    place = story.place
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    elsewhere = place.stranger(PI)
    assert {each["about"] for each in elsewhere.get("/signatures").json()["items"]} == {"trial", "cohort/1"}
    assert elsewhere.get("/signatures", patient="001").status_code == 404


def test_the_audit_trail_prints_name_time_meaning_and_status(story: Story) -> None:
    page = story.place.by("inspector").get("/audit-trail", format="csv", type="cohort.opened.v1").text
    (row,) = csv.DictReader(io.StringIO(page))
    assert (row["signed_by"], row["signer_name"], row["signature_status"]) == ("maria", "Dr Maria", "valid")
    assert row["signature_meaning"] == "I open the start level for dosing"
    assert row["signed_at"].startswith("2026-01-12T")


def by_provider(directory: Path, forge: Forge, **settings: Any) -> tuple[Ward, Caller]:
    """Maria, with a token of her hospital's identity provider, which saw her a minute ago."""
    ward = Ward(linked(directory, oidc_keys=str(forge.file), **settings))
    provider = ward.place.app.state.service.provider
    provider.keys.clock = lambda: ward.now.timestamp()
    begin(ward.place)
    seen = int((ward.now - timedelta(minutes=1)).timestamp())
    return ward, Caller(ward.place.http, forge.token(ward.now, auth_time=seen, amr=["pwd", "otp"]), "maria")


def test_that_an_identity_provider_saw_somebody_is_good_for_one_signature(tmp_path: Path) -> None:
    ward, by = by_provider(tmp_path / "place", Forge(tmp_path / "keys.json"))
    given = by.http.post("/v1/signings", json={}, headers=by.bearer).json()
    assert given["components"] == ["identity-provider", "pwd", "otp"]
    assert write(by, signing=given["token"]).status_code == 201
    again = by.http.post("/v1/signings", json={}, headers=by.bearer)
    assert (again.status_code, problem(again)) == (401, "fresh-authentication-needed")
    assert refused(ward)[-1][2] == "it has signed once already"
    ward.place.stop()


def test_in_a_run_what_an_identity_provider_saw_is_good_for_several(tmp_path: Path) -> None:
    ward, by = by_provider(tmp_path / "place", Forge(tmp_path / "keys.json"), signing_run_minutes=3)
    answers = [by.http.post("/v1/signings", json={}, headers=by.bearer) for _ in range(2)]
    assert [answer.json()["run"] for answer in answers] == [False, True]
    ward.later(minutes=2)
    assert by.http.post("/v1/signings", json={}, headers=by.bearer).status_code == 401
    ward.place.stop()

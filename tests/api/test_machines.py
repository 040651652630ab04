"""EDC systems: a secret for a short-lived token, bound to the source and the site of the account."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.auth import new_token, token_hash
from api.happenings import Happening
from api.identity import people
from api.identity.credentials import change_credentials
from api.identity.machines import SECRET_PREFIX
from tests.api.people import Ward
from tests.api.place import SITE, TRIAL, Caller, Place
from tests.api.story import Story, screened
from tests.examples import examples


@pytest.fixture
def ward(place: Place) -> Ward:
    return Ward(place)


def give_secret(ward: Ward, id: str = "edc-ndgoi", overlap: timedelta = timedelta(0)) -> str:
    secret = new_token(SECRET_PREFIX)
    change_credentials(
        ward.place.settings.credentials,
        id,
        lambda one: people.secret_given(one, token_hash(secret), ward.now, "root", overlap),
    )
    return secret


def ask(ward: Ward, secret: str, id: str = "edc-ndgoi", **form: str) -> Response:
    body = {"grant_type": "client_credentials", "client_id": id, "client_secret": secret, **form}
    return ward.place.http.post("/v1/oauth/token", data=body)


def machine(ward: Ward, secret: str, **form: str) -> Caller:
    answer = ask(ward, secret, **form)
    assert answer.status_code == 200, answer.text
    return Caller(ward.place.http, answer.json()["access_token"], "edc")


def test_a_secret_gives_a_token_for_a_quarter_of_an_hour(ward: Ward) -> None:
    answer = ask(ward, give_secret(ward))
    said = answer.json()
    assert (said["token_type"], said["expires_in"], said["scope"]) == ("Bearer", 900, "ledger.read ledger.write")
    assert answer.headers["cache-control"] == "no-store"
    edc = Caller(ward.place.http, said["access_token"], "edc")
    assert edc.get("/v1/sessions/current").json()["authenticated"] == "client-secret"
    ward.later(minutes=14)
    assert edc.get("/v1/sessions/current").status_code == 200
    ward.later(minutes=1)
    assert edc.get("/v1/sessions/current").status_code == 401


def test_a_secret_is_taken_in_the_header_too(ward: Ward) -> None:
    secret = give_secret(ward)
    pair = base64.b64encode(f"edc-ndgoi:{secret}".encode()).decode()
    answer = ward.place.http.post(
        "/v1/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {pair}"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "tc_" + "x" * 43}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "maria"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "ledger.sign"}, 400, "invalid_scope"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ],
)
def test_whatever_is_wrong_is_said_in_the_words_of_rfc_6749(
    ward: Ward, form: dict[str, str], status: int, error: str
) -> None:
    answer = ask(ward, give_secret(ward), **form)
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_failed_log_in_of_a_machine_is_noted_and_locks_nobody_out(ward: Ward) -> None:
    secret = give_secret(ward)
    for _ in range(8):
        assert ask(ward, "tc_" + "x" * 43).status_code == 401
    assert ward.noted[-1] == Happening("log-in-failed", "edc-ndgoi", "token", "wrong-secret", "edc_system", SITE)
    assert ask(ward, secret).status_code == 200


def test_a_persons_account_has_no_secret(ward: Ward) -> None:
    secret = give_secret(ward, "maria")
    assert ask(ward, secret, "maria").status_code == 401
    assert ward.noted[-1].rule == "no-machine"


def test_a_new_secret_overlaps_with_the_one_before(ward: Ward) -> None:
    first = give_secret(ward)
    second = give_secret(ward, overlap=timedelta(days=7))
    before = machine(ward, first)
    ward.later(days=6, hours=23, minutes=50)
    assert ask(ward, first).status_code == ask(ward, second).status_code == 200
    ward.later(minutes=10)
    assert (ask(ward, first).status_code, ward.noted[-1].rule) == (401, "secret-expired")
    assert ask(ward, second).status_code == 200
    third = give_secret(ward, overlap=timedelta(days=7))
    assert [ask(ward, each).status_code for each in (first, second, third)] == [401, 200, 200]
    assert before.get("/v1/sessions/current").status_code == 401


def test_a_secret_without_overlap_ends_the_one_before_and_its_tokens(ward: Ward) -> None:
    first = give_secret(ward)
    edc = machine(ward, first)
    second = give_secret(ward)
    assert edc.get("/v1/sessions/current").status_code == 401
    assert [ask(ward, each).status_code for each in (first, second)] == [401, 200]


def test_the_report_of_a_machine_names_it_as_the_source(story: Story) -> None:
    ward = Ward(story.place)
    edc = machine(ward, give_secret(ward))
    body = {"number": "001", "site": SITE, "birth_year_month": "2016-03", "sex": "female"}
    position = edc.post("/patients", body).json()["positions"][0]
    leaf = story.place.by("inspector").get(f"/events/{position}").json()["leaf"]
    assert (leaf["actor"]["id"], leaf["actor"]["authenticated"]) == ("edc-ndgoi", "client-secret")
    assert leaf["source"]["system"] == "edc-ndgoi"


def test_the_token_of_a_machine_that_was_stolen_opens_no_other_site(story: Story) -> None:
    """The patient does not exist for it, and that it asked is on record."""
    story.clock("2026-02-02T12:00:00Z")
    screened(story, "001")
    story.place.stranger("edc_system")
    ward = Ward(story.place)
    stolen = machine(ward, give_secret(ward, "other-edc-system"), client_id="other-edc-system")
    ward.noted.clear()
    report = {"term": "Fever", "serious": False, "onset_at": "2026-01-12T08:00:00+03:00"}
    size = story.place.size
    answer = stolen.post("/patients/001/adverse-events", report)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-patient")
    newcomer = {"number": "002", "site": SITE, "birth_year_month": "2016-03", "sex": "female"}
    assert stolen.post("/patients", newcomer).status_code == 404
    assert story.place.size == size
    who = ("other-edc-system", "edc_system", "ELSEWHERE", TRIAL)
    assert [(each.who, each.role, each.site, each.trial) for each in ward.noted] == [who, who]
    assert [each.about for each in ward.noted] == ["report_adverse_event", "screen_patient"]


def test_a_patient_who_does_not_exist_is_no_attempt_on_another_site(story: Story) -> None:
    ward = Ward(story.place)
    edc = machine(ward, give_secret(ward))
    ward.noted.clear()
    assert edc.get("/patients/077").status_code in (403, 404)
    assert [each.rule for each in ward.noted] == [None]


def test_a_token_that_was_asked_for_reading_writes_nothing(ward: Ward) -> None:
    edc = machine(ward, give_secret(ward), scope="ledger.read")
    assert edc.post("/patients", {}).json()["type"] == "/problems/scope-too-narrow"


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.binary(max_size=60)
    | st.dictionaries(
        st.sampled_from(["grant_type", "client_id", "client_secret", "scope", "x"]),
        st.sampled_from(["client_credentials", "edc-ndgoi", "ledger.read"]) | st.text(max_size=12),
    ),
    header=st.none() | st.binary(max_size=30).map(lambda raw: "Basic " + base64.b64encode(raw).decode()),
)
def test_any_request_for_a_token_is_refused(ward: Ward, body: Any, header: str | None) -> None:
    form = {"content": body} if isinstance(body, bytes) else {"data": body}
    headers = {"Content-Type": "application/x-www-form-urlencoded", **({"Authorization": header} if header else {})}
    ward.later(minutes=10)
    answer = ward.place.http.post("/v1/oauth/token", headers=headers, **form)
    assert answer.status_code in (400, 401), answer.text

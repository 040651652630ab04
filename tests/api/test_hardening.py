"""The checklist: headers, limits, what is served to whom, and what the log says of a request."""

import asyncio
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from pydantic import SecretStr
from starlette.requests import Request

from api.around import ALWAYS_ANSWERED
from api.limits import MOST_BUCKETS, Buckets, network_of
from api.logs import RequestLog
from api.problems import Refused
from api.roles import needs
from api.service import service_of
from tests.api.place import TRIAL, Place, description
from tests.api.story import ROWS, Story
from tests.api.test_roles import NEEDS_NO_TOKEN, ask, routes

SECURE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}
PAGES = ("/", "/problems", "/problems/no-free-slot")


@pytest.mark.slow
def test_every_answer_has_the_secure_headers(story: Story) -> None:
    place = story.place
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/nothing", *PAGES):
        assert SECURE.items() <= dict(place.http.get(path).headers).items(), path
    for method, path, _, _ in routes():
        answer = ask(place, method, path, place.by("inspector").bearer)
        assert SECURE.items() <= dict(answer.headers).items(), path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert answer.headers["cache-control"] == "no-store", path
        assert "server" not in answer.headers


def test_nothing_may_be_framed_and_pages_load_nothing_from_elsewhere(story: Story) -> None:
    pack = story.place.by("medical_monitor").get("/committee-pack", format="html")
    assert pack.status_code == 200
    for page in (*map(story.place.http.get, PAGES), pack):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert "script-src" not in policy
        assert "<script" not in page.text


def test_browsers_are_kept_to_https_where_they_came_by_it(tmp_path: Path) -> None:
    place = Place(tmp_path, hsts_seconds=3600)
    assert "strict-transport-security" not in place.http.get("/healthz").headers
    secure = place.http.get("https://testserver/healthz")
    assert secure.headers["strict-transport-security"] == "max-age=3600"
    place.stop()


def test_the_page_to_try_things_out_is_off_and_the_description_is_on(place: Place) -> None:
    assert place.http.get("/docs").status_code == 404
    assert place.http.get("/redoc").status_code == 404
    assert "/docs" not in place.http.get("/").text
    assert place.http.get("/openapi.json").status_code == 200
    assert place.app.debug is False


def test_it_is_on_where_a_setting_asks_for_it_and_may_load_from_one_place(tmp_path: Path) -> None:
    place = Place(tmp_path, interactive_docs=True)
    page = place.http.get("/docs")
    assert page.status_code == 200
    allowed = page.headers["content-security-policy"]
    sources = set(re.findall(r'(?:src|href)="(https://[^/"]+)', page.text))
    assert sources
    assert all(source in allowed for source in sources)
    assert "/docs" in place.http.get("/").text
    place.stop()


def test_the_routes_that_need_no_token_are_few_and_say_nothing_of_a_patient(story: Story) -> None:
    """Deny by default: the list is closed, and what they tell holds names of trials and counts."""
    story.tell("screen_patient", "coordinator")
    described = description()["paths"]
    open_to_all = {path for path, each in described.items() if all(o.get("security") == [] for o in each.values())}
    assert open_to_all == NEEDS_NO_TOKEN
    for path in ("/healthz", "/readyz", "/metrics", *PAGES):
        text = story.place.http.get(path).text
        assert all(word not in text for word in ("2016-03", "NDGOI", "nina", "female"))
    told = set(re.findall(r'([a-z_]+)="', story.place.http.get("/metrics").text))
    assert told <= {"trial", "method", "route", "status", "outcome", "rule", "le"}


def test_the_counts_are_for_whom_has_their_token_where_there_is_one(tmp_path: Path) -> None:
    place = Place(tmp_path, metrics_token=SecretStr("m" * 32))
    for headers in ({}, {"Authorization": "Bearer " + "n" * 32}, place.by("inspector").bearer):
        assert place.http.get("/metrics", headers=headers).status_code == 401
    assert place.http.get("/metrics", headers={"Authorization": "Bearer " + "m" * 32}).status_code == 200
    place.stop()


def test_an_address_that_asks_too_fast_waits_whoever_it_says_it_is(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.app.state.service.addresses = Buckets(1, 3, clock=lambda: 0.0, of="address")
    answers = [place.by(role).get("/v1/trials") for role in ("inspector", "monitor", "statistician", "coordinator")]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["ratelimit"].startswith('"address"')
    assert place.http.get("/openapi.json").status_code == 429
    assert place.http.get("/healthz").status_code == 200
    place.stop()


def test_an_address_that_guesses_tokens_is_stopped_and_its_neighbours_with_tokens_are_not(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.app.state.service.strangers = Buckets(1, 2, clock=lambda: 0.0, of="address")
    guesses = [place.http.get("/v1/trials", headers={"Authorization": f"Bearer tl_{n:043}"}) for n in range(4)]
    assert [answer.status_code for answer in guesses] == [401, 401, 429, 429]
    assert place.by("inspector").get("/v1/trials").status_code == 200
    place.stop()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("testclient", "other", False),
        (None, None, True),
    ],
)
def test_a_network_of_ipv6_is_one_origin(one: str | None, other: str | None, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


def test_many_addresses_do_not_empty_the_bucket_of_one() -> None:
    """The one that was asked least recently is forgotten; who goes on asking is not."""
    buckets = Buckets(rate=1, burst=2, clock=lambda: 0.0)
    buckets.take("guesser")
    buckets.take("guesser")
    for number in range(MOST_BUCKETS + 10):
        buckets.take(f"other-{number}")
        if number % 100 == 0:
            with pytest.raises(Refused):
                buckets.take("guesser")
    assert len(buckets._left) == MOST_BUCKETS


def test_more_requests_than_are_worked_on_at_once_are_asked_to_come_again(tmp_path: Path) -> None:
    """Eight registrations reach the server before the first is answered, which takes a thread: three are worked on."""
    place = Place(tmp_path, requests_in_flight=3)
    body = ROWS["register_trial"].example_body()
    bearer = place.by("medical_monitor").bearer
    requests = [
        {"url": "/v1/trials", "json": body, "headers": {**bearer, "Idempotency-Key": f"key-{number:08}"}}
        for number in range(8)
    ]
    answers = place.at_once(requests)
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) == 5
    assert {answer.json()["type"] for answer in refused} == {"/problems/too-many-at-once"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert place.app.state.service.requests.in_flight == 0
    assert place.by("medical_monitor").get("/v1/trials").status_code == 200
    place.stop()


def test_no_more_streams_are_followed_than_may(story: Story) -> None:
    service = story.place.app.state.service
    service.streams.update(dict.fromkeys(range(service.settings.streams_at_once), (TRIAL, 0)))
    answer = story.place.by("inspector").get("/stream")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/too-many-at-once")
    assert answer.headers["retry-after"] == "5"


def test_an_answer_that_takes_too_long_is_given_up_and_may_be_asked_for_again(tmp_path: Path) -> None:
    """What never ends is ended by the limit; the caller learns that it may have been done."""
    place = Place(tmp_path, request_seconds=1)

    async def never() -> None:
        await asyncio.Event().wait()

    place.app.add_api_route("/never", never)
    answer = place.http.get("/never")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/took-too-long")
    assert answer.headers["retry-after"] == "1"
    assert place.app.state.service.requests.in_flight == 0
    place.stop()


def test_what_has_begun_to_answer_may_take_its_time(story: Story) -> None:
    """A stream is followed for longer than an answer may take to begin."""
    place = story.place
    settings = place.settings.model_copy(update={"request_seconds": 1})
    place.app.state.service.settings = settings

    async def followed() -> list[str]:
        transport = ASGITransport(app=place.app, raise_app_exceptions=False)
        async with (
            AsyncClient(transport=transport, base_url="http://testserver") as http,
            http.stream("GET", f"/v1/trials/{TRIAL}/events", headers=place.by("inspector").bearer) as answer,
        ):
            return [line async for line in answer.aiter_lines()]

    assert json.loads("".join(asyncio.run(followed())))["size"] == place.size


def test_a_trial_is_not_closed_under_a_request_and_may_be_after_it(story: Story) -> None:
    """However idle it was: the request has taken it, and gives it back with its last byte."""
    place, shelf = story.place, story.place.app.state.service.shelf

    async def tidied(request: Request, trial: str) -> bool:
        service = service_of(request)
        await service.ledger(trial, service.caller(request, needs("trial", "R")))
        shelf._steady = lambda: 1e12
        shelf.tidy()
        return trial in shelf.opened()

    place.app.add_api_route("/tidied/{trial}", tidied)
    assert place.http.get(f"/tidied/{TRIAL}", headers=place.by("inspector").bearer).json() is True
    shelf._steady = lambda: 1e13
    shelf.tidy()
    assert shelf.opened() == {}
    assert place.by("inspector").get("/patients").status_code == 200


@pytest.fixture
def logged(tmp_path: Path) -> Callable[..., tuple[Place, io.StringIO]]:
    def made(**settings: Any) -> tuple[Place, io.StringIO]:
        place, out = Place(tmp_path, **settings), io.StringIO()
        place.app.state.service.request_log = RequestLog(out)
        return place, out

    return made


def test_a_request_is_one_line_of_the_log_without_what_was_in_it(
    logged: Callable[..., tuple[Place, io.StringIO]],
) -> None:
    place, out = logged()
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    headers = {"X-Request-ID": "from-the-edc", "traceparent": trace}
    place.by("medical_monitor").post("/v1/trials", ROWS["register_trial"].example_body(), headers=headers)
    place.by("inspector").get("/patients/Petrova", nonsense="Petrova")
    place.http.get("/v1/trials/Petrova/patients")
    place.http.get("/healthz")
    place.app.state.service.request_log.flush()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["method"], line["route"], line["status"], line["trial"]) for line in lines] == [
        ("POST", "/v1/trials", 201, None),
        ("GET", "/v1/trials/{trial}/patients/{patient}", 422, TRIAL),
        ("GET", "/v1/trials/{trial}/patients", 401, None),
    ]
    assert (lines[0]["request_id"], lines[0]["traceparent"]) == ("from-the-edc", trace)
    assert all(line["milliseconds"] >= 0 and line["level"] == "info" for line in lines)
    assert "Petrova" not in out.getvalue()
    place.stop()


def test_requests_are_not_logged_where_a_setting_says_so(logged: Callable[..., tuple[Place, io.StringIO]]) -> None:
    place, out = logged(log_requests=False)
    place.by("inspector").get("/v1/trials")
    place.stop()
    assert out.getvalue() == ""


def test_the_last_lines_are_written_when_the_server_ends(
    logged: Callable[..., tuple[Place, io.StringIO]],
) -> None:
    place, out = logged()
    place.by("inspector").get("/v1/trials")
    place.stop()
    assert '"route":"/v1/trials"' in out.getvalue()


def test_what_watches_is_answered_always() -> None:
    assert ALWAYS_ANSWERED < NEEDS_NO_TOKEN

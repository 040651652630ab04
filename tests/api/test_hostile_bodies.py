"""What no body may hold: refused with a problem, nothing of it repeated, nothing appended."""

import json
from typing import Any

import pytest
from httpx2 import Response

from api.strict_json import DEEPEST, Unreadable, decode
from tests.api.place import TRIAL, Place
from tests.api.story import ROWS, Story

CONSENT = ROWS["record_consent"].example_body()
SECRET = "IVANOV-IVAN"
URL = f"/v1/trials/{TRIAL}/patients/001/consents"


def post(place: Place, body: bytes, **headers: str) -> Response:
    key = {"Idempotency-Key": f"hostile-{abs(hash(body)):020d}", "Content-Type": "application/json"}
    return place.http.post(URL, content=body, headers={**place.by("coordinator").bearer, **key, **headers})


def consent_with(member: str, text: str) -> bytes:
    """The example, with one member spelled as it stands here."""
    rest = json.dumps({name: value for name, value in CONSENT.items() if name != member})
    return f'{rest[:-1]}, "{member}": {text}}}'.encode()


UNREADABLE = {
    "empty text": b" ",
    "no JSON": b"{",
    "two texts": b"{} {}",
    "trailing comma": b'{"a": 1,}',
    "a comment": b"{} // no",
    "not a number": consent_with("witness", "NaN"),
    "infinity": consent_with("witness", "-Infinity"),
    "a huge float": consent_with("witness", "1e400"),
    "a float": consent_with("witness", "1.0"),
    "an exponent": consent_with("witness", "1e2"),
    "too many digits": consent_with("witness", "1" * 41),
    "a member twice": consent_with("form_version", f'"{SECRET}", "form_version": "2.0"'),
    "a member twice, spelled otherwise": consent_with("form_version", f'"{SECRET}", "form\\u005fversion": "2.0"'),
    "a lone surrogate": consent_with("form_version", f'"{SECRET}\\ud800"'),
    "a lone surrogate as a name": consent_with(f"{SECRET}\\udfff", "1"),
    "a NUL": consent_with("form_version", f'"{SECRET}\\u0000"'),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(CONSENT).encode(),
    "latin-1": json.dumps({**CONSENT, "relation": "m\xe8re"}, ensure_ascii=False).encode("latin-1"),
    "UTF-16": json.dumps(CONSENT).encode("utf-16"),
    "an encoded surrogate": consent_with("form_version", '"x"').replace(b'"x"', b'"\xed\xa0\x80"'),
    "deep": b"[" * (DEEPEST + 2) + b"]" * (DEEPEST + 2),
    "very deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}

INVALID: dict[str, bytes] = {
    "no object": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "an unknown member": consent_with(SECRET, "1"),
    "a boolean for a text": consent_with("form_version", "true"),
    "a text for a boolean": consent_with("copy_given", '"true"'),
    "a number for a boolean": consent_with("copy_given", "1"),
    "epoch seconds": consent_with("signed_at", "1770000000"),
    "epoch seconds as a text": consent_with("signed_at", '"1770000000"'),
    "a time without offset": consent_with("signed_at", '"2026-02-02T10:00:00"'),
    "a seventh digit": consent_with("signed_at", '"2026-01-02T10:00:00.1234567Z"'),
    "a day that there is not": consent_with("signed_at", '"2026-02-30T10:00:00Z"'),
    "the first instant of all": consent_with("signed_at", '"0001-01-01T00:00:00+14:00"'),
    "the last instant of all": consent_with("signed_at", '"9999-12-31T23:59:59-14:00"'),
    "a word that is not listed": consent_with("capacity", f'"{SECRET}"'),
    "a line end in a line": consent_with("form_version", f'"{SECRET}\\n"'),
    "nothing": consent_with("form_version", '""'),
    "too long a line": consent_with("form_version", json.dumps(SECRET * 40)),
    "too long a text": consent_with("reason", json.dumps("x" * 10_001)),
    "a name with a slash": consent_with("obtained_by", '"../maria"'),
    "the patient again": consent_with("patient", '"002"'),
    "a missing member": json.dumps({name: CONSENT[name] for name in list(CONSENT)[1:]}).encode(),
    "a command identifier": consent_with("command_id", '"x"'),
}


@pytest.fixture
def screened(story: Story) -> Place:
    story.clock("2026-02-02T12:00:00Z")
    story.tell("screen_patient", "coordinator")
    return story.place


def refused(place: Place, answer: Response, *statuses: int) -> dict[str, Any]:
    """It is a problem of this status, says nothing of the body, and nothing was written."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert SECRET not in answer.text
    problem: dict[str, Any] = answer.json()
    assert place.http.get(problem["type"]).status_code == 200
    return problem


def test_every_unreadable_body_is_refused(screened: Place) -> None:
    size = screened.size
    for name, body in UNREADABLE.items():
        problem = refused(screened, post(screened, body), 400)
        assert problem["type"] == "/problems/body-unreadable", name
    assert screened.size == size


def test_every_body_of_another_form_is_refused(screened: Place) -> None:
    size = screened.size
    for name, body in INVALID.items():
        problem = refused(screened, post(screened, body), 422)
        assert problem["type"] == "/problems/request-invalid", name
        assert problem["faults"], name
    assert screened.size == size


def test_a_good_body_is_taken_in_every_spelling_of_json(screened: Place) -> None:
    plain = post(screened, json.dumps(CONSENT).encode())
    spelled = "".join(f"\\u{ord(c):04x}" for c in CONSENT["relation"])
    escaped = post(screened, consent_with("relation", f'"{spelled}"'))
    assert (plain.status_code, escaped.status_code) == (201, 200)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": ""},
        {"Content-Encoding": "gzip"},
    ],
)
def test_a_body_of_another_kind_is_not_read(screened: Place, headers: dict[str, str]) -> None:
    answer = post(screened, json.dumps(CONSENT).encode(), **headers)
    assert refused(screened, answer, 415)["type"] == "/problems/unsupported-media-type"


def test_a_body_that_is_too_large_is_not_read_to_its_end(screened: Place) -> None:
    limit = screened.settings.max_body_bytes
    declared = post(screened, consent_with("reason", json.dumps("x" * limit)))
    assert refused(screened, declared, 413)["type"] == "/problems/body-too-large"

    def endless() -> Any:
        for _ in range(limit // 1024 + 2):
            yield b" " * 1024

    key = {"Idempotency-Key": "endless-0001", "Content-Type": "application/json"}
    chunked = screened.http.post(URL, content=endless(), headers={**screened.by("coordinator").bearer, **key})
    refused(screened, chunked, 413)


def test_a_path_of_another_form_names_nothing(screened: Place) -> None:
    nurse = screened.by("coordinator")
    for path in (
        "/patients/00%2F1/consents",
        "/patients/001%00/consents",
        "/patients/lower/consents",
        f"/patients/{'0' * 17}/consents",
        "/patients/001/infusions/1.0/dose",
        "/patients/001/infusions/01/dose",
        "/patients/001/infusions/+1/dose",
        "/patients/001/infusions/10/dose",
        "/patients/001/infusions/\u0661/dose",
        "/holds/99999999999999999999/lifts",
        "/patients/001/consents/",
        "/nothing",
    ):
        answer = nurse.post(path, CONSENT)
        assert answer.status_code in (403, 404), path
    assert screened.http.post("/v1/trials/..%2f..%2fetc/sites", headers=nurse.bearer).status_code in (403, 404)
    assert nurse.http.put(nurse.url("/patients/001"), headers=nurse.bearer).json()["type"] == (
        "/problems/method-not-allowed"
    )


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "null", "true", '{"a": [1, {"b": "\\ud83d\\ude00"}]}', "-0"])
def test_plain_json_is_decoded(text: str) -> None:
    assert decode(text.encode()) == json.loads(text)


def test_nesting_is_counted_and_not_brackets() -> None:
    wide = b"[" + b",".join([b"[]"] * 1000) + b"]"
    assert len(decode(wide)) == 1000
    assert decode(b"[" * DEEPEST + b"]" * DEEPEST)
    with pytest.raises(Unreadable):
        decode(b"[" * (DEEPEST + 1) + b"1" + b"]" * (DEEPEST + 1))


def test_an_unexpected_error_tells_nothing(screened: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("api.routes.reading_patients.p.patient", broken)
    answer = screened.by("coordinator").get("/patients/001", headers={"X-Request-ID": "my-own-id"})
    assert refused(screened, answer, 500)["type"] == "/problems/internal"
    assert answer.headers["x-request-id"] == "my-own-id"
    assert answer.json()["instance"] == "/requests/my-own-id"

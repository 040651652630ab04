"""What the server does with a connection before there is a request: limits, TLS, proxies, no banner."""

import re
import ssl
from pathlib import Path

import pytest

from tests.api.served import HOST, answer_to, certificate, get, serving


def headers_of(answer: bytes) -> dict[str, str]:
    head = answer.partition(b"\r\n\r\n")[0].decode()
    return {name.lower(): text for name, _, text in (line.partition(": ") for line in head.splitlines()[1:])}


def test_the_server_does_not_say_what_it_is_made_of(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        found = headers_of(answer_to(port, get("/healthz")))
    assert "server" not in found
    assert "x-powered-by" not in found


@pytest.mark.parametrize(
    "request_of_many_bytes",
    [
        get("/healthz", *(f"X-{number}: {'x' * 100}" for number in range(30))),
        get("/healthz", f"X-Long: {'x' * 3000}"),
        get("/healthz?" + "x" * 3000),
        b"GET /" + b"x" * 3000,
    ],
    ids=["many headers", "a long header", "a long query", "no end of the line"],
)
def test_a_request_that_begins_with_too_much_is_refused(tmp_path: Path, request_of_many_bytes: bytes) -> None:
    with serving(tmp_path, max_header_bytes=2048) as port:
        assert answer_to(port, request_of_many_bytes).startswith(b"HTTP/1.1 431 ")
        assert answer_to(port, get("/healthz", f"X-Long: {'x' * 1000}")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("beginning", [b"", b"GET /healthz HTTP/1.1\r\nHost:"], ids=["nothing", "half a header"])
def test_a_request_that_does_not_come_is_not_waited_for(tmp_path: Path, beginning: bytes) -> None:
    with serving(tmp_path, header_seconds=1) as port:
        assert answer_to(port, beginning).startswith(b"HTTP/1.1 408 ")


def test_a_second_request_on_the_same_connection_has_its_own_time_and_size(tmp_path: Path) -> None:
    long = get("/healthz", f"X-Long: {'x' * 1500}").replace(b"Connection: close\r\n", b"")
    with serving(tmp_path, max_header_bytes=2048, header_seconds=4) as port:
        answers = answer_to(port, long, long, b"GET /healthz")
    assert [line[9:12] for line in re.findall(rb"HTTP/1.1 \d{3}", answers)] == [b"200", b"200", b"408"]


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    from api.auth import add_account

    token = add_account(tmp_path / "accounts.jsonl", id="vera", role="medical_monitor")
    head = (
        "POST /v1/trials HTTP/1.1",
        "Host: ledger.example",
        f"Authorization: Bearer {token}",
        "Idempotency-Key: key-00000001",
        "Content-Type: application/json",
        "Content-Length: 100",
        "",
        '{"trial_id":',
    )
    with serving(tmp_path, body_seconds=1) as port:
        answer = answer_to(port, "\r\n".join(head).encode())
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"/problems/body-too-slow" in answer


def test_tls_is_spoken_with_the_certificate_that_is_given_and_browsers_are_kept_to_it(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(cert))
    with serving(tmp_path, tls_cert=cert, tls_key=key) as port:
        answer = answer_to(port, get("/healthz"), tls=trusting)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert headers_of(answer)["strict-transport-security"] == "max-age=31536000"


def test_the_key_may_be_locked_with_a_password_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, key = certificate(tmp_path, password=b"swordfish")
    (tmp_path / "password").write_text("swordfish\n")
    monkeypatch.setenv("LEDGER_TLS_KEY_PASSWORD_FILE", str(tmp_path / "password"))
    with serving(tmp_path, tls_cert=cert, tls_key=key) as port:
        assert answer_to(port, get("/healthz"), tls=ssl.create_default_context(cafile=str(cert))).startswith(
            b"HTTP/1.1 200"
        )


@pytest.mark.parametrize("cipher", ["AES256-SHA256", "ECDHE-ECDSA-AES256-SHA384"], ids=["no forward secrecy", "CBC"])
def test_an_old_cipher_is_not_spoken(tmp_path: Path, cipher: str) -> None:
    cert, key = certificate(tmp_path)
    old = ssl.create_default_context(cafile=str(cert))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    good = ssl.create_default_context(cafile=str(cert))
    good.maximum_version = ssl.TLSVersion.TLSv1_2
    old.set_ciphers(cipher)
    with serving(tmp_path, tls_cert=cert, tls_key=key) as port:
        assert answer_to(port, get("/healthz"), tls=good).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(ssl.SSLError):
            answer_to(port, get("/healthz"), tls=old)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_1_1_is_not_spoken(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    old = ssl.create_default_context(cafile=str(cert))
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with serving(tmp_path, tls_cert=cert, tls_key=key) as port, pytest.raises(ssl.SSLError):
        answer_to(port, get("/healthz"), tls=old)


@pytest.mark.parametrize(("trusted", "told"), [("", False), (HOST, True), ("10.0.0.0/8", False)])
def test_a_proxy_is_believed_where_it_is_named(tmp_path: Path, trusted: str, told: bool) -> None:
    with serving(tmp_path, trusted_proxies=trusted) as port:
        answer = answer_to(port, get("/healthz", "X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.7"))
    assert ("strict-transport-security" in headers_of(answer)) is told

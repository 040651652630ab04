"""A caller of the ledger over HTTP: a person or a system, with its token, at work on one trial."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import httpx2

SIGNATURE_MISSING: Final = "/problems/signature-missing"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ledger said: the status, the body, and of a write the key under which it may be asked again."""

    status: int
    body: dict[str, Any]
    etag: str | None = None
    key: str | None = None

    @property
    def positions(self) -> list[int]:
        """Where the events of a write stand in the log."""
        found: list[int] = self.body.get("positions", [])
        return found


class Unexpected(Exception):
    """The ledger said no where the caller relied on a yes."""

    def __init__(self, request: str, answer: Answer) -> None:
        said = answer.body.get("detail") or answer.body.get("title") or answer.body
        super().__init__(f"{request}: {answer.status} {said}")
        self.answer = answer


@dataclass(slots=True)
class Caller:
    """One caller. Every write carries a key of its own, so that it can be repeated without doing it twice. What has to
    be signed is signed with the password, and sent again under its key."""

    http: httpx2.Client
    name: str
    token: str
    trial: str
    password: str | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def get(self, path: str = "", **query: str | int) -> Answer:
        """Read below the trial, or at an absolute path; `Unexpected` where that is refused."""
        return self._expected("GET", path, self._send("GET", path, params=query))

    def head_of(self, position: int) -> str:
        """A receipt for an event, once a signed head holds it; until then nothing."""
        url = f"/v1/trials/{self.trial}/evidence/receipts/{position}"
        said = self.http.get(url, params={"wait": 5}, headers={"Authorization": f"Bearer {self.token}"})
        return said.text

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Answer:
        """Write; `Unexpected` where that is refused."""
        return self._expected("POST", path, self.ask(path, body, key=key))

    def decide(self, path: str, body: Mapping[str, Any], *, on: str) -> Answer:
        """Write what rests on what was seen: what `on` shows is read first, and named by its ETag."""
        return self._expected("POST", path, self.ask(path, body, if_match=self.get(on).etag))

    def ask(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None, if_match: str | None = None
    ) -> Answer:
        """Write, whatever the answer is."""
        key = key or f"{self.name}-{next(self._numbers):06d}"
        headers = {"Idempotency-Key": key}
        if if_match is not None:
            headers["If-Match"] = if_match
        answer = self._send("POST", path, key=key, headers=headers, json=dict(body or {}))
        if self.password is not None and answer.body.get("type") == SIGNATURE_MISSING:
            headers["Ledger-Signing"] = self._signing()
            answer = self._send("POST", path, key=key, headers=headers, json=dict(body or {}))
        return answer

    def _signing(self) -> str:
        """The token that one signed request carries, for the password."""
        answer = self._expected(
            "POST", "signings", self._send("POST", "/v1/signings", json={"password": self.password})
        )
        token: str = answer.body["token"]
        return token

    def _send(
        self, method: str, path: str, *, key: str | None = None, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> Answer:
        url = path if path.startswith("/") else f"/v1/trials/{self.trial}/{path}".rstrip("/")
        said = self.http.request(
            method, url, headers={"Authorization": f"Bearer {self.token}", **(headers or {})}, **rest
        )
        return Answer(said.status_code, said.json(), said.headers.get("etag"), key)

    def _expected(self, method: str, path: str, answer: Answer) -> Answer:
        if answer.status >= 400:
            raise Unexpected(f"{self.name}: {method} {path}", answer)
        return answer

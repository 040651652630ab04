"""A server in this process, on a directory of its own, with one account for each role."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from io import StringIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from httpx2 import ASGITransport, AsyncClient, Response
from starlette.testclient import TestClient

from api.app import create_app
from api.auth import add_account
from api.identity.credentials import change_credentials
from api.identity.passwords import Hashing
from api.logs import RequestLog
from api.settings import Settings
from ledger.types import Role

TRIAL = "NCT07256210"
SITE = "NDGOI"
SIGNATURE_MISSING = "/problems/signature-missing"
PASSWORD = "seven grey geese fly south"
HASHED = Hashing(memory_kib=8, passes=1).hash(PASSWORD)
"""Of a cost that is for tests only."""

STORY_BEGINS = datetime(2026, 1, 12, 6, 0, tzinfo=UTC)

PEOPLE: dict[Role, tuple[str, str | None]] = {
    "medical_monitor": ("vera", None),
    "principal_investigator": ("maria", SITE),
    "investigator": ("ivan", SITE),
    "coordinator": ("nina", SITE),
    "bedside_checker": ("boris", SITE),
    "safety_committee": ("olga", None),
    "drug_safety": ("dora", None),
    "cell_processing_qa": ("galina", SITE),
    "data_manager": ("denis", None),
    "monitor": ("anton", SITE),
    "statistician": ("lena", None),
    "ethics_committee": ("egor", None),
    "inspector": ("irina", None),
    "edc_system": ("edc-ndgoi", SITE),
    "administrator": ("ada", None),
}


@dataclass
class Caller:
    """A caller with a token. Every write has a key of its own, unless one is given."""

    http: TestClient
    token: str
    name: str
    trial: str = TRIAL
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, path: str) -> str:
        return path if path.startswith("/v1") else f"/v1/trials/{self.trial}{path}"

    def get(self, path: str = "", headers: Mapping[str, str] | None = None, **query: Any) -> Response:
        return self.http.get(self.url(path), params=query or None, headers={**self.bearer, **(headers or {})})

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def post(self, path: str, body: Any = None, *, key: str | None = None, **options: Any) -> Response:
        """Write; what has to be signed is signed, and sent again under the same key."""
        headers = {"Idempotency-Key": key or f"{self.name}-{next(self.numbers):08d}", **self.bearer}
        headers |= options.pop("headers", {})
        answer = self.http.post(self.url(path), json=body if body is not None else {}, headers=headers, **options)
        if answer.status_code != 403 or answer.json()["type"] != SIGNATURE_MISSING:
            return answer
        headers["Ledger-Signing"] = self.sign()
        return self.http.post(self.url(path), json=body if body is not None else {}, headers=headers, **options)

    def sign(self, **given: str) -> str:
        """The token of a signing, by the password that people of a place have."""
        answer = self.http.post("/v1/signings", json={"password": PASSWORD, **given}, headers=self.bearer)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        return token

    def decide(self, path: str, body: Any, *, on: str, **options: Any) -> Response:
        """Write what rests on what was just read."""
        return self.post(path, body, headers={"If-Match": self.get(on).headers["etag"]}, **options)


def add(settings: Settings, role: Role, name: str, site: str | None) -> str:
    """An account with a token and, for a person, with a printed name and a password; the token."""
    if role == "edc_system":
        return add_account(settings.accounts, id=name, role=role, site=site)
    change_credentials(settings.credentials, name, lambda one: one.model_copy(update={"password": HASHED}))
    printed = f"Dr {name.capitalize()}"
    return add_account(settings.accounts, id=name, role=role, site=site, printed_name=printed)


@cache
def people() -> tuple[dict[Role, str], bytes, bytes]:
    """The tokens of one account for each role, and the two files that hold the accounts: written once, with all that
    is synced for it, and copied to every place."""
    with TemporaryDirectory() as directory:
        settings = Settings(directory=Path(directory))
        tokens = {role: add(settings, role, name, site) for role, (name, site) in PEOPLE.items()}
        return tokens, settings.accounts.read_bytes(), settings.credentials.read_bytes()


def move_in(settings: Settings) -> dict[Role, str]:
    """The accounts, where the settings say; their tokens."""
    tokens, accounts, credentials = people()
    for path, content in ((settings.accounts, accounts), (settings.credentials, credentials)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
    return tokens


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document, which is the same at every place, and takes a second or two to write."""
    with TemporaryDirectory() as directory:
        return create_app(Settings(directory=Path(directory), evidence=False)).openapi()


class Place:
    """The server, its directory, and who calls it."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.directory = directory
        self.request_lines = StringIO()
        """A line a request: written a moment later from another thread, when standard error may be anybody's."""
        usual = {"story_from": STORY_BEGINS, "evidence": False, "argon2_memory_kib": 8, "argon2_passes": 1}
        self.settings = Settings(directory=directory, **{**usual, **settings})
        self.tokens = move_in(self.settings)
        self.start()

    def account(self, role: Role, name: str, site: str | None) -> str:
        return add(self.settings, role, name, site)

    def start(self) -> None:
        self.app = create_app(self.settings)
        self.app.state.service.follow(look_every_seconds=0)
        self.app.state.service.request_log = RequestLog(self.request_lines)
        self.http = TestClient(self.app, raise_server_exceptions=False)
        self.http.__enter__()
        self.callers = {role: Caller(self.http, token, PEOPLE[role][0]) for role, token in self.tokens.items()}

    def stop(self) -> None:
        self.http.__exit__(None, None, None)

    def restart(self) -> None:
        self.stop()
        self.start()

    def by(self, role: Role) -> Caller:
        return self.callers[role]

    def stranger(self, role: Role, site: str | None = "ELSEWHERE") -> Caller:
        """Somebody of the role at another site."""
        name = f"other-{role.replace('_', '-')}"
        return Caller(self.http, self.account(role, name, site), name)

    def at_once(self, requests: Sequence[Mapping[str, Any]]) -> list[Response]:
        """All of them at once: `url`, `json`, and `role` or `headers`."""

        async def send() -> list[Response]:
            transport = ASGITransport(app=self.app, raise_app_exceptions=False)
            async with AsyncClient(transport=transport, base_url="http://testserver") as http:
                return await asyncio.gather(*(http.post(**request) for request in requests))

        return asyncio.run(send())

    @property
    def size(self) -> int:
        size: int = self.by("inspector").get().json()["size"]
        return size

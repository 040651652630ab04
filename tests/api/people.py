"""People who log in: accounts whose password is their own, and whose authenticator the test holds."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from httpx2 import Response

from api.auth import Account, save_account
from api.happenings import Happening
from api.identity import totp
from api.identity.credentials import Credentials, change_credentials, read_credentials
from api.identity.passwords import Hashing
from ledger.types import Role
from tests.api.place import PASSWORD, PEOPLE, SITE, Caller, Place

CHEAP = Hashing(memory_kib=8, passes=1)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
BEGINS = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def give_password(
    place: Place, id: str, password: str = PASSWORD, secret: str | None = SECRET, **fields: object
) -> None:
    """To an account that there is: a password of its owner's own and, unless `secret` is none, a second factor."""
    known = {"password": CHEAP.hash(password), "otp_secret": secret, **fields}
    change_credentials(place.settings.credentials, id, lambda one: one.model_copy(update=known))


def add_person(place: Place, id: str, role: Role, site: str | None = SITE, **fields: Any) -> None:
    """A new account that logs in and has no token."""
    save_account(place.settings.accounts, Account(client=id, id=id, role=role, site=site))
    give_password(place, id, **fields)


@dataclass
class Ward:
    """The clock of a place's log-ins, which stands still, and what was noted there."""

    place: Place
    now: datetime = BEGINS
    noted: list[Happening] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place.app.state.service.note = self.noted.append
        self.place.app.state.service.follow(look_every_seconds=0)
        self.place.app.state.service.identity.clock = lambda: self.now

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def code(self, secret: str = SECRET) -> str:
        """What the authenticator shows now."""
        return totp.code_at(secret, self.now)

    def log_in(self, id: str, password: str = PASSWORD, otp: str | None = None, **options: Any) -> Response:
        body = {"id": id, "password": password, **({} if otp is None else {"otp": otp})}
        return self.place.http.post("/v1/sessions", json=body, **options)

    def session(self, role: Role, otp: bool = True) -> Caller:
        """Whoever has the role, logged in with the code of a step that nobody has used."""
        self.later(seconds=60)
        name = PEOPLE[role][0]
        answer = self.log_in(name, otp=self.code() if otp else None)
        assert answer.status_code == 201, answer.text
        return Caller(self.place.http, answer.json()["token"], name)

    def kept(self, id: str) -> Credentials:
        return read_credentials(self.place.settings.credentials)[id]

    def told(self) -> list[tuple[str, str | None, str | None]]:
        """Kind, who, and why, of everything that was noted."""
        return [(each.kind, each.who, each.rule) for each in self.noted]

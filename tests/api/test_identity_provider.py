"""An identity provider that others wrote, in a process of its own: its tokens are taken, its keys replaced meanwhile.

django-allauth 65 (MIT), from PyPI. It is asked as in an organisation: discovery, keys over HTTP, authorization code
flow with PKCE, JWT access tokens for a resource (RFC 8707).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.auth import Link, link_account
from ledger.application import system_clock
from tests.api.place import TRIAL, Caller, Place
from tests.api.story import ROWS
from tests.identity_provider.running import IdentityProvider, running

pytestmark = pytest.mark.slow

AUDIENCE = "https://ledger.example"
PEOPLE = {
    "m.ivanova": ("seven grey geese fly south", "NDGOI"),
    "v.petrova": ("nine brown bears walk north", None),
    "n.body": ("four blue whales swim west", "NDGOI"),
}
EVERYTHING = "openid ledger.read ledger.write ledger.sign"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    with running(tmp_path_factory.mktemp("provider"), PEOPLE) as made:
        yield made


@pytest.fixture
def place(provider: IdentityProvider, tmp_path: Path) -> Iterator[Place]:
    """A server that found the provider's keys by its discovery; maria and vera are linked to its users."""
    made = Place(tmp_path, oidc_issuer=provider.issuer, oidc_audience=AUDIENCE, oidc_token_type="JWT")
    for id, subject in (("maria", "1"), ("vera", "2")):
        link_account(made.settings.accounts, id, Link(issuer=provider.issuer, subject=subject))
    yield made
    made.stop()


def caller(place: Place, provider: IdentityProvider, name: str, scope: str = EVERYTHING) -> Caller:
    return Caller(place.http, provider.token(name, scope, AUDIENCE), name.replace(".", "-"))


def test_its_people_come_in_write_and_are_named(place: Place, provider: IdentityProvider) -> None:
    vera = caller(place, provider, "v.petrova")
    assert vera.post("/v1/trials", ROWS["register_trial"].example_body()).status_code == 201
    first = place.by("inspector").get("/events/0").json()["leaf"]["actor"]
    assert first == {"authenticated": "identity-provider", "id": "vera", "role": "medical_monitor", "site": None}
    maria = caller(place, provider, "m.ivanova", "openid ledger.read")
    assert maria.get(f"/v1/trials/{TRIAL}").status_code == 200
    assert maria.post("/patients", {}).json()["type"] == "/problems/scope-too-narrow"


def test_who_has_no_account_is_not_admitted(place: Place, provider: IdentityProvider) -> None:
    assert caller(place, provider, "n.body").get("/v1/trials").status_code == 401


def test_a_token_for_another_resource_is_refused(place: Place, provider: IdentityProvider) -> None:
    token = provider.token("m.ivanova", EVERYTHING, "https://wiki.example")
    assert Caller(place.http, token, "maria").get("/v1/trials").status_code == 401


def test_who_logged_in_there_just_now_may_sign(place: Place, provider: IdentityProvider) -> None:
    service = place.app.state.service
    maria = caller(place, provider, "m.ivanova")
    assert maria.get("/v1/trials").status_code == 200
    proof = service.provider.proof(service.provider.of(maria.token))
    assert proof.method == ("identity-provider", "pwd")
    assert 0 <= (system_clock() - proof.at).total_seconds() < 300


def test_its_keys_are_replaced_without_a_restart(place: Place, provider: IdentityProvider) -> None:
    keys, now = place.app.state.service.provider.keys, [0.0]
    keys.clock = lambda: now[0]
    before = caller(place, provider, "m.ivanova")
    assert before.get("/v1/trials").status_code == 200
    provider.rotate(keep=True)
    now[0] += 6
    assert caller(place, provider, "m.ivanova").get("/v1/trials").status_code == 200
    assert before.get("/v1/trials").status_code == 200
    provider.rotate()
    now[0] += 60
    assert caller(place, provider, "m.ivanova").get("/v1/trials").status_code == 200
    assert before.get("/v1/trials").status_code == 401

"""Tokens of an identity provider: what is taken, and every way in which one is not."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request

from api.auth import Link, LinkTaken, link_account, retire
from api.identity.keys import ProviderUnreachable, usable
from api.identity.proof import NotProved, Proof
from api.identity.tokens import Expected, asserted, key_name
from api.problems import Refused
from api.settings import Settings
from tests.api.forge import AUDIENCE, ISSUER, Forge, new_key, part, public, served, signed
from tests.api.people import BEGINS, Ward, add_person
from tests.api.place import Caller, Place
from tests.examples import examples

EXPECTED = Expected(ISSUER, AUDIENCE, "ES256", "at+jwt", "site")


def linked(directory: Path, **settings: Any) -> Place:
    """A place whose accounts `maria` and `lena` are linked to subjects of the provider."""
    place = Place(directory, oidc_issuer=ISSUER, oidc_audience=AUDIENCE, oidc_algorithm="ES256", **settings)
    for name in ("maria", "lena"):
        assert link_account(place.settings.accounts, name, Link(issuer=ISSUER, subject=f"{name}@hospital"))
    return place


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path / "keys.json")


@pytest.fixture
def ward(forge: Forge, tmp_path: Path) -> Iterator[Ward]:
    place = linked(tmp_path / "place", oidc_keys=str(forge.file))
    made = Ward(place)
    made.place.app.state.service.provider.keys.clock = lambda: made.now.timestamp()
    yield made
    place.stop()


def asks(ward: Ward, token: str, path: str = "/v1/trials") -> int:
    return Caller(ward.place.http, token, "maria").get(path).status_code


def test_a_token_of_the_provider_is_that_of_the_account(ward: Ward, forge: Forge) -> None:
    maria = Caller(ward.place.http, forge.token(BEGINS), "maria")
    said = maria.get("/v1/sessions/current").json()
    assert (said["id"], said["role"], said["site"]) == ("maria", "principal_investigator", "NDGOI")
    assert said["authenticated"] == "identity-provider"
    assert maria.get("/v1/trials").status_code == 200


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_each_family_of_algorithms_is_taken_where_it_is_set(tmp_path: Path, algorithm: str) -> None:
    forge = Forge(tmp_path / "keys.json", algorithm)
    key = usable(json.loads(forge.file.read_text()), algorithm)["first"]
    expected = Expected(ISSUER, AUDIENCE, algorithm, "at+jwt", "site")
    token = forge.token(BEGINS)
    assert key_name(token, expected) == "first"
    assert asserted(token, key.public, expected, BEGINS).subject == "maria@hospital"


def none_algorithm(forge: Forge) -> str:
    return f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': 'first'})}.{part(forge.claims(BEGINS))}."


def hmac_confused(forge: Forge) -> str:
    """Signed with the public key, which everybody has, as if it were a secret."""
    signed = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'first'})}.{part(forge.claims(BEGINS))}"
    secret = forge.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{signed}.{part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def tampered(forge: Forge) -> str:
    head, _, signature = forge.token(BEGINS).split(".")
    return f"{head}.{part(forge.claims(BEGINS, sub='lena@hospital', site=None))}.{signature}"


def with_its_own_key(forge: Forge) -> str:
    """The header brings a key along, and the signature fits it."""
    key = new_key()
    return forge.token(BEGINS, {"jwk": public(key, "first")}, key)


ATTACKS: dict[str, tuple[str, Callable[[Forge], str]]] = {
    "expired": ("token-expired", lambda forge: forge.token(BEGINS, exp=int(BEGINS.timestamp()) - 11)),
    "not before": ("token-not-yet-valid", lambda forge: forge.token(BEGINS, nbf=int(BEGINS.timestamp()) + 60)),
    "issued later": ("token-not-yet-valid", lambda forge: forge.token(BEGINS, iat=int(BEGINS.timestamp()) + 60)),
    "lives for a year": (
        "token-lives-too-long",
        lambda forge: forge.token(BEGINS, exp=int(BEGINS.timestamp()) + 31536000),
    ),
    "wrong audience": ("token-wrong-audience", lambda forge: forge.token(BEGINS, aud="https://wiki.example")),
    "wrong issuer": ("token-wrong-issuer", lambda forge: forge.token(BEGINS, iss="https://login.elsewhere.example")),
    "no expiry": ("token-incomplete", lambda forge: forge.token(BEGINS, exp=None)),
    "no algorithm": ("token-wrong-algorithm", none_algorithm),
    "confused with HMAC": ("token-wrong-algorithm", hmac_confused),
    "unknown key": ("token-unknown-key", lambda forge: forge.token(BEGINS, {"kid": "second"}, new_key())),
    "a path for a key": ("token-unknown-key", lambda forge: forge.token(BEGINS, {"kid": "../../../etc/passwd"})),
    "no key": ("token-unreadable", lambda forge: forge.token(BEGINS, {"kid": None})),
    "another's key": ("token-bad-signature", lambda forge: forge.token(BEGINS, key=new_key())),
    "its own key": ("token-bad-signature", with_its_own_key),
    "a URL for a key": ("token-bad-signature", lambda forge: forge.token(BEGINS, {"jku": ISSUER}, new_key())),
    "tampered": ("token-bad-signature", tampered),
    "an id token": ("token-wrong-type", lambda forge: forge.token(BEGINS, {"typ": "JWT"})),
    "unknown extension": ("token-unreadable", lambda forge: forge.token(BEGINS, {"crit": ["exp"]})),
    "another subject": ("token-unknown-subject", lambda forge: forge.token(BEGINS, sub="ivan@hospital")),
    "the account's id for a subject": ("token-unknown-subject", lambda forge: forge.token(BEGINS, sub="maria")),
    "another site": ("token-wrong-site", lambda forge: forge.token(BEGINS, site="ELSEWHERE")),
    "no site": ("token-wrong-site", lambda forge: forge.token(BEGINS, site=None)),
    "a site for who has none": ("token-wrong-site", lambda forge: forge.token(BEGINS, sub="lena@hospital")),
    "a number for a subject": ("token-unreadable", lambda forge: forge.token(BEGINS, sub=7)),
    "a text for a time": ("token-unreadable", lambda forge: forge.token(BEGINS, exp="tomorrow")),
    "a time that no clock shows": ("token-unreadable", lambda forge: forge.token(BEGINS, exp=10**30)),
    "too long": ("token-unreadable", lambda forge: forge.token(BEGINS, more="x" * 20_000)),
    "no token at all": ("token-unreadable", lambda _: "a.b.c"),
}


def test_every_attack_on_a_token_is_refused_and_noted(ward: Ward, forge: Forge) -> None:
    assert asks(ward, forge.token(BEGINS)) == 200
    for name, (rule, forged) in ATTACKS.items():
        ward.noted.clear()
        answer = Caller(ward.place.http, forged(forge), "maria").get("/v1/trials")
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated"), name
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert "detail" not in answer.json()
        assert [(each.kind, each.rule) for each in ward.noted] == [("request-refused", rule)], name
    assert asks(ward, forge.token(BEGINS)) == 200


def test_a_token_is_refused_when_it_is_over_though_it_was_verified(ward: Ward, forge: Forge) -> None:
    token = forge.token(BEGINS)
    assert asks(ward, token) == 200
    ward.later(seconds=609)
    assert asks(ward, token) == 200
    ward.later(seconds=1)
    assert asks(ward, token) == 401
    assert ward.noted[-1].rule == "token-expired"


def test_keys_are_replaced_without_a_restart(ward: Ward, forge: Forge) -> None:
    old = forge.token(BEGINS)
    assert asks(ward, old) == 200
    second = new_key()
    forge.publish({"second": second})
    ward.later(seconds=6)
    assert asks(ward, forge.token(BEGINS, {"kid": "second"}, second)) == 200
    assert asks(ward, old) == 401
    assert ward.noted[-1].rule == "token-unknown-key"


def test_a_key_that_was_withdrawn_is_refused_within_a_minute(ward: Ward, forge: Forge) -> None:
    token = forge.token(BEGINS)
    assert asks(ward, token) == 200
    forge.publish({})
    ward.later(seconds=59)
    assert asks(ward, token) == 200
    ward.later(seconds=1)
    assert asks(ward, token) == 401


def test_another_key_of_the_same_name_is_another_key(ward: Ward, forge: Forge) -> None:
    token = forge.token(BEGINS)
    assert asks(ward, token) == 200
    forge.publish({"first": new_key()})
    ward.later(seconds=60)
    assert asks(ward, token) == 401


def test_who_sends_unknown_keys_makes_no_storm_of_requests(tmp_path: Path, forge: Forge) -> None:
    with served(forge) as (url, asked):
        place = linked(tmp_path / "asking", oidc_keys=url)
        ward = Ward(place)
        for number in range(20):
            assert asks(ward, forge.token(BEGINS, {"kid": f"made-up-{number}"})) == 401
        assert asked == ["/keys"]
        assert asks(ward, forge.token(BEGINS)) == 200
        place.stop()


def test_a_provider_that_cannot_be_asked_admits_nobody(ward: Ward, forge: Forge) -> None:
    token = forge.token(BEGINS)
    assert asks(ward, token) == 200
    forge.file.unlink()
    ward.later(seconds=60)
    answer = Caller(ward.place.http, token, "maria").get("/v1/trials")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/provider-unreachable")
    assert answer.json()["rule_id"] == ProviderUnreachable.rule
    assert ward.place.by("inspector").get("/v1/trials").status_code == 200
    forge.publish({"first": forge.key})
    ward.later(seconds=6)
    assert asks(ward, token) == 200


def test_scopes_take_away_from_the_role_and_add_nothing(ward: Ward, forge: Forge) -> None:
    reads = Caller(ward.place.http, forge.token(BEGINS, scope="openid ledger.read"), "maria")
    assert reads.get("/v1/trials").status_code == 200
    answer = reads.post("/patients", {})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/scope-too-narrow")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    last = ward.noted[-1]
    assert (last.kind, last.who, last.problem) == ("request-refused", "maria", "scope-too-narrow")
    assert last.about == "screen_patient"
    nothing = Caller(ward.place.http, forge.token(BEGINS, scope="openid"), "maria")
    assert nothing.get("/v1/trials").status_code == 403
    lena = Caller(ward.place.http, forge.token(BEGINS, sub="lena@hospital", site=None), "lena")
    assert lena.post("/patients", {}).json()["type"] == "/problems/forbidden"


def test_who_may_write_by_scope_signs_nothing(ward: Ward, forge: Forge) -> None:
    writes = Caller(ward.place.http, forge.token(BEGINS, scope="ledger.write"), "maria")
    signs = Caller(ward.place.http, forge.token(BEGINS, scope="ledger.sign"), "maria")
    path = "/patients/001/eligibility"
    assert writes.post(path, {}).json()["type"] == "/problems/scope-too-narrow"
    assert signs.post(path, {}).status_code == 404


def test_the_account_decides_while_the_token_lasts(ward: Ward, forge: Forge) -> None:
    token = forge.token(BEGINS)
    assert asks(ward, token) == 200
    retire(ward.place.settings.accounts, "maria", date(2026, 3, 2))
    assert asks(ward, token) == 401


def test_a_subject_is_linked_to_one_account(ward: Ward) -> None:
    add_person(ward.place, "nova", "investigator")
    with pytest.raises(LinkTaken):
        link_account(ward.place.settings.accounts, "nova", Link(issuer=ISSUER, subject="maria@hospital"))
    assert not link_account(ward.place.settings.accounts, "nobody", Link(issuer=ISSUER, subject="x"))


def test_without_a_provider_no_such_token_is_taken(place: Place, tmp_path: Path) -> None:
    token = Forge(tmp_path / "keys.json").token(BEGINS)
    assert Caller(place.http, token, "maria").get("/v1/trials").status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_audience": None},
        {"oidc_keys": "http://login.hospital.example/keys"},
        {"oidc_issuer": "http://login.hospital.example"},
        {"oidc_algorithm": "HS256"},
        {"oidc_algorithm": "none"},
    ],
)
def test_a_provider_is_set_up_whole_and_asymmetric(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**{"directory": tmp_path, "oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"alg": "RS256"},
        {"use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"crv": "P-384"},
        {"kid": None},
        {"x": "not base64!"},
        {"x": part(b"1" * 32)},
    ],
)
def test_a_key_that_does_not_fit_is_passed_over(wrong: dict[str, Any]) -> None:
    good, key = new_key(), public(new_key(), "other")
    assert set(usable({"keys": [public(good, "good"), {**key, **wrong}, "nonsense"]}, "ES256")) == {"good"}


def test_a_short_key_is_passed_over() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - refused, which is shown
    assert dict(usable({"keys": [public(short, "short", "RS256")]}, "RS256")) == {}


# Signing.


def proof(ward: Ward, token: str) -> Proof:
    service = ward.place.app.state.service
    scope = {"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())], "client": ("testclient", 1)}
    found: Proof = asyncio.run(service.prove(Request(scope), None, None))
    return found


def test_who_was_seen_by_the_provider_a_short_while_ago_signs(ward: Ward, forge: Forge) -> None:
    token = forge.token(BEGINS)
    assert asks(ward, token) == 200
    ward.later(seconds=300)
    found = proof(ward, token)
    assert found == Proof(("identity-provider", "pwd", "otp"), BEGINS)


@pytest.mark.parametrize(("said", "seconds"), [({}, 301), ({"auth_time": None}, 0), ({"auth_time": 4_000_000_000}, 0)])
def test_who_was_not_seen_lately_is_sent_to_the_provider(
    ward: Ward, forge: Forge, said: dict[str, Any], seconds: int
) -> None:
    token = forge.token(BEGINS, **said)
    assert asks(ward, token) == 200
    ward.later(seconds=seconds)
    with pytest.raises(Refused) as refused:
        proof(ward, token)
    assert refused.value.problem.name == "fresh-authentication-needed"
    assert 'max_age="300"' in refused.value.headers["WWW-Authenticate"]
    assert (ward.noted[-1].kind, ward.noted[-1].rule) == ("signing-failed", "fresh-authentication-needed")


def test_where_a_context_is_asked_for_a_token_without_it_signs_nothing(tmp_path: Path, forge: Forge) -> None:
    place = linked(tmp_path / "strict", oidc_keys=str(forge.file), oidc_signing_acr="two-factors")
    ward = Ward(place)
    weak, strong = forge.token(BEGINS, acr="one-factor"), forge.token(BEGINS, acr="two-factors")
    assert asks(ward, weak) == asks(ward, strong) == 200
    assert proof(ward, strong).at == BEGINS
    with pytest.raises(Refused):
        proof(ward, weak)
    place.stop()


# Any token.

_SIGNING = new_key()
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=examples(300), deadline=None)
@given(st.text(max_size=200) | st.lists(st.binary(max_size=40).map(part), min_size=3, max_size=3).map(".".join))
def test_any_text_for_a_token_is_refused(text: str) -> None:
    with pytest.raises(NotProved):
        key_name(text, EXPECTED)


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk", "x"]), _JSON), _JSON)
def test_any_header_gives_a_name_or_is_refused(header: dict[str, Any], claims: Any) -> None:
    try:
        name = key_name(f"{part(header)}.{part(claims)}.{part(b'signature')}", EXPECTED)
    except NotProved:
        return
    assert (header["alg"], header["kid"]) == ("ES256", name)


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(["exp", "iat", "nbf", "aud", "sub", "scope", "scp", "amr", "acr", "site", "auth_time"]), _JSON
    )
)
def test_whatever_a_provider_signs_is_read_or_refused(forged: dict[str, Any]) -> None:
    """The signature is right; what it covers is anything."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "m", "iat": 1772438400, "exp": 1772439000, **forged}
    token = signed({"alg": "ES256", "typ": "at+jwt", "kid": "first"}, claims, _SIGNING)
    key = usable({"keys": [public(_SIGNING, "first")]}, "ES256")["first"].public
    try:
        said = asserted(token, key, EXPECTED, BEGINS)
    except NotProved:
        return
    assert said.expires_at > BEGINS

"""What a token of the identity provider has to be: RFC 9068 read with RFC 8725.

One algorithm, which the settings name and the token cannot choose; the key by its name among the pinned ones, never
by anything else in the header; issuer, audience, expiry, not-before, time of issue; the type, so that no other kind of
token passes; and no extension that is not understood. Every fault has a name, for the log; the caller hears only that
the token is not taken.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from api.identity.proof import NotProved

LONGEST_TOKEN: Final = 16 * 1024
LONGEST_LIFE: Final = timedelta(hours=24)
LEEWAY: Final = timedelta(seconds=10)
SCOPES: Final = frozenset({"ledger.read", "ledger.write", "ledger.sign"})
_CONFUSED: Final = (
    (jwt.ExpiredSignatureError, "token-expired"),
    (jwt.ImmatureSignatureError, "token-not-yet-valid"),
    (jwt.InvalidAudienceError, "token-wrong-audience"),
    (jwt.InvalidIssuerError, "token-wrong-issuer"),
    (jwt.InvalidSignatureError, "token-bad-signature"),
    (jwt.InvalidAlgorithmError, "token-wrong-algorithm"),
    (jwt.MissingRequiredClaimError, "token-incomplete"),
)


@dataclass(frozen=True, slots=True)
class Asserted:
    """What a provider says in a token whose signature holds. `site` is what its site claim says, if anything."""

    subject: str
    scopes: frozenset[str]
    site: str | None
    expires_at: datetime
    authenticated_at: datetime | None
    methods: tuple[str, ...]
    context: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the settings ask of a token."""

    issuer: str
    audience: str
    algorithm: str
    type: str
    site_claim: str


def key_name(token: str, expected: Expected) -> str:
    """The name of the key that a token says it is signed with; `NotProved` for a header that is not as it has to be."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise NotProved("token-unreadable")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise NotProved("token-unreadable") from None
    if header.get("alg") != expected.algorithm:
        raise NotProved("token-wrong-algorithm")
    if str(header.get("typ", "")).lower().removeprefix("application/") != expected.type.lower():
        raise NotProved("token-wrong-type")
    if "crit" in header or not isinstance(header.get("kid"), str):
        raise NotProved("token-unreadable")
    return str(header["kid"])


def asserted(token: str, key: jwt.PyJWK, expected: Expected, now: datetime) -> Asserted:
    """What a token says, once its signature, its times, its issuer and its audience hold; else `NotProved`."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[expected.algorithm],
            audience=expected.audience,
            issuer=expected.issuer,
            options={
                "require": ["exp", "iat", "iss", "aud", "sub"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.PyJWTError as fault:
        raise NotProved(_named(fault)) from None
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise NotProved("token-unreadable") from None
    expires_at = _in_time(claims, now)
    return Asserted(
        subject=_text(claims["sub"]),
        scopes=_scopes(claims),
        site=_site(claims, expected.site_claim),
        expires_at=expires_at,
        authenticated_at=_instant(claims, "auth_time") if "auth_time" in claims else None,
        methods=_methods(claims.get("amr", ())),
        context=claims["acr"] if isinstance(claims.get("acr"), str) else None,
    )


def _named(fault: jwt.PyJWTError) -> str:
    return next((name for kind, name in _CONFUSED if isinstance(fault, kind)), "token-unreadable")


def _in_time(claims: dict[str, Any], now: datetime) -> datetime:
    """Until when a token holds: it has begun, is not over, and does not live longer than a day."""
    issued_at, expires_at = _instant(claims, "iat"), _instant(claims, "exp")
    begins_at = _instant(claims, "nbf") if "nbf" in claims else issued_at
    if now >= expires_at + LEEWAY:
        raise NotProved("token-expired")
    if max(issued_at, begins_at) > now + LEEWAY:
        raise NotProved("token-not-yet-valid")
    if expires_at - issued_at > LONGEST_LIFE:
        raise NotProved("token-lives-too-long")
    return expires_at + LEEWAY


def _instant(claims: dict[str, Any], name: str) -> datetime:
    seconds = claims[name]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise NotProved("token-unreadable")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise NotProved("token-unreadable") from None


def _text(claim: Any) -> str:
    if not isinstance(claim, str) or not claim:
        raise NotProved("token-unreadable")
    return claim


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    """Of `scope`, words between blanks, or `scp`, words or a list of them, those that are ours."""
    said = claims.get("scope", claims.get("scp", ""))
    words = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
    return SCOPES & {word for word in words if isinstance(word, str)}


def _site(claims: dict[str, Any], name: str) -> str | None:
    said = claims.get(name) if name else None
    if said is not None and not isinstance(said, str):
        raise NotProved("token-unreadable")
    return said


def _methods(said: Any) -> tuple[str, ...]:
    return tuple(each for each in said if isinstance(each, str)) if isinstance(said, list) else ()

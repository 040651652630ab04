"""The public keys of an identity provider: from a pinned URL, by discovery, or from a file.

They are fetched anew after a minute, and at once for a key that nobody knows yet, five seconds apart at least. So a
new key is known without a restart, and one that was withdrawn is refused within a minute. Where they cannot be had,
nobody is admitted.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, Final, NamedTuple

import httpx2
import jwt
import orjson

from api.identity.places import is_safe, is_url
from ledger.errors import Unavailable

FRESH_SECONDS: Final = 60
AT_LEAST_APART_SECONDS: Final = 5
PATIENCE_SECONDS: Final = 5
MOST_BYTES: Final = 256 * 1024
SHORTEST_RSA_BITS: Final = 2048
KINDS: Final = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
"""The kind of key of each family of algorithms. All are asymmetric; there is no other."""

DISCOVERY: Final = "/.well-known/openid-configuration"


class Key(NamedTuple):
    """A public key, and what was said of it."""

    said: Mapping[str, Any]
    public: jwt.PyJWK


Keys = Mapping[str, Key]


class ProviderUnreachable(Unavailable):
    """The keys of the identity provider cannot be had, so that none of its tokens is taken."""

    rule = "provider-unreachable"


class KeyRing:
    """The provider's keys of one family, by their `kid`."""

    def __init__(self, issuer: str, place: str | None, algorithm: str, clock: Callable[[], float] = monotonic) -> None:
        self._issuer = issuer
        self._place = place
        self._algorithm = algorithm
        self.clock = clock
        self._one_at_a_time = Lock()
        self._keys: Keys = {}
        self._fetched_at: float | None = None
        self._asked_at: float | None = None

    def known(self, kid: str) -> Key | None:
        return self._keys.get(kid)

    def is_fresh(self) -> bool:
        return self._fetched_at is not None and self.clock() - self._fetched_at < FRESH_SECONDS

    def may_ask_again(self) -> bool:
        return self._asked_at is None or self.clock() - self._asked_at >= AT_LEAST_APART_SECONDS

    def refresh(self, kid: str | None = None) -> None:
        """Fetch the keys, unless somebody else just did; `ProviderUnreachable` where they cannot be had."""
        with self._one_at_a_time:
            if self.is_fresh() and (kid is None or kid in self._keys or not self.may_ask_again()):
                return
            if not self.may_ask_again():
                raise ProviderUnreachable(self._issuer)
            self._asked_at = self.clock()
            try:
                fetched = usable(self._fetch(), self._algorithm)
            except (OSError, ValueError, httpx2.HTTPError) as fault:
                raise ProviderUnreachable(self._issuer) from fault
            same = {kid: key for kid, key in self._keys.items() if kid in fetched and fetched[kid].said == key.said}
            self._keys = {**fetched, **same}
            self._fetched_at = self.clock()

    def _fetch(self) -> Any:
        if self._place is None:
            document = _read(self._issuer.rstrip("/") + DISCOVERY)
            if not isinstance(document, dict) or document.get("issuer") != self._issuer:
                raise ValueError("the document of discovery is another issuer's")
            return _read(str(document.get("jwks_uri")))
        if is_url(self._place):
            return _read(self._place)
        return orjson.loads(Path(self._place).read_bytes())


def _read(url: str) -> Any:
    if not is_safe(url):
        raise ValueError("keys come over TLS")
    answer = httpx2.get(url, timeout=PATIENCE_SECONDS, follow_redirects=False)
    answer.raise_for_status()
    if answer.status_code != 200 or len(answer.content) > MOST_BYTES:
        raise ValueError("not a document of keys")
    return orjson.loads(answer.content)


def usable(document: Any, algorithm: str) -> Keys:
    """Of a set of keys (RFC 7517) those that sign with the algorithm and have a name; others are passed over."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("not a document of keys")
    found: dict[str, Key] = {}
    for each in listed:
        key = _usable(each, algorithm) if isinstance(each, dict) else None
        if key is not None:
            found[each["kid"]] = key
    return found


def _usable(each: dict[str, Any], algorithm: str) -> Key | None:
    kind, curve = KINDS[algorithm]
    fits = each.get("kty") == kind and each.get("crv") == curve and isinstance(each.get("kid"), str)
    if not fits or each.get("use", "sig") != "sig" or each.get("alg", algorithm) != algorithm:
        return None
    public = {name: member for name, member in each.items() if name not in ("d", "p", "q", "dp", "dq", "qi")}
    try:
        key = jwt.PyJWK(public, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return Key(public, key) if kind != "RSA" or key.key.key_size >= SHORTEST_RSA_BITS else None

"""Tokens as an identity provider would sign them, and as nobody should."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER = "https://login.hospital.example"
AUDIENCE = "https://ledger.example"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def new_key(algorithm: str = "ES256") -> PrivateKey:
    match algorithm:
        case "RS256":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return ec.generate_private_key(ec.SECP256R1())


def public(key: PrivateKey, kid: str, algorithm: str = "ES256") -> dict[str, Any]:
    """A public key as a provider publishes it."""
    said = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key()))
    return {**said, "kid": kid, "use": "sig", "alg": algorithm}


@dataclass
class Forge:
    """A provider's desk: a key, the file where its public half is published, and what it says of maria."""

    file: Path
    algorithm: str = "ES256"
    key: PrivateKey = field(init=False)
    kid: str = "first"

    def __post_init__(self) -> None:
        self.key = new_key(self.algorithm)
        self.publish({self.kid: self.key})

    def publish(self, keys: Mapping[str, PrivateKey]) -> None:
        published = [public(key, kid, self.algorithm) for kid, key in keys.items()]
        self.file.write_text(json.dumps({"keys": published}))

    def claims(self, at: datetime, **changes: Any) -> dict[str, Any]:
        said = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "maria@hospital",
            "client_id": "ledger-page",
            "iat": int(at.timestamp()),
            "exp": int(at.timestamp()) + 600,
            "auth_time": int(at.timestamp()),
            "amr": ["pwd", "otp"],
            "scope": "openid ledger.read ledger.write ledger.sign",
            "site": "NDGOI",
            **changes,
        }
        return {name: value for name, value in said.items() if value is not None}

    def token(self, at: datetime, headers: Mapping[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
        """A token that is right, but for what is changed."""
        header = {"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid, **(headers or {})}
        return signed(header, self.claims(at, **changes), key or self.key)


@contextmanager
def served(forge: Forge) -> Iterator[tuple[str, list[str]]]:
    """The forge's keys over HTTP: their URL, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(forge.file.read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/keys", asked
        server.shutdown()
        thread.join()


def signed(header: Mapping[str, Any], claims: Any, key: Any) -> str:
    """Any header and any claims, with a signature that fits."""
    said = {name: member for name, member in header.items() if member is not None}
    raw = f"{part(said)}.{part(claims)}"
    return f"{raw}.{part(jwt.get_algorithm_by_name(header['alg']).sign(raw.encode(), key))}"


def part(content: Any) -> str:
    """A part of a token, as it is written."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

"""The provider as a test has it: started, logged in to as a browser does, its keys replaced, stopped."""

import base64
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

CLIENT, SECRET = "ledger-page", "of the page"
CALLBACK = "http://127.0.0.1/callback"
ROOT = Path(__file__).parents[2]


@dataclass
class IdentityProvider:
    """A running provider. Its users are `people`: a password and a site each."""

    issuer: str
    directory: Path
    people: Mapping[str, tuple[str, str | None]]

    def token(self, name: str, scope: str, audience: str) -> str:
        """An access token for somebody, by the authorization code flow with PKCE."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        with httpx2.Client(base_url=self.issuer, follow_redirects=False, timeout=60) as browser:
            self._log_in(browser, name)
            asked = {
                "response_type": "code",
                "client_id": CLIENT,
                "redirect_uri": CALLBACK,
                "scope": scope,
                "state": secrets.token_hex(8),
                "resource": audience,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
            answer = browser.get("/identity/o/authorize", params=asked)
            code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
            grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
            form = {**grant, "code_verifier": verifier}
            given = browser.post("/identity/o/api/token", data=form, auth=(CLIENT, SECRET))
        token: str = given.raise_for_status().json()["access_token"]
        return token

    def _log_in(self, browser: httpx2.Client, name: str) -> None:
        page = browser.get("/accounts/login/")
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert found is not None
        form = {"csrfmiddlewaretoken": found[1], "login": name, "password": self.people[name][0]}
        assert browser.post("/accounts/login/", data=form).status_code == 302

    def rotate(self, keep: bool = False) -> None:
        """A new key signs from now on; the one before is published no longer, unless it is kept."""
        before = sorted(self.directory.glob("key-*.pem"))
        new_key(self.directory, len(before))
        for file in before if not keep else ():
            file.rename(file.with_suffix(".old"))


def new_key(directory: Path, number: int) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / f"key-{number:03d}-{secrets.token_hex(2)}.pem").write_bytes(pem)


@contextmanager
def running(directory: Path, people: Mapping[str, tuple[str, str | None]]) -> Iterator[IdentityProvider]:
    """The provider in a process of its own, until the block ends."""
    new_key(directory, 0)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.identity_provider"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "IDP_DIRECTORY": str(directory)},
        cwd=ROOT,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        json.dump({"people": people, "client": CLIENT, "secret": SECRET}, process.stdin)
        process.stdin.close()
        port = int(process.stdout.readline())
        yield IdentityProvider(f"http://127.0.0.1:{port}", directory, people)
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()

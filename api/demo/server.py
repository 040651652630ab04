"""The server that the demo plays on: the real one, in a process of its own, on a fresh directory and a free port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx2

from api.auth import add_account
from api.demo.people import PASSWORD, Player
from api.identity.credentials import change_credentials
from api.identity.passwords import Hashing

PATIENCE_SECONDS: Final = 60.0
HOST: Final = "127.0.0.1"
CHEAP_KIB: Final = 8192


class NoServer(Exception):
    """The server did not come up; the message ends with its last words."""


def free_port(wanted: int = 0) -> int:
    """The port that is wanted, or any, if nobody listens on it at this moment; `NoServer` otherwise."""
    with socket.socket() as probe:
        try:
            probe.bind((HOST, wanted))
        except OSError as fault:
            raise NoServer(f"port {wanted}: {fault.strerror}") from None
        port: int = probe.getsockname()[1]
        return port


def tokens_for(players: Sequence[Player], accounts: Path) -> Mapping[str, str]:
    """An account for each player, and its token; who has a printed name signs with the password of the story."""
    credentials, own = accounts.with_name("credentials.jsonl"), {"password": Hashing(CHEAP_KIB, 1).hash(PASSWORD)}
    for player in players:
        if player.printed_name is not None:
            change_credentials(credentials, player.name, lambda one: one.model_copy(update=own))
    return {
        player.name: add_account(
            accounts, id=player.name, role=player.role, site=player.site, printed_name=player.printed_name
        )
        for player in players
    }


def own_environment() -> dict[str, str]:
    """The environment without settings of an installation: the demo has its own. Passwords that everybody knows need
    no dear hashes."""
    known = {name: value for name, value in os.environ.items() if not name.upper().startswith("LEDGER_")}
    return {**known, "LEDGER_ARGON2_MEMORY_KIB": str(CHEAP_KIB), "LEDGER_ARGON2_PASSES": "1"}


def command(*arguments: str) -> list[str]:
    """`trial-ledger ...`, run by this very Python."""
    return [sys.executable, "-m", "api.cli", *arguments]


@contextmanager
def running(directory: Path, port: int, story_from: datetime) -> Iterator[str]:
    """A server with a story clock, until the block ends; its URL. What it logs stands in `server.log`."""
    port = free_port(port)
    log = directory / "server.log"
    options = ["--directory", str(directory), "--port", str(port), "--story-from", story_from.isoformat()]
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program, with arguments of our own
            command("serve", *options), stdout=out, stderr=subprocess.STDOUT, env=own_environment()
        )
    try:
        url = f"http://{HOST}:{port}"
        _await(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def _await(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx2.get(f"{url}/healthz").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    last_words = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
    raise NoServer(f"the server did not come up on {url}\n{last_words}")

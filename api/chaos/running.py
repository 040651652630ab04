"""The writer's process, run to its end under a disk; and what it noted."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

from api.chaos.power import Note
from api.chaos.subject import ACKNOWLEDGED, FAILED
from api.demo.server import own_environment

PATIENCE_SECONDS: Final = 120


def run_subject(directory: Path, count: int, environment: Mapping[str, str], *url: str) -> None:
    """Have so many reports written; the process ends by itself, or is killed when it takes too long."""
    command = [sys.executable, "-m", "api.chaos.subject", str(directory), str(count), *url]
    subprocess.run(
        command,
        env={**own_environment(), **environment},
        timeout=PATIENCE_SECONDS,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def acknowledged_in(notebook: bytes) -> dict[str, int]:
    """Each key with the position that it was answered with; a line that is not whole was not noted."""
    lines = notebook.decode().split("\n")[:-1]
    return {key: int(position) for key, position in (line.split(" ") for line in lines)}


def until_a_moment(done: Sequence[Note], notebook: str, chance: Random) -> tuple[Sequence[Note], dict[str, int]]:
    """What was done to a disk up to a moment, anywhere from the first acknowledgement to the end; and what was
    acknowledged by then, which the callers know wherever the disk ends."""
    first = next((at for at, note in enumerate(done) if note.path == notebook), None)
    assert first is not None, "nothing was acknowledged"
    until = done[: chance.randrange(first, len(done)) + 1]
    return until, acknowledged_in(b"".join(note.content for note in until if note.path == notebook))


def acknowledged(directory: Path) -> dict[str, int]:
    return acknowledged_in(_read(directory / ACKNOWLEDGED))


def failed(directory: Path) -> dict[str, str]:
    """Each key that was answered with an error, and its name."""
    lines = _read(directory / FAILED).decode().split("\n")[:-1]
    return dict(line.split(" ", 1) for line in lines)


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""

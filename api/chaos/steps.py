"""Commands of `trial-ledger`, each run in a process of its own that may be killed before its n-th step (`disk.c`).

    python -m api.chaos.steps

For each line that it reads, a JSON array of a step and the command's arguments, it answers one: the exit code, and how
many steps were taken; or two times nothing, where the command was killed. Step 0 kills nothing. Each command is run by
a fork of this process, which has imported everything before, so that a kill costs little.
"""

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.chaos.disk import disk
from api.cli import run
from api.demo.server import own_environment
from ledger.store.postgres import database, migration


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: with an exit code and after so many steps, or killed."""

    code: int | None
    steps: int | None

    @property
    def killed(self) -> bool:
        return self.code is None


class Stepping:
    """The process that runs the commands."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, *arguments: str, kill_before: int = 0) -> Done:
        """Run a command, to its end or up to a step; the first is 1."""
        asked, answered = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answered is not None
        asked.write(json.dumps([kill_before, *arguments]) + "\n")
        asked.flush()
        return Done(*json.loads(answered.readline()))


@contextmanager
def stepping(under: Path) -> Iterator[Stepping]:
    """Run commands whose changes to files under a directory, and whose messages, are steps."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.chaos.steps"],
        env={**own_environment(), **disk(under)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Stepping(process)
        assert process.stdin is not None
        process.stdin.close()


IMPORTED: Final = (database, migration)
"""What commands import when they need it."""


def main() -> None:
    for line in sys.stdin:
        step, *arguments = json.loads(line)
        print(json.dumps(_forked(step, arguments)), flush=True)


def _forked(step: int, arguments: list[str]) -> list[int | None]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.environ["DISK_KILL"] = str(step)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        code = run(arguments)
        os.write(writing, json.dumps([code, ctypes.CDLL(None).disk_steps()]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    found: list[int | None] = json.loads(said) if said else [None, None]
    return found


if __name__ == "__main__":
    main()

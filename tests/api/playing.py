"""The demo, played in a process of its own as a newcomer runs it, and the requests that pages and demo show."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest


@dataclass(frozen=True)
class Curl:
    """A request as a page shows it."""

    line: str
    page: str

    def __str__(self) -> str:
        return f"{self.page}: {self.line[:60]}"

    def send(self, variables: Mapping[str, str]) -> int:
        """Send it, with `$NAME` replaced; the status."""
        return self.answer(variables).status_code

    def answer(self, variables: Mapping[str, str]) -> httpx2.Response:
        """What is answered."""
        words = shlex.split(re.sub(r"\$([A-Z]+)", lambda found: variables[found[1]], self.line.partition(" | ")[0]))
        at = {flag: [words[place + 1] for place, word in enumerate(words) if word == flag] for flag in ("-H", "-d")}
        url = next(word for word in words if word.startswith("http://"))
        headers = dict(each.split(": ", 1) for each in at["-H"])
        method = "POST" if at["-d"] else "GET"
        return httpx2.request(method, url, headers=headers, content="".join(at["-d"]) or None, timeout=60)


ASSIGNED: Final = re.compile(r"([A-Z]+)=\$\((.+) \| jq -r (\S+)\)")
"""`NAME=$(a command | jq -r .member)`, as a shell reads it."""


def walk(lines: Iterable[str], variables: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Carry out lines of a page, one after another: requests and commands of ours, and what is kept of an answer by
    name. Each line with its answer; a request that is refused, or a command that fails, ends the walk."""
    known = dict(variables)
    for line in lines:
        assigned = ASSIGNED.fullmatch(line)
        said = _said(assigned[2] if assigned else line.partition(" | ")[0], known)
        if assigned:
            known[assigned[1]] = str(_member(said, assigned[3]))
        yield line, said


def _said(line: str, known: Mapping[str, str]) -> Any:
    """What a line is answered with: nothing, or JSON."""
    if line.startswith("curl "):
        answer = Curl(line, "README.md").answer(known)
        assert answer.status_code < 300, (line, answer.text)
        return answer.json() if answer.content else None
    words = shlex.split(line)
    assert words[0] == "trial-ledger", line
    command = [sys.executable, "-m", "api.cli", *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **known}, check=True)
    return json.loads(done.stdout)


def _member(said: Any, path: str) -> Any:
    """What `jq -r` gives for a path such as `.items[0].number`."""
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        said = said[name] if name else said[int(index)]
    return said


@dataclass(frozen=True)
class Played:
    """The demo after its story, with the server still running: where it is, what it printed, the variables it gave."""

    directory: Path
    text: str
    variables: Mapping[str, str]

    def suggested(self) -> list[Curl]:
        """The requests that it says to try."""
        return [Curl(line, "demo") for line in self.text.splitlines() if line.startswith("curl ")]


@contextmanager
def playing(directory: Path, *options: str) -> Iterator[Played]:
    """The demo as a newcomer runs it, but for the terminal; ended by a signal."""
    command = [sys.executable, "-m", "api.cli", "demo", "--directory", str(directory), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
        assert demo.stdout is not None
        lines = []
        for line in demo.stdout:
            lines.append(line)
            if "Ctrl-C ends the server" in line:
                break
        variables = directory / "environment"
        assert variables.exists(), "".join(lines)
        given = dict(exports_of(variables))
        yield Played(directory, "".join(lines), given)
        demo.terminate()
        assert demo.wait(60) == 143
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(given["TRIAL"])


def exports_of(variables: Path) -> Iterator[tuple[str, str]]:
    """The lines `export NAME=value` of a file."""
    for line in variables.read_text(encoding="utf-8").splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        yield name, value.strip("'")

"""The demo, played in a process of its own as a newcomer runs it, and the requests that pages and demo show."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
        words = shlex.split(re.sub(r"\$([A-Z]+)", lambda found: variables[found[1]], self.line.partition(" | ")[0]))
        at = {flag: [words[place + 1] for place, word in enumerate(words) if word == flag] for flag in ("-H", "-d")}
        url = next(word for word in words if word.startswith("http://"))
        headers = dict(each.split(": ", 1) for each in at["-H"])
        answer = httpx2.request("POST" if at["-d"] else "GET", url, headers=headers, content="".join(at["-d"]) or None)
        return answer.status_code


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
        assert demo.wait(20) == 143
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(given["TRIAL"])


def exports_of(variables: Path) -> Iterator[tuple[str, str]]:
    """The lines `export NAME=value` of a file."""
    for line in variables.read_text(encoding="utf-8").splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        yield name, value.strip("'")

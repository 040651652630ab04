"""The real server in a process of its own, which can be killed, paused and given another disk or clock."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

import httpx2

from api.demo.server import HOST, command, free_port, own_environment

PATIENCE_SECONDS: Final = 30.0


@dataclass
class Server:
    """A server on a directory, on a port that stays its own."""

    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self, patience_seconds: float = PATIENCE_SECONDS) -> float:
        """Start it, and wait until it answers; how many seconds that took."""
        options = ["--directory", str(self.directory), "--port", str(self.port)]
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command("serve", *options),
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**own_environment(), **self.environment},
            )
        step, waited = 0.02, 0.0
        while not self.answers():
            if self.process.poll() is not None or waited > patience_seconds:
                raise RuntimeError(f"the server did not start; {self.directory / 'server.log'} tells why")
            Event().wait(step)
            waited += step
        return waited

    def answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/healthz", timeout=1).status_code == 200
        except httpx2.TransportError:
            return False

    def signalled(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)

"""Telling somebody at once: a warning in the log, and a command of the installation's own.

`LEDGER_ALERT_COMMAND` is split as a shell would split it and run without one; it reads one line of JSON from its
standard input. It may send a mail or page somebody; how is no matter of the ledger.
"""

import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import orjson
import structlog

PATIENCE_SECONDS: Final = 30
_log = structlog.get_logger("alert")


class Alerts:
    """What somebody has to be told. The command runs beside the server, one at a time; that it fails is logged."""

    def __init__(self, command: str | None) -> None:
        self._command = shlex.split(command or "")
        self._beside = ThreadPoolExecutor(1, "alerts")

    def tell(self, what: str, **told: str) -> None:
        _log.warning(what, **told)
        if self._command:
            self._beside.submit(self._run, orjson.dumps({"alert": what, **told}) + b"\n")

    def finish(self) -> None:
        """Wait for what is being told."""
        self._beside.shutdown(wait=True)

    def _run(self, line: bytes) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - the installation's own command
                self._command, input=line, timeout=PATIENCE_SECONDS, check=False, capture_output=True
            )
            failed = None if done.returncode == 0 else f"exit code {done.returncode}"
        except (OSError, subprocess.TimeoutExpired) as fault:
            failed = type(fault).__name__
        if failed is not None:
            _log.error("alert-command-failed", fault=failed)

"""The log of the server: a line of JSON an event, or plain text at a terminal. Never what was entered.

Of an unexpected error it tells the kind and where it came from, not its message, which may hold what was sent.
"""

import asyncio
import sys
import traceback
from collections.abc import Mapping
from typing import Any, Final, TextIO

import orjson
import structlog

from ledger.application import system_clock

TOGETHER_SECONDS: Final = 0.05


def set_up(stream: Any = None) -> None:
    """Unless whoever started the process has set the log up already."""
    if structlog.is_configured():
        return
    out = stream or sys.stderr
    plain = structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            plain if out.isatty() else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )


def where(error: BaseException) -> list[str]:
    """The frames of an error, the innermost last, without any value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


class RequestLog:
    """Where the line of a request goes: at a terminal readable, else JSON like every line, but straight away. The way
    through all processors costs thirty times as much, and a call to the system for each line as much as the request's
    other book-keeping; so lines are written together, a moment later, or at the end (`flush`)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._lines: list[bytes] = []
        self._readable = structlog.get_logger("request") if (stream or sys.stderr).isatty() else None

    def tell(self, told: Mapping[str, Any]) -> None:
        """Write what is told of a request, from its event loop."""
        if self._readable is not None:
            self._readable.info("request", **told)
            return
        at = system_clock().isoformat().replace("+00:00", "Z")
        line = {"event": "request", "level": "info", "timestamp": at, **told}
        if not self._lines:
            asyncio.get_running_loop().call_later(TOGETHER_SECONDS, self.flush)
        self._lines.append(orjson.dumps(line, option=orjson.OPT_SORT_KEYS))

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            out = self._stream or sys.stderr
            out.write(b"\n".join(lines).decode() + "\n")
            out.flush()

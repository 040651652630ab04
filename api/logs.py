"""The log of the server: a line of JSON an event, or plain text at a terminal. Never what was entered.

Of an unexpected error it tells the kind and where it came from, not its message, which may hold what was sent.
"""

import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any, TextIO

import orjson
import structlog

from ledger.application import system_clock


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


def request_log(stream: TextIO | None = None) -> Callable[[Mapping[str, Any]], None]:
    """How the line of a request is written: readable at a terminal, else JSON like every line, but straight away. The
    way through all processors costs thirty times as much, and this one is written for every request."""
    out = stream or sys.stderr
    if out.isatty():
        log = structlog.get_logger("request")
        return lambda told: log.info("request", **told)

    def write(told: Mapping[str, Any]) -> None:
        at = system_clock().astimezone(UTC).isoformat().replace("+00:00", "Z")
        line = {"event": "request", "level": "info", "timestamp": at, **told}
        out.write(orjson.dumps(line, option=orjson.OPT_SORT_KEYS).decode() + "\n")

    return write

"""The log of the server: a line of JSON an event, or plain text at a terminal. Never what was entered.

Of an unexpected error it tells the kind and where it came from, not its message, which may hold what was sent.
"""

import sys
import traceback
from typing import Any

import structlog


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

"""Connections as the server takes them: how long and how slow a request's beginning may be, and TLS.

The limits of bodies and answers are the application's (`around.py`, `incoming.py`); what comes before it, the request
line and the headers, is bounded here: uvicorn gives them neither a size nor a time.
"""

import ssl
from asyncio import TimerHandle, Transport
from collections.abc import Callable
from typing import Any, Final

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.settings import Settings

KEEP_ALIVE_SECONDS: Final = 75
"""Longer than a proxy keeps its own end of an idle connection, so that it never sends into one that closes."""
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; those of TLS 1.3 are all good. Forward secrecy and authenticated encryption, nothing else."""
TOO_LARGE: Final = b"431 Request Header Fields Too Large"
TOO_SLOW: Final = b"408 Request Timeout"


class BoundedBeginning(HttpToolsProtocol):
    """A connection whose requests begin within a size and a time."""

    max_header_bytes = 1 << 15
    header_seconds = 10.0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._beginning = True
        self._begun_bytes = 0
        self._ended_here = False
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes that hold the end of one request and the beginning of the next count for neither."""
        self._ended_here = False
        super().data_received(data)
        if self._beginning and not self._ended_here:
            self._begun_bytes += len(data)
            if self._begun_bytes > self.max_header_bytes:
                self._refuse(TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._beginning, self._begun_bytes = True, 0
        if self._deadline is None:
            self._await_headers()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._beginning = False
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > self.max_header_bytes:
            self._refuse(TOO_LARGE)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._ended_here = True
        super().on_message_complete()

    def _await_headers(self) -> None:
        self._deadline = self.loop.call_later(self.header_seconds, self._refuse, TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()


def bounded(settings: Settings) -> type[BoundedBeginning]:
    """The protocol with the limits of the settings."""
    limits = {"max_header_bytes": settings.max_header_bytes, "header_seconds": float(settings.header_seconds)}
    return type("BoundedBeginning", (BoundedBeginning,), limits)


def tls_context(_: Config, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """uvicorn's context, without what is not safe any more."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    return context


def server_options(settings: Settings) -> dict[str, Any]:
    """How uvicorn is to run: without a banner, believing no proxy that is not named, within limits."""
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "http": bounded(settings),
        "ws": "none",
        "server_header": False,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": settings.trusted_proxies,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "access_log": False,
        "log_config": None,
    }
    if settings.tls_cert is not None:
        password = settings.tls_key_password
        options |= {
            "ssl_certfile": settings.tls_cert,
            "ssl_keyfile": settings.tls_key,
            "ssl_keyfile_password": password.get_secret_value() if password is not None else None,
            "ssl_context_factory": tls_context,
        }
    return options

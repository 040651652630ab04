"""A server on a socket of its own, in a thread, with the options of `serve`; a certificate for it; and raw requests."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.app import create_app
from api.connections import server_options
from api.settings import Settings

HOST = "127.0.0.1"
LONGEST_SECONDS = 60


@contextmanager
def serving(directory: Path, **settings: Any) -> Iterator[int]:
    """The port of a server that runs until the block ends."""
    made = Settings(directory=directory, evidence=False, log_requests=False, **settings)
    server = uvicorn.Server(uvicorn.Config(create_app(made), **server_options(made)))
    listening = socket.create_server((HOST, 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def answer_to(port: int, *pieces: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Everything that the server says to some bytes until it closes the connection."""
    with closing(socket.create_connection((HOST, port), timeout=LONGEST_SECONDS)) as plain:
        connection = plain if tls is None else tls.wrap_socket(plain, server_hostname=HOST)
        heard = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            while chunk := connection.recv(65536):
                heard += chunk
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            connection.close()
        return heard


def get(path: str, *headers: str) -> bytes:
    """A request after which the connection ends."""
    lines = (f"GET {path} HTTP/1.1", "Host: ledger.example", "Connection: close", *headers, "", "")
    return "\r\n".join(lines).encode()


def certificate(directory: Path, password: bytes | None = None) -> tuple[Path, Path]:
    """A certificate for this host that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    cert_path, key_path = directory / "server.pem", directory / "server.key"
    cert_path.write_bytes(made.public_bytes(pem))
    key_path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, lock))
    return cert_path, key_path

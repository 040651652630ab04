"""Time-stamps of heads by authorities (RFC 3161): the request, and what a token says. A token is over the SHA-256 of a
signed note with the log's own signatures. Whether an authority is believed is for whoever verifies (`verify.py`)."""

from datetime import UTC, datetime
from hashlib import sha256

from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response


def stamping_request(note: bytes) -> bytes:
    """The request for a token over a note, in DER, with a nonce, asking for the authority's certificate."""
    builder = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).cert_request(cert_request=True)
    return builder.build().as_bytes()


def stamp_time(token: bytes, note: bytes) -> datetime | None:
    """When an authority says that it saw a note; nothing where the token is none, or is over something else."""
    try:
        response = decode_timestamp_response(token)
        if response.status not in (0, 1) or response.tst_info.message_imprint.message != sha256(note).digest():
            return None
        return response.tst_info.gen_time.astimezone(UTC)
    except (ValueError, AttributeError):
        return None

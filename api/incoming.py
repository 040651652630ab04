"""What a write carries besides its body's content: the key, the version it rests on, and the bytes themselves."""

import re
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request

from api.problems import Refused
from api.strict_json import Unreadable, decode

_KEY: Final = re.compile(r"[!-~]{8,128}")
_TAG: Final = re.compile(r'"([a-z]+(?:/[0-9A-Za-z-]{1,16})?)@(0|[1-9][0-9]{0,15})"')
_JSON: Final = re.compile(r'application/json(?:\s*;\s*charset="?utf-8"?)?', re.IGNORECASE)


def idempotency_key(headers: Headers) -> str:
    """The key of a write: 8 to 128 visible ASCII characters, bare or as a quoted structured field."""
    key = headers.get("idempotency-key")
    if key is None:
        raise Refused("idempotency-key-missing")
    if len(key) > 2 and key[0] == key[-1] == '"':
        key = re.sub(r"\\([\"\\])", r"\1", key[1:-1])
    if not _KEY.fullmatch(key):
        raise Refused("idempotency-key-missing", "the key has another form")
    return key


def expected_version(headers: Headers) -> tuple[str, int] | None:
    """The stream and version that `If-Match` names, such as `"patient/001@17"`."""
    given = headers.get("if-match")
    if given is None:
        return None
    found = _TAG.fullmatch(given.strip())
    if found is None:
        raise Refused("if-match-unreadable")
    return found[1], int(found[2])


def dry_run(request: Request) -> bool:
    """Whether a write is only tried out. No other query is taken, so that a misspelt one does not write."""
    if not request.scope["query_string"]:
        return False
    given = request.query_params.multi_items()
    if not given:
        return False
    if len(given) == 1 and given[0][0] == "dry_run" and given[0][1] in ("true", "false"):
        return given[0][1] == "true"
    raise Refused("request-invalid", faults=[{"at": "query", "fault": "a write takes dry_run=true and no other query"}])


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The body, up to the limit; more is refused without being read to its end."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:20]) > limit_bytes:
        raise Refused("body-too-large", f"at most {limit_bytes} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise Refused("body-too-large", f"at most {limit_bytes} bytes")
    return bytes(body)


def tree_of(headers: Headers, body: bytes) -> Any:
    """The JSON of a body; no body at all is an empty object."""
    if not body:
        return {}
    if not _JSON.fullmatch(headers.get("content-type", "").strip()) or headers.get("content-encoding"):
        raise Refused("unsupported-media-type")
    try:
        return decode(body)
    except Unreadable as unreadable:
        raise Refused("body-unreadable", str(unreadable)) from None

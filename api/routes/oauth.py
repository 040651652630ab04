"""An EDC system gets a short-lived token for its secret (RFC 6749, 4.4); errors are as its 5.2 has them."""

import base64
import binascii
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.identity.machines import SCOPES
from api.identity.proof import NotProved
from api.incoming import read_body
from api.problems import Refused
from api.service import origin_of, service_of
from projections.base import View

router: Final = APIRouter(tags=["identity"])
FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 8192


class TokenView(View):
    """A token for a machine, bound to its account's source and site."""

    access_token: str
    token_type: str
    expires_in: int = Field(description="Seconds.")
    scope: str


class ErrorView(View):
    """Why there is none, in the words of RFC 6749, 5.2."""

    error: str


class NoToken(Exception):
    """Why no token is given, in the words of RFC 6749."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "scope": {"type": "string", "description": "Of `ledger.read ledger.write`; both, unless it is said."},
        "client_id": {"type": "string", "description": "The account, unless it stands in `Authorization: Basic`."},
        "client_secret": {"type": "string"},
    },
}
_EXAMPLE: Final = {"grant_type": "client_credentials", "client_id": "edc-ndgoi", "client_secret": "tc_..."}


@router.post(
    "/v1/oauth/token",
    response_model=TokenView,
    responses={
        400: {"model": ErrorView, "description": "RFC 6749, 5.2"},
        401: {"model": ErrorView, "description": "RFC 6749, 5.2"},
    },
    openapi_extra={"requestBody": {"required": True, "content": {FORM: {"schema": _SCHEMA, "example": _EXAMPLE}}}},
)
async def give_token(request: Request) -> Response:
    """Give a machine a token for its secret (client credentials)."""
    service = service_of(request)
    body = await read_body(request, min(MOST_BYTES, service.settings.max_body_bytes))
    try:
        form = form_of(request, body)
        id, secret = client_of(request.headers.get("authorization"), form)
        scopes = scopes_of(form)
        token = service.identity.machine_token(id, secret, scopes, origin_of(request))
    except NoToken as fault:
        return _error(fault.error)
    except NotProved:
        return _error("invalid_client")
    life = int(service.identity.machines.life.total_seconds())
    return JSONResponse(
        {"access_token": token, "token_type": "Bearer", "expires_in": life, "scope": " ".join(sorted(scopes))},
        headers={"Cache-Control": "no-store"},
    )


def form_of(request: Request, body: bytes) -> dict[str, str]:
    """The parameters of a body, each once."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refused("unsupported-media-type", FORM)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise NoToken("invalid_request") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise NoToken("invalid_request")
    if form.get("grant_type") != "client_credentials":
        raise NoToken("unsupported_grant_type" if form.get("grant_type") else "invalid_request")
    return form


def client_of(authorization: str | None, form: dict[str, str]) -> tuple[str, str]:
    """Who asks, by `client_secret_basic` or `client_secret_post`, and not by both."""
    if authorization is None:
        if not form.get("client_id") or not form.get("client_secret"):
            raise NoToken("invalid_client")
        return form["client_id"], form["client_secret"]
    scheme, _, encoded = authorization.partition(" ")
    if "client_secret" in form or scheme.lower() != "basic":
        raise NoToken("invalid_request")
    try:
        id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        raise NoToken("invalid_client") from None
    if not colon or form.get("client_id", unquote_plus(id)) != unquote_plus(id):
        raise NoToken("invalid_client")
    return unquote_plus(id), unquote_plus(secret)


def scopes_of(form: dict[str, str]) -> frozenset[str]:
    asked = frozenset(form["scope"].split()) if form.get("scope") else SCOPES
    if not asked <= SCOPES:
        raise NoToken("invalid_scope")
    return asked


def _error(error: str) -> Response:
    unknown = error == "invalid_client"
    headers = {"Cache-Control": "no-store", **({"WWW-Authenticate": 'Basic realm="trial-ledger"'} if unknown else {})}
    return JSONResponse({"error": error}, 401 if unknown else 400, headers)

"""One's own account: log in and out, the password, the second factor; and vouching for who lost hers."""

from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.identity.credentials import Change
from api.identity.totp import uri
from api.incoming import read_body, tree_of
from api.problems import Refused, faults
from api.roles import needs
from api.service import origin_of, service_of
from ledger.types import Frozen, Instant, Name, Several
from projections.base import View

B = TypeVar("B", bound=Frozen)
router: Final = APIRouter(tags=["identity"])
MAY_VOUCH: Final = needs("accounts", "vouch")
MOST_BYTES: Final = 8192
"""Of a body: nobody is made to read a megabyte before he knows who asks."""

Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class LogInBody(Frozen):
    """Who logs in. `otp` is the code that an authenticator shows, where a second factor is enrolled."""

    id: Name
    password: Password
    otp: Code | None = None


class PasswordBody(Frozen):
    """The password that was, and the one that is to be: 15 characters, or 8 beside a second factor; up to 128."""

    password: Password
    new_password: Password


class ProofBody(Frozen):
    """That it is still the owner who asks."""

    password: Password
    otp: Code | None = None


class CodeBody(Frozen):
    """The code that the authenticator shows for the new secret."""

    otp: Code


class SessionView(View):
    """A session. `token` is given once, at its beginning; `told`, what others did to the account since the last one."""

    token: str
    id: Name
    role: str
    site: Name | None
    expires_at: Instant
    idle_seconds: int
    must: Annotated[str | None, Field(description="What has to be done before anything else, by the problem's name.")]
    told: Several[Change]


class HolderView(View):
    """Who asks."""

    id: Name
    role: str
    site: Name | None
    trials: Several[Name] | None
    authenticated: str
    expires_at: Instant | None
    must: str | None


class SecretView(View):
    """A new secret, shown once: for an authenticator, as text or in the URI."""

    secret: str
    uri: str


def takes(kind: type[Frozen], example: dict[str, str]) -> dict[str, Any]:
    media = {"schema": TypeAdapter(kind).json_schema(), "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": media}}}


async def body_of(request: Request, kind: type[B]) -> B:
    """A small body of a kind, without anything of it in a refusal."""
    limit = min(MOST_BYTES, service_of(request).settings.max_body_bytes)
    try:
        return TypeAdapter(kind).validate_python(tree_of(request.headers, await read_body(request, limit)))
    except ValidationError as found:
        raise Refused("request-invalid", faults=faults(found.errors(include_input=False))) from None


@router.post(
    "/v1/sessions",
    status_code=201,
    response_model=SessionView,
    openapi_extra=takes(LogInBody, {"id": "maria", "password": "correct horse battery staple", "otp": "123456"}),
)
async def log_in(request: Request) -> Any:
    """Log in with a password, and a code where a second factor is enrolled."""
    service, body = service_of(request), await body_of(request, LogInBody)
    begun = await service.identity.log_in(body.id, body.password, body.otp, origin_of(request))
    session = begun.session
    return SessionView(
        token=begun.token,
        id=session.account.id,
        role=session.account.role,
        site=session.account.site,
        expires_at=session.expires_at,
        idle_seconds=service.settings.session_idle_minutes * 60,
        must=session.must,
        told=begun.told,
    )


@router.get("/v1/sessions/current", response_model=HolderView)
async def show_holder(request: Request) -> Any:
    """Who asks, in which role, and how that is known."""
    service = service_of(request)
    if service.is_session(request):
        _, session = service.session(request)
        account, actor, until, must = session.account, session.actor, session.expires_at, session.must
    else:
        (account, actor), until, must = service.holder(request), None, None
    return HolderView(
        id=account.id,
        role=account.role,
        site=account.site,
        trials=account.trials,
        authenticated=actor.authenticated,
        expires_at=until,
        must=must,
    )


@router.delete("/v1/sessions/current", status_code=204)
async def log_out(request: Request) -> Response:
    """End the session."""
    service = service_of(request)
    service.identity.log_out(*service.session(request))
    return Response(status_code=204)


@router.post(
    "/v1/password",
    status_code=204,
    openapi_extra=takes(PasswordBody, {"password": "what was given to me", "new_password": "correct horse battery"}),
)
async def change_password(request: Request) -> Response:
    """Replace one's own password. Every session of the account ends: log in anew."""
    service = service_of(request)
    _, session = service.session(request)
    body = await body_of(request, PasswordBody)
    await service.identity.change_password(session, body.password, body.new_password, origin_of(request))
    return Response(status_code=204)


@router.post(
    "/v1/second-factor",
    status_code=201,
    response_model=SecretView,
    openapi_extra=takes(ProofBody, {"password": "correct horse battery staple"}),
)
async def begin_second_factor(request: Request) -> Any:
    """A secret for an authenticator; it counts when a code of it was confirmed."""
    service = service_of(request)
    _, session = service.session(request)
    body = await body_of(request, ProofBody)
    secret = await service.identity.begin_second_factor(session, body.password, body.otp, origin_of(request))
    return SecretView(secret=secret, uri=uri(secret, session.account.id))


@router.post("/v1/second-factor/confirmation", status_code=204, openapi_extra=takes(CodeBody, {"otp": "123456"}))
async def confirm_second_factor(request: Request) -> Response:
    """Confirm the new secret with a code of it. Every session of the account ends: log in anew."""
    service = service_of(request)
    _, session = service.session(request)
    await service.identity.confirm_second_factor(session, (await body_of(request, CodeBody)).otp)
    return Response(status_code=204)


@router.post(
    "/v1/accounts/{account}/vouching",
    status_code=204,
    openapi_extra={
        "parameters": [{"name": "account", "in": "path", "required": True, "schema": TypeAdapter(Name).json_schema()}],
        **takes(ProofBody, {"password": "correct horse battery staple", "otp": "123456"}),
    },
)
async def vouch(request: Request) -> Response:
    """Vouch, with a fresh proof of one's own, that somebody has her account again after an administrator's reset."""
    service = service_of(request)
    by = service.caller(request, MAY_VOUCH).account
    body, other = await body_of(request, ProofBody), request.path_params["account"]
    await service.identity.vouch(by, other, body.password, body.otp, origin_of(request))
    return Response(status_code=204)

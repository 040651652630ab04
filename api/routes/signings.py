"""Showing once more who one is, to sign."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request

from api.auth import Account
from api.happenings import Happening
from api.problems import CHALLENGE, Refused
from api.routes.sessions import Code, Password, body_of, takes
from api.service import bearer, service_of
from ledger.types import Frozen, Instant, Line, Several
from projections.base import View

router: Final = APIRouter(tags=["identity"])


class SigningBody(Frozen):
    """That it is the owner who signs. With a token of an identity provider, what that provider saw counts instead."""

    password: Password | None = None
    otp: Code | None = None


class SigningView(View):
    """What one signed request carries in `Ledger-Signing`; shown once."""

    token: str
    printed_name: Line
    """The name that will stand with the signature."""
    components: Several[str]
    """How the signer was authenticated for it."""
    run: bool
    """A later signature of a continuous run, for which the password was enough."""
    expires_at: Instant


@router.post(
    "/v1/signings",
    status_code=201,
    response_model=SigningView,
    openapi_extra=takes(SigningBody, {"password": "correct horse battery staple", "otp": "123456"}),
)
async def give_signing(request: Request) -> Any:
    """Show who you are, by password and, where the account has one, second factor; good for one signature.

    With a token of an identity provider it is that provider who has to have seen you a short while ago.
    """
    service = service_of(request)
    account, _ = service.holder(request)
    body = await body_of(request, SigningBody)
    if account.role == "edc_system":
        raise _refused(request, account, "signing-refused", "a system does not sign")
    if account.printed_name is None:
        raise _refused(request, account, "signing-refused", "the account has no printed name")
    session = bearer(request) if service.is_session(request) else None
    run = body.otp is None and service.signings.continues(session)
    proof = await service.prove(request, body.password, body.otp, continuing=run)
    given = service.signings.give(account, proof, session, run=run)
    if given is None:
        raise _refused(request, account, "fresh-authentication-needed", "it has signed once already")
    token, signing = given
    return SigningView(
        token=token,
        printed_name=account.printed_name,
        components=proof.method,
        run=signing.run,
        expires_at=signing.until,
    )


def _refused(request: Request, account: Account, name: str, why: str) -> Refused:
    """No signing for this account, or none now; noted."""
    about = Happening("signing-failed", account.id, "signing", why, account.role, account.site)
    service_of(request).note(about)
    headers = {"WWW-Authenticate": CHALLENGE} if name == "fresh-authentication-needed" else {}
    return Refused(name, why, headers)

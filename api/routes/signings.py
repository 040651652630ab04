"""Showing once more who one is, to sign."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request

from api.happenings import Happening
from api.problems import Refused
from api.routes.sessions import ProofBody, body_of, takes
from api.service import bearer, origin_of, service_of
from ledger.types import Instant, Line, Several
from projections.base import View

router: Final = APIRouter(tags=["identity"])


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
    openapi_extra=takes(ProofBody, {"password": "correct horse battery staple", "otp": "123456"}),
)
async def give_signing(request: Request) -> Any:
    """Show who you are, by password and, where the account has one, second factor; good for one signature."""
    service = service_of(request)
    account, _ = service.holder(request)
    body = await body_of(request, ProofBody)
    if account.role == "edc_system" or account.printed_name is None:
        why = "a system does not sign" if account.role == "edc_system" else "the account has no printed name"
        service.note(Happening("signing-failed", account.id, "signing", "no-signer", account.role, account.site))
        raise Refused("signing-refused", why)
    session = bearer(request) if service.is_session(request) else None
    run = body.otp is None and service.signings.continues(session)
    proof = await service.identity.prove(account, body.password, body.otp, origin_of(request), continuing=run)
    token, until = service.signings.give(account, proof, session, run=run)
    return SigningView(
        token=token, printed_name=account.printed_name, components=proof.method, run=run, expires_at=until
    )

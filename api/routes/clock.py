"""The story clock of a training ledger: it stands still until it is set forward."""

from typing import Any, Final

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.incoming import tree_of
from api.problems import Refused, faults
from api.roles import needs
from api.service import service_of
from ledger.timekeeping import StoryClock
from ledger.types import Frozen, Instant, instant_text
from projections.base import View

router: Final = APIRouter(tags=["operations"])
MAY: Final = needs("clock", "W")


class ClockBody(Frozen):
    """To when the clock is set; an earlier instant changes nothing."""

    to: Instant


class ClockView(View):
    """What the clock says."""

    now: Instant


_BODY: Final[TypeAdapter[Any]] = TypeAdapter(ClockBody)


@router.post(
    "/v1/trials/{trial}/clock",
    response_model=ClockView,
    openapi_extra={
        "parameters": [{"name": "trial", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _BODY.json_schema(), "example": {"to": "2026-02-18T06:00:00Z"}}},
        },
    },
)
async def set_clock(request: Request) -> Response:
    """Set a training ledger's story clock forward."""
    service = service_of(request)
    caller = service.caller(request, MAY)
    ledger = await service.ledger(request.path_params["trial"], caller)
    body = await service.body(request)
    try:
        to = _BODY.validate_python(tree_of(request.headers, body)).to
    except ValidationError as found:
        raise Refused("request-invalid", faults=faults(found.errors(include_input=False))) from None
    if not isinstance(ledger.clock, StoryClock):
        raise Refused("no-story-clock")
    ledger.clock.set_forward(to)
    return Response(f'{{"now":"{instant_text(ledger.clock())}"}}', 200, media_type="application/json")

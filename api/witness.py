"""A witness as a service: one address, one table, and no more trust than in its key."""

import time
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledger.evidence.cosigning import LARGEST_REQUEST_BYTES, Witness

TOO_LARGE: Final = 413


def create_witness(witness: Witness) -> Starlette:
    """An application that answers `POST /add-checkpoint`."""

    async def add_checkpoint(request: Request) -> Response:
        raw = b""
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > LARGEST_REQUEST_BYTES:
                return Response(status_code=TOO_LARGE)
        answer = await run_in_threadpool(witness.add_checkpoint, raw, int(time.time()))
        return Response(answer.body, answer.status, media_type=answer.content_type)

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])

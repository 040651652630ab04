"""The real server with one endpoint more, which does nothing: the floor that every request stands on.

python -m benchmarks._server DIRECTORY PORT
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response

from api.app import create_app
from api.cli_serve import look_for_cycles_seldom
from api.settings import Settings

EMPTY_ANSWER = b'{"positions":[1]}'


def with_an_empty_endpoint(app: FastAPI) -> FastAPI:
    """POST /empty reads its body and answers, GET /empty answers, and nothing else."""

    async def empty(request: Request) -> Response:
        await request.body()
        status = 201 if request.method == "POST" else 200
        return Response(EMPTY_ANSWER, status_code=status, media_type="application/json")

    app.add_api_route("/empty", empty, methods=["POST", "GET"], include_in_schema=False)
    app.router.routes.insert(0, app.router.routes.pop())  # else a hundred others would be tried before it
    return app


def serve(made: Callable[[Settings], FastAPI]) -> None:
    """Serve an application on the directory and the port of the command line, on a core of its own."""
    directory, port = sys.argv[1:]
    if (cores := os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {cores - 1})
    look_for_cycles_seldom()
    app = made(Settings(directory=Path(directory)))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    serve(lambda settings: with_an_empty_endpoint(create_app(settings)))

"""Writes by a short way: found by the steps of their path, and served without the framework's machinery.

The framework searches its list of routes one by one, a regular expression each, then solves dependencies and validates
a body that a write reads by itself (`writing.py`). For a command this cost as much as everything else together. The
routes stand in the framework's list all the same, as the description of the API, and answer what is no plain POST.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

Serve = Callable[[Request], Awaitable[Response]]
Found = tuple[Serve, dict[str, str]]

_ANY: Final = "{}"
"""In a tree of steps: whatever stands there. No step of a path is spelled so."""

_END: Final = ""
"""In a tree of steps: who serves the path that ends here, with the names of its parameters. No step is empty."""


class Paths:
    """Paths such as `/v1/trials/{trial}/holds`, each with who serves it, as a tree of their steps."""

    def __init__(self, served: Iterable[tuple[str, Serve]]) -> None:
        self._tree: dict[str, Any] = {}
        for path, serve in served:
            node, names = self._tree, []
            for step in path.split("/")[1:]:
                if step.startswith("{"):
                    names.append(step[1:-1])
                node = node.setdefault(_ANY if step.startswith("{") else step, {})
            node[_END] = (serve, tuple(names))

    def find(self, path: str) -> Found | None:
        """Who serves a path, and its parameters. A step that is named goes before one that may be anything."""
        return _find(self._tree, path.split("/")[1:], ())


def _find(node: Mapping[str, Any], steps: list[str], taken: tuple[str, ...]) -> Found | None:
    if not steps:
        serve, names = node.get(_END, (None, ()))
        return None if serve is None else (serve, dict(zip(names, taken, strict=True)))
    step, rest = steps[0], steps[1:]
    if step in (_END, _ANY):
        return None
    named = _find(node[step], rest, taken) if step in node else None
    return named or (_find(node[_ANY], rest, (*taken, step)) if _ANY in node else None)


class ShortWay:
    """Serves the writes, and leaves the rest to the framework."""

    def __init__(self, app: ASGIApp, paths: Paths, handlers: Mapping[Any, Any]) -> None:
        self._app = app
        self._paths = paths
        self._serving = ExceptionMiddleware(_serve, handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain_post = scope["type"] == "http" and scope["method"] == "POST" and not scope.get("root_path")
        found = self._paths.find(scope["path"]) if plain_post else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["endpoint"], scope["path_params"] = found
        await self._serving(scope, receive, send)


async def _serve(scope: Scope, receive: Receive, send: Send) -> None:
    response = await scope["endpoint"](Request(scope, receive, send))
    await response(scope, receive, send)

"""The OpenAPI document: what FastAPI finds out by itself, with the bodies, the problems and the token added."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from api import problems
from api.problems import MEDIA_TYPE
from api.replies import ReceiptBody
from api.signings import HEADER
from api.table import PARAMETERS, Write
from api.writing import Writing

REF: Final = "#/components/schemas/{model}"

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457. `type` resolves to a page that says more.",
    "required": ["type", "title", "status", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "instance": {"type": "string", "format": "uri-reference"},
        "detail": {"type": "string"},
        "rule_id": {"type": "string", "description": "The rule of the protocol or of the ledger."},
        "current_version": {"type": "string", "description": "The entity tag that holds now."},
        "meaning": {"type": "string", "description": "What signing this request would mean."},
        "on_record": {"type": "integer", "description": "The position that says otherwise."},
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["at", "fault"],
                "properties": {"at": {"type": "string"}, "fault": {"type": "string"}},
            },
        },
    },
}
_ABOUT: Final = """An audit-grade, event-sourced ledger for early-phase clinical trials.

Every write is a command, with an `Idempotency-Key`; every refusal is a problem (RFC 9457) with the rule that refused.
"""

_WRITE_PROBLEMS: Final = (400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 503, 507)
_READ_PROBLEMS: Final = (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
_OPEN_PROBLEMS: Final = (404, 503)
_FIRST_PROBLEMS: Final = (400, 401, 413, 415, 422, 429, 503)
FIRST: Final = frozenset({"/v1/sessions", "/v1/oauth/token"})
"""Where a caller comes without a token and goes with one."""


def _problem_response(status: int) -> dict[str, Any]:
    titles = [problem.type for problem in problems.catalogue().values() if problem.status == status]
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    found: dict[str, Any] = {"description": f"One of: {', '.join(titles)}", "content": content}
    if status == 401:
        found["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    if status in (429, 503, 507):
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return found


def write_responses() -> dict[int | str, dict[str, Any]]:
    """How a write may be answered where it is not refused."""
    headers = {
        "ETag": {"description": "The version of the aggregate in the path.", "schema": {"type": "string"}},
        "Location": {"description": "The first event.", "schema": {"type": "string"}},
    }
    return {
        201: {"model": ReceiptBody, "description": "Appended.", "headers": headers},
        200: {"model": ReceiptBody, "description": "On record already, or only tried out.", "headers": headers},
    }


def write_description(writing: Writing) -> dict[str, Any]:
    """Parameters and body of a write."""
    write = writing.write
    media = {"schema": {"$ref": REF.format(model=schema_name(write))}, "example": write.example_body()}
    schema = writing.shape.adapter.json_schema()
    return {
        "parameters": [*_path_parameters(write), *_surroundings(write)],
        "requestBody": {
            "required": bool(schema.get("required") or schema.get("oneOf")),
            "content": {"application/json": media},
        },
    }


def schema_name(write: Write) -> str:
    return f"{write.command.__name__}Body"


def _path_parameters(write: Write) -> list[dict[str, Any]]:
    names = () if write.registers else ("trial", *write.parameters)
    return [_path_parameter(name, {"trial": "NCT07256210", **write.at}[name]) for name in names]


def _path_parameter(name: str, example: str) -> dict[str, Any]:
    adapter, said = PARAMETERS[name]
    schema = {**adapter.json_schema(), "title": name}
    shown = int(example) if schema.get("type") == "integer" else example
    return {"name": name, "in": "path", "required": True, "description": said, "schema": schema, "example": shown}


def _surroundings(write: Write) -> list[dict[str, Any]]:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "The same key with the same request is answered alike, and done once.",
        "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!#-~]{8,128}$"},
        "example": f"{write.operation.replace('_', '-')}-0001",
    }
    match = {
        "name": "If-Match",
        "in": "header",
        "required": write.rests_on is not None,
        "description": "The version that this rests on, as a read gave it.",
        "schema": {"type": "string", "pattern": r'^"[a-z]+(/[0-9A-Za-z-]{1,16})?@(0|[1-9][0-9]{0,15})"$'},
    }
    trying = {
        "name": "dry_run",
        "in": "query",
        "required": False,
        "description": "Only say what would follow; nothing is written.",
        "schema": {"type": "boolean", "default": False},
    }
    return [key, match, trying, *([_SIGNING] if write.signs else ())]


_SIGNING: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The token of a signing (`POST /v1/signings`). Without it the answer says what signing would mean.",
    "schema": {"type": "string", "pattern": "^sg_[0-9A-Za-z_-]{43}$"},
}


def describe(app: FastAPI, writings: Iterable[Writing]) -> dict[str, Any]:
    """The whole document, made once."""
    writings = tuple(writings)
    document = get_openapi(
        title=app.title, version=app.version, description=_ABOUT, routes=app.routes, openapi_version="3.1.0"
    )
    for writing in writings:
        document["paths"][writing.write.full_path]["post"].update(write_description(writing))
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_bodies(writings), Problem=_PROBLEM)
    document["components"]["responses"] = {f"Problem{status}": _problem_response(status) for status in _WRITE_PROBLEMS}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _name_problems(path, operation, {writing.write.operation for writing in writings})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    return document


def _name_problems(path: str, operation: dict[str, Any], writes: set[str]) -> None:
    """Add how an operation may be refused; what needs no token says so."""
    statuses: Iterable[int] = _OPEN_PROBLEMS
    if path in FIRST:
        statuses = _FIRST_PROBLEMS
        operation["security"] = []
    elif path.startswith("/v1/"):
        statuses = _WRITE_PROBLEMS if operation["operationId"] in writes else _READ_PROBLEMS
    else:
        operation["security"] = []
    operation["responses"].pop("422", None)
    for status in statuses:
        operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})


def _bodies(writings: Iterable[Writing]) -> Mapping[str, Any]:
    adapters: list[tuple[str, Any, TypeAdapter[Any]]] = [
        (schema_name(writing.write), "validation", writing.shape.adapter) for writing in writings
    ]
    by_name, shared = TypeAdapter.json_schemas(adapters, ref_template=REF)
    named = {name: schema for (name, _), schema in by_name.items() if schema.get("$ref") != REF.format(model=name)}
    return {**shared.get("$defs", {}), **named}

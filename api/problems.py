"""Every refusal over HTTP, as RFC 9457 asks: a stable `type` that resolves to a page of ours, and never what was sent.

What the ledger refuses is named after the leaf of its tree (`NoFreeSlot` -> `/problems/no-free-slot`); what the door
refuses is listed here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson
from starlette.responses import Response

from ledger import refusals
from ledger.errors import Contradicted, LedgerError, Overtaken, SignatureMissing, Unavailable
from ledger.protocol import document
from ledger.store import errors

MEDIA_TYPE: Final = "application/problem+json"
CHALLENGE: Final = 'Bearer realm="trial-ledger"'
"""What a 401 asks for."""

_DEFINED_IN: Final = (refusals, document, errors)
"""Where the leaves are defined; importing them makes the tree complete."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of refusal: its name in the `type` URI, its status, its title, and the rule that it stands for."""

    name: str
    status: int
    title: str
    rule: str = ""

    @property
    def type(self) -> str:
        return f"/problems/{self.name}"


def _door(*problems: tuple[str, int, str]) -> dict[str, Problem]:
    return {name: Problem(name, status, title) for name, status, title in problems}


AT_THE_DOOR: Final = _door(
    ("idempotency-key-missing", 400, "A write needs an Idempotency-Key of 8 to 128 visible characters."),
    ("if-match-unreadable", 400, "If-Match holds one strong entity tag, as a read gave it."),
    ("body-unreadable", 400, "The body is not a JSON text of the kind that is read here."),
    ("request-unreadable", 400, "The request cannot be read."),
    ("unauthenticated", 401, "The request carries no token that is known and in force."),
    ("fresh-authentication-needed", 401, "Whoever signs has to have authenticated a short while ago."),
    ("log-in-refused", 401, "The id, the password or the code is not right, or the account is locked."),
    ("forbidden", 403, "The caller's role may not do this."),
    ("scope-too-narrow", 403, "The token was given for less than this."),
    ("signing-refused", 403, "The password or the code is not right, or the account may not sign."),
    ("signing-not-valid", 403, "The signing is over, was used for another request, or is another person's."),
    ("password-change-due", 403, "Somebody else set the password: its owner replaces it before anything else."),
    ("second-factor-due", 403, "A second factor is enrolled before anything else."),
    ("session-needed", 403, "This is done in a session, after a log-in with a password."),
    ("not-found", 404, "There is no such resource."),
    ("method-not-allowed", 405, "The resource does not know this method."),
    ("no-story-clock", 409, "Only a training ledger's story clock can be set."),
    ("body-too-large", 413, "The body is larger than this server takes."),
    ("unsupported-media-type", 415, "A body is sent as application/json in UTF-8, not compressed."),
    ("request-invalid", 422, "The request does not have the form that the description gives."),
    ("password-too-weak", 422, "The password is too easy to guess."),
    ("if-match-missing", 428, "What someone decides on what he saw names its version in If-Match."),
    ("too-many-requests", 429, "The client asks faster than it may."),
    ("too-many-attempts", 429, "Too many attempts failed; the next one has to wait."),
    ("internal", 500, "The server made a mistake. It has been noted."),
    ("not-there-yet", 503, "The position that was asked for is not on record yet."),
)


TITLES: Final = {
    "Busy": "More commands wait than the ledger takes.",
    "Corrupt": "What is stored is not what was written; the ledger is read-only.",
    "StorageFull": "The disk is full.",
    "KeyReused": "The idempotency key stands for another request.",
}
"""Of the leaves of `ledger/errors.py`, which the tree there explains."""


class Refused(Exception):
    """Refused at the door: by the name of the problem, with what may be said about this case."""

    def __init__(self, name: str, detail: str = "", headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.problem = AT_THE_DOOR[name]
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


def of_error(kind: type[LedgerError]) -> Problem:
    """The problem that a refusal of the ledger is."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()
    title = (kind.__doc__ or TITLES.get(kind.__name__, kind.__name__)).strip().splitlines()[0]
    return Problem(name, kind.status, title, kind.rule)


@cache
def catalogue() -> Mapping[str, Problem]:
    """Every problem that there is, by name."""
    leaves = {problem.name: problem for problem in map(of_error, _leaves(LedgerError))}
    return {**AT_THE_DOOR, **dict(sorted(leaves.items()))}


def _leaves(kind: type[LedgerError]) -> Iterable[type[LedgerError]]:
    below = kind.__subclasses__()
    if kind.rule or not below:
        yield kind
    for each in below:
        yield from _leaves(each)


def response(
    problem: Problem, request_id: str, detail: str = "", headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """A problem as it is answered. `instance` names the request, under which the log tells more."""
    content = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "instance": f"/requests/{request_id}",
        **({"detail": detail} if detail else {}),
        **({"rule_id": problem.rule} if problem.rule else {}),
        **members,
    }
    return Response(orjson.dumps(content), problem.status, dict(headers or {}), MEDIA_TYPE)


def of_ledger_error(error: LedgerError, request_id: str) -> Response:
    """A refusal of the ledger as it is answered: with the position on record, or with the version that is current."""
    members: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, Contradicted) and error.on_record is not None:
        members["on_record"] = error.on_record
    if isinstance(error, SignatureMissing) and error.meaning is not None:
        members["meaning"] = error.meaning
    if isinstance(error, Overtaken) and error.current is not None:
        members["current_version"] = error.current
        headers["ETag"] = f'"{error.current}"'
    if isinstance(error, Unavailable):
        headers["Retry-After"] = "1"
    return response(of_error(type(error)), request_id, error.detail, headers, **members)


FAULTS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "is not a member of this body",
    "string_type": "is not a text",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "does not have the form that the description gives",
    "int_type": "is not an integer",
    "int_parsing": "is not an integer",
    "bool_type": "is not a boolean",
    "bool_parsing": "is not a boolean",
    "literal_error": "is not one of the words that are listed",
    "tuple_type": "is not an array",
    "too_long": "holds too much",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "model_type": "is not an object",
    "dict_type": "is not an object",
    "union_tag_invalid": "is not one of the words that are listed",
    "union_tag_not_found": "is missing",
}
"""What is said of a fault, by the kind that pydantic gives it; never its own message, which may repeat the input."""


def faults(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Where the faults of a request are, and of which kind, without anything of the request itself."""
    return [{"at": _place(fault), "fault": FAULTS.get(fault["type"], "is not permitted")} for fault in errors]


def _place(fault: Mapping[str, Any]) -> str:
    steps = [str(step) for step in fault["loc"]]
    if fault["type"] == "extra_forbidden":
        steps[-1:] = ["?"]
    return ".".join(step for step in steps if _STEP.fullmatch(step)) or "body"


_STEP: Final = re.compile(r"[a-z][a-z0-9_]{0,80}|[0-9]{1,6}|\?")

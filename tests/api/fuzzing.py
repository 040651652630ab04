"""Requests generated from the description, and sent: `python -m tests.api.fuzzing --examples 100 --seed 2`.

What an operation answers has to be what the description says of it. The first that is not is shown whole.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from ledger.types import Role
from tests.api.place import TRIAL, Caller, Place
from tests.api.story import ROWS, whole
from tests.api.test_roles import IN_PATHS, rights, routes

Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]

LIVE = "/v1/trials/{trial}/stream"
"""It never ends."""

CALLERS: tuple[Role, ...] = (
    "medical_monitor",
    "principal_investigator",
    "coordinator",
    "safety_committee",
    "cell_processing_qa",
    "administrator",
    "data_manager",
    "monitor",
    "drug_safety",
    "inspector",
)
CHECKED = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
}
REFUSED_IF_WRONG = {"negative_data_rejection"}
"""For writes: a read passes over a header or an empty query that nobody reads."""


class Form(NamedTuple):
    """How many requests are made of each operation, and by which chance."""

    examples: int
    chance: int


def filled(directory: Path) -> Place:
    """A place where the whole story was told."""
    made = Place(directory, at_least_seconds=0)
    whole(made)
    return made


def operations(place: Place) -> Iterator[Operation]:
    load_all_checks()
    schema = schemathesis.openapi.from_asgi("/openapi.json", place.app)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        if found.ok().path != LIVE:
            yield found.ok()


def caller_of(operation: Operation) -> Role:
    """Somebody who may ask."""
    for method, path, resource, may in routes():
        if (method, path) == (operation.method.upper(), operation.path):
            return next(role for role in CALLERS if not rights()[resource, role].isdisjoint(may))
    return "inspector"


def make_it_fit(case: AnyCase, place: Place, by: Caller, exists: bool) -> None:
    """Name what exists, in the version that is current, and sign, so that a request gets as far as it can."""
    for name in case.path_parameters or {}:
        if name == "trial" or (exists and name != "type"):
            case.path_parameters[name] = IN_PATHS[name]
    (case.query or {}).pop("at_least", None)
    headers: Any = case.headers
    headers.pop("If-Match", None)
    headers.pop("Ledger-Signing", None)
    row = ROWS.get(case.operation.definition.raw["operationId"])
    if row is not None and row.signs:
        headers["Ledger-Signing"] = by.sign()
    if row is not None and row.rests_on is not None:
        named = {"trial": "trial", "product": f"product/{IN_PATHS['lot']}"}
        stream = named.get(row.rests_on, f"patient/{IN_PATHS['patient']}")
        version = place.app.state.service.opened(TRIAL).world.stream_version(stream)
        headers["If-Match"] = f'"{stream}@{version}"'


def explore(place: Place, operation: Operation, mode: GenerationMode, form: Form, answers: Counter[int]) -> None:
    """Ask of one operation what its description permits, or forbids; how often it was answered how."""
    by = place.by(caller_of(operation))
    names = CHECKED | (REFUSED_IF_WRONG if operation.method == "post" else set())
    checks: list[Any] = [check for check in CHECKS.get_all() if check.__name__ in names]

    @seed(form.chance)
    @settings(
        max_examples=form.examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: AnyCase) -> None:
        if mode is GenerationMode.POSITIVE:
            make_it_fit(case, place, by, exists=answers.total() % 4 != 0)
        answer = case.call(headers=by.bearer)
        answers[answer.status_code] += 1
        if answer.status_code != 503 or answer.json()["type"] != "/problems/not-there-yet":
            case.validate_response(answer, checks=checks)

    ask()


def permitted(place: Place, form: Form) -> Counter[int]:
    """How often which status answered what the description permits."""
    answers: Counter[int] = Counter()
    for operation in operations(place):
        explore(place, operation, GenerationMode.POSITIVE, form, answers)
    return answers


def forbidden(place: Place, form: Form) -> Counter[int]:
    """How often which status answered writes that the description forbids."""
    answers: Counter[int] = Counter()
    for operation in operations(place):
        if operation.method == "post":
            explore(place, operation, GenerationMode.NEGATIVE, form, answers)
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.api.fuzzing", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="requests of each operation")
    parser.add_argument("--seed", type=int, default=1, help="another chance makes other requests")
    given_form = parser.parse_args()
    form = Form(given_form.examples, given_form.seed)
    with TemporaryDirectory() as directory:
        place = filled(Path(directory))
        print("permitted, by status:", dict(sorted(permitted(place, form).items())), flush=True)
        print("forbidden, by status:", dict(sorted(forbidden(place, form).items())), flush=True)
        place.stop()


if __name__ == "__main__":
    main()

"""The whole story with a canary in every free text that it sends, so that a search finds where a text has got to."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from httpx2 import Response

from api.bodies import Plan, shape_of
from api.table import Write
from ledger.types import Role
from tests.api.place import Place
from tests.api.story import ROWS, Story

MARK = "zqkanarienvogel"


class CanaryStory(Story):
    """Sends the documented examples, but for their free texts, each of which becomes a canary. `planted`: which texts
    were sent, with the operation, and the patient or lot that it was about."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.numbers: Iterator[int] = count()
        self.planted: list[tuple[str, str, str | None]] = []
        self.answers: list[Response] = []

    def tell(self, operation: str, by: Role, /, *, at: dict[str, str] | None = None, **changed: Any) -> Response:
        write = ROWS[operation]
        body = {**write.example_body(), **changed}
        named = {**body, **write.at, **(at or {})}
        patient = next((named[each] for each in ("patient", "lot", "number") if named.get(each)), None)
        told = self._with_canaries(write, body, patient)
        given = {name: value for name, value in told.items() if name in changed or value != body.get(name)}
        answer = super().tell(operation, by, at=at, **given)
        if not changed:
            self.sent.add(operation)
        self.answers.append(answer)
        return answer

    def _with_canaries(self, write: Write, body: Mapping[str, Any], patient: str | None) -> dict[str, Any]:
        shape = shape_of(write.command, write.parameters)
        planted = self._planted(body, shape.plan, write.operation, patient)
        if shape.reports:
            plan = shape.reports[body["kind"]]
            planted["report"] = self._planted(body["report"], plan, write.operation, patient)
        if shape.gives_reason:
            planted["reason"] = self._canary(write.operation, patient)
        return planted

    def _planted(self, body: Mapping[str, Any], plan: Plan, operation: str, patient: str | None) -> dict[str, Any]:
        """The body with a canary in each free text, in those that the example leaves out as well."""
        found = dict(body)
        for name, inside in plan.items():
            if inside is None:
                found[name] = self._canary(operation, patient)
            elif found.get(name):
                found[name] = [self._planted(each, inside, operation, patient) for each in found[name]]
        return found

    def _canary(self, operation: str, patient: str | None) -> str:
        canary = f"{MARK}-{next(self.numbers):04d} {operation}"
        self.planted.append((canary, operation, patient))
        return canary

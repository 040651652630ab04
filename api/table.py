"""A row of the route table: everything that is said about one way to write."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from api.problems import Refused
from api.roles import Needed
from ledger.application import TrialLedger
from ledger.decisions.docket import Command
from ledger.decisions.meanings import MEANINGS
from ledger.patient.safety import AdverseEventNumber
from ledger.record import TRIAL, cohort_stream, patient_stream, product_stream
from ledger.submission import Receipt
from ledger.types import Level, Name, Ordinal, PatientNumber, Position
from projections.ward import SheetGrade

PREFIX: Final = "/v1/trials/{trial}"
Aggregate = Literal["patient", "cohort", "trial", "product"]
Body = Mapping[str, Any]
Number = Annotated[int, Field(ge=1, le=9999)]

PARAMETERS: Final[Mapping[str, tuple[TypeAdapter[Any], str]]] = {
    "trial": (TypeAdapter(Name), "The trial's identifier."),
    "patient": (TypeAdapter(PatientNumber), "The patient's pseudonymous number."),
    "lot": (TypeAdapter(Name), "A lot of cells."),
    "level": (TypeAdapter(Level), "A dose level of the protocol's ladder."),
    "ordinal": (TypeAdapter(Ordinal), "Which of the patient's infusions."),
    "adverse_event": (TypeAdapter(AdverseEventNumber), "The number of the patient's adverse event."),
    "about": (TypeAdapter(Position), "The position of the notice."),
    "hold": (TypeAdapter(Number), "The number of the hold."),
    "version": (TypeAdapter(Number), "The number of the protocol version."),
    "decision": (TypeAdapter(Number), "The number of the dose decision."),
    "erasure": (TypeAdapter(Number), "The number of the erasure."),
    "redaction": (TypeAdapter(Number), "The number of the redaction."),
    "query": (TypeAdapter(Number), "The number of the patient's query."),
    "quarantine": (TypeAdapter(Number), "The number of the quarantined report."),
}
"""What stands in a path, by name."""

_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}")


def parameter(name: str, text: str) -> Any:
    """A path parameter; where it is of no permitted form, there is no such resource."""
    adapter = PARAMETERS[name][0]
    try:
        if name in ("trial", "patient", "lot"):
            return adapter.validate_python(text)
        if _NUMBER.fullmatch(text):
            return adapter.validate_python(int(text))
    except ValidationError:
        pass
    raise Refused("not-found")


@dataclass(frozen=True)
class Write:
    """One POST that carries a command.

    `path` stands below the trial; its parameters are fields of the command, and the body holds the others.
    `may`: what the caller has to be granted. `rests_on`: the aggregate whose version `If-Match` has to name, for what
    someone decides on what he saw; reports of what happened need none. `example` is valid when it is sent, with `at`
    for the path (what only the server can tell, such as the dossier's hash, is asked of it first).
    """

    path: str
    command: type[Command]
    may: Needed
    example: Body | Callable[[], Body]
    at: Mapping[str, str] = field(default_factory=dict)
    rests_on: Aggregate | None = None
    grades: Callable[[TrialLedger, Receipt], tuple[SheetGrade, ...]] | None = None
    """What was computed at once, for the answer to carry."""
    tag: str = ""

    @cached_property
    def operation(self) -> str:
        """The command's name as an operationId: `RecordConsent` -> `record_consent`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.command.__name__).lower()

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The command's fields that stand in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def signs(self) -> bool:
        """Whether it has to be signed; what signing means stands in `ledger/decisions/meanings.py`."""
        return self.command in MEANINGS

    @property
    def registers(self) -> bool:
        """Whether it begins a trial, and so stands above all trials."""
        return not self.path

    @property
    def full_path(self) -> str:
        return PREFIX + self.path if self.path else "/v1/trials"

    def stream(self, fields: Mapping[str, Any]) -> str:
        """The aggregate that is concerned: the lot, the patient, the cohort, or the trial.

        A correction names its patient or its lot.
        """
        if fields.get("lot") is not None:
            return product_stream(fields["lot"])
        if "patient" in self.parameters or self.rests_on == "patient":
            return patient_stream(fields["patient"])
        return cohort_stream(fields["level"]) if "level" in self.parameters else TRIAL

    def example_body(self) -> dict[str, Any]:
        return dict(self.example() if callable(self.example) else self.example)

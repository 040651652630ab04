"""What the ward reports: one sheet a look at the patient, and medication beside the protocol's product.

Both are facts and never refused for a business reason. What a sheet and the medication make of a grade follows by rule
in the same append (`toxicity_effects.py`).
"""

from types import MappingProxyType
from typing import Final, Self

from pydantic import model_validator

from ledger import refusals as no
from ledger.decisions.docket import Decisions, Docket, Follows, PatientCommand, Reports, report
from ledger.grading.ward_sheet import WardSheet, agent_word, contradictions
from ledger.patient import ward as w
from ledger.types import Amount, Instant, Line


class RecordWardSheet(PatientCommand):
    """Report what was seen of a patient on the ward; CRS and ICANS are graded at once.

    What is not said was not asked. Normal is said: `"normal"` of the neurology, no vasopressors as an empty list.
    """

    assessed_at: Instant
    sheet: WardSheet


class RecordMedication(PatientCommand):
    """Report a medicine that was given: once, or continuously from an instant on.

    `acts_as` says why it matters here: steroids feed readiness, vasopressors and what acts against fever feed grades.
    """

    agent: Line
    acts_as: w.ActsAs
    dose: Amount | None = None
    dose_unit: w.DoseUnit | None = None
    route: w.MedicationRoute
    purpose: w.Purpose
    given_at: Instant
    continuous: bool = False
    to_at: Instant | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if (self.dose is None) != (self.dose_unit is None):
            raise ValueError("a dose has a unit")
        if self.to_at is not None and (not self.continuous or self.to_at < self.given_at):
            raise ValueError("what is continuous ends after it begins")
        return self


class StopMedication(PatientCommand):
    """Report that what was running was stopped."""

    agent: Line
    given_at: Instant
    stopped_at: Instant


def record_ward_sheet(docket: Docket, command: RecordWardSheet) -> Follows:
    """The raw values as measured; `FindingsContradict` for values that cannot be, or not beside each other."""
    patient = docket.patient(command.patient)
    if wrong := ", ".join(contradictions(command.sheet)):
        raise no.FindingsContradict(wrong)
    event = w.WardSheetRecorded(assessed_at=command.assessed_at, sheet=command.sheet)
    return report(docket, patient.stream, event)


def record_medication(docket: Docket, command: RecordMedication) -> Follows:
    patient = docket.patient(command.patient)
    content = command.model_dump(exclude={"patient", "agent"})
    event = w.ConcomitantMedicationGiven(agent=_agent(command.agent), **content)
    return report(docket, patient.stream, event)


def stop_medication(docket: Docket, command: StopMedication) -> Follows:
    """The end of what began at the stated instant, in whatever order the two are entered."""
    patient = docket.patient(command.patient)
    if command.stopped_at < command.given_at:
        raise no.FindingsContradict("stopped_at")
    event = w.ConcomitantMedicationStopped(
        agent=_agent(command.agent), given_at=command.given_at, stopped_at=command.stopped_at
    )
    return report(docket, patient.stream, event)


def _agent(name: str) -> str:
    word = agent_word(name)
    if not word:
        raise no.FindingsContradict("agent")
    return word


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RecordWardSheet: record_ward_sheet,
        RecordMedication: record_medication,
        StopMedication: stop_medication,
    }
)

REPORTS: Final[Reports] = MappingProxyType(
    {
        "ward-sheet": RecordWardSheet,
        "medication": RecordMedication,
        "medication-stop": StopMedication,
    }
)

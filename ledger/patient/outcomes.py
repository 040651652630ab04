"""What became of a patient: a closed vocabulary of outcomes, each with the units that it is recorded in.

    disease-response    by the criteria of the disease; the protocol names them and their words
    mrd                 % of nucleated cells by one method in one material; null: nothing above the limit of detection
    engraftment         neutrophils: the first of 3 consecutive days with at least 0.5 x 10^9/L; platelets: the first of
                        7 consecutive days with at least 20 x 10^9/L, all of them without a transfusion
    graft-failure       primary: no engraftment of neutrophils by day +28; secondary: lost after engraftment
    chimerism           % of donor cells, of whole blood or of a lineage
    lymphocyte-subset   cells per microlitre, and % of lymphocytes; NK cells are CD3-CD56+
    acute-gvhd          the findings of a day, staged and graded by MAGIC (`ledger/grading/magic.py`)
    chronic-gvhd        NIH 2014 severity, as attested
    sos                 sinusoidal obstruction syndrome (VOD): severity by the criteria that are named
    relapse             the first one of its kind after the graft; `molecular`: by MRD alone
    second-malignancy   its kind

What is assessed is a fact of its day; what happens once (engraftment, graft failure, relapse, a second malignancy) is
one fact, whatever its day, so that another day for it contradicts the record.

Sources: engraftment and graft failure as transplant registries count them (CIBMTR forms manual) [mem]; Harris 2016 for
MAGIC; Jagasia 2015, doi:10.1016/j.bbmt.2014.12.001, for chronic GVHD; Corbacioglu 2018, doi:10.1038/bmt.2017.161, for
SOS in children.
"""

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from ledger.patient.gvhd import AcuteGvhd, ChronicGvhd
from ledger.patient.occasions import Assessed, Happened
from ledger.protocol.follow_up import Response
from ledger.types import Amount, Commitment, Event, Name, exact


def _percent(text: str) -> str:
    if exact(text) > 100:
        raise ValueError("a part of a whole is at most 100 %")
    return text


Percent = Annotated[Amount, AfterValidator(_percent)]
Material = Literal["bone-marrow", "blood"]
Severity = Literal["mild", "moderate", "severe", "very-severe"]


class DiseaseResponse(Assessed):
    """The response of the disease, by the criteria that the protocol names for it."""

    kind: Literal["disease-response"] = "disease-response"
    disease: Name
    criteria: Name
    response: Response

    @property
    def part(self) -> str:
        return self.disease

    @property
    def shown(self) -> str:
        return f"{self.response} ({self.criteria})"


class Mrd(Assessed):
    """Measurable residual disease; null where nothing was found above the method's limit of detection."""

    kind: Literal["mrd"] = "mrd"
    method: Literal["flow-cytometry", "pcr", "sequencing"]
    material: Material
    percent_of_nucleated_cells: Percent | None
    detection_limit_percent: Percent

    @model_validator(mode="after")
    def _is_detectable(self) -> Self:
        found = self.percent_of_nucleated_cells
        if found is not None and exact(found) < exact(self.detection_limit_percent):
            raise ValueError("what lies below the limit of detection was not detected")
        return self

    @property
    def part(self) -> str:
        return f"{self.method} {self.material}"

    @property
    def shown(self) -> str:
        found = self.percent_of_nucleated_cells
        return "not detected" if found is None else f"{found} % of nucleated cells"

    def is_above(self, threshold_percent: str) -> bool:
        """Whether more than this was found."""
        found = self.percent_of_nucleated_cells
        return found is not None and exact(found) > exact(threshold_percent)


class Engraftment(Happened):
    """The first of the days that the definition asks for."""

    kind: Literal["engraftment"] = "engraftment"
    of: Literal["neutrophils", "platelets"]

    @property
    def part(self) -> str:
        return self.of


class GraftFailure(Happened):
    """The graft did not take, or was lost; the day of the diagnosis."""

    kind: Literal["graft-failure"] = "graft-failure"
    failure: Literal["primary", "secondary"]

    @property
    def part(self) -> str:
        return self.failure


class Chimerism(Assessed):
    """The part of the cells that come from the donor."""

    kind: Literal["chimerism"] = "chimerism"
    material: Material
    lineage: Literal["whole", "CD3", "CD15", "CD19", "CD34", "NK"]
    donor_percent: Percent

    @property
    def part(self) -> str:
        return f"{self.lineage} {self.material}"

    @property
    def shown(self) -> str:
        return f"{self.donor_percent} % of the donor"


class LymphocyteSubset(Assessed):
    """The count of a lymphocyte subset in the blood."""

    kind: Literal["lymphocyte-subset"] = "lymphocyte-subset"
    subset: Literal["CD3", "CD4", "CD8", "CD19", "NK"]
    cells_per_ul: Amount
    percent_of_lymphocytes: Percent | None = None

    @property
    def part(self) -> str:
        return self.subset

    @property
    def shown(self) -> str:
        return f"{self.cells_per_ul} per µl"


class Sos(Assessed):
    """Sinusoidal obstruction syndrome, by the criteria that are named."""

    kind: Literal["sos"] = "sos"
    severity: Severity
    criteria: Literal["EBMT-paediatric-2018", "EBMT-adult-2016", "other"]

    @property
    def shown(self) -> str:
        return self.severity


class Relapse(Happened):
    """The leukaemia came back."""

    kind: Literal["relapse"] = "relapse"
    relapse: Literal["haematological", "extramedullary", "combined", "molecular"]

    @property
    def part(self) -> str:
        return self.relapse


class SecondMalignancy(Happened):
    """Another malignancy than the one that was treated; the day of the diagnosis."""

    kind: Literal["second-malignancy"] = "second-malignancy"
    malignancy: Literal["post-transplant-lymphoproliferative", "myeloid", "lymphoid", "solid", "other"]

    @property
    def part(self) -> str:
        return self.malignancy


Attested: TypeAlias = (
    DiseaseResponse
    | Mrd
    | Engraftment
    | GraftFailure
    | Chimerism
    | LymphocyteSubset
    | ChronicGvhd
    | Sos
    | Relapse
    | SecondMalignancy
)
AttestedOutcome = Annotated[Attested, Field(discriminator="kind")]
"""An outcome that is recorded as it is reported; `kind` says which."""

Outcome = Annotated[Attested | AcuteGvhd, Field(discriminator="kind")]
"""An outcome of any kind."""


class OutcomeRecorded(Event):
    """An outcome of the patient. `differs_because` is why the investigator grades otherwise than the table."""

    NAME: ClassVar[str] = "patient.outcome-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("subject",)

    outcome: Outcome
    differs_because: Commitment | None

    @property
    def word(self) -> str:
        """What was looked for, or happened."""
        return f"{self.outcome.kind} {self.outcome.part}".rstrip()

    @property
    def subject(self) -> str:
        """What the fact is about: of what is assessed, on its day."""
        return f"{self.word} {self.outcome.on}" if isinstance(self.outcome, Assessed) else self.word

    @property
    def shown(self) -> str:
        return f"{self.word}: {self.outcome.shown}"


OUTCOME_EVENTS: tuple[type[Event], ...] = (OutcomeRecorded,)

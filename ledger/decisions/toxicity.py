"""From findings to a grade: of what a person or a ward sheet says, and of what the medication on record says besides.

The tables stay pure functions of findings. What is on record changes findings in the cautious direction only:

    vasopressors that run, more than were found       counted
    an antipyretic, a steroid or an anticytokine       fever is no longer required (D)
    given as treatment of CRS since the day of its
    onset, before the assessment
    an anticytokine given as prophylaxis or            may hide a fever: signs without one need adjudication (A.3-15)
    premedication before the assessment
    one of these given for another reason within       the same
    the protocol's hours before it

Sedation never changes a grade from the record: it would lower it. The score before the first infusion is that of the
newest ward sheet of a child who was not sedated; it is shown to whoever rules, and lowers no grade.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from ledger.grading.astct import SCALE, TABLE_VERSION
from ledger.grading.astct_crs import CrsFindings, grade_crs
from ledger.grading.astct_icans import IcansFindings, grade_icans
from ledger.grading.astct_result import GradeResult
from ledger.grading.ward_sheet import VASOPRESSIN, WardSheet, crs_findings, icans_findings
from ledger.patient import safety as s
from ledger.patient.state import Patient
from ledger.patient.ward import ConcomitantMedicationGiven, TakenFromRecord
from ledger.protocol.document import ProtocolDocument
from ledger.types import add_months

Findings = CrsFindings | IcansFindings
TOCILIZUMAB: Final = "tocilizumab"
AGAINST_FEVER: Final = ("antipyretic", "corticosteroid", "anticytokine")


def graded(findings: Findings, age_years: int) -> GradeResult:
    """The grade that the toxicity's table gives for the findings at an age."""
    match findings:
        case CrsFindings():
            return grade_crs(findings, age_years)
        case IcansFindings():
            return grade_icans(findings, age_years)


def assessed(
    patient: Patient, adverse_event: int, findings: Findings, at: datetime, ward_sheet: int | None
) -> s.ToxicityAssessed:
    """An assessment with the grade of its findings alone."""
    age = max(patient.age_on(at.date()), 0)
    result = graded(findings, age)
    return s.ToxicityAssessed(
        adverse_event=adverse_event,
        toxicity="CRS" if isinstance(findings, CrsFindings) else "ICANS",
        assessed_at=at,
        age_at_assessment_years=age,
        findings=findings.model_dump(mode="json"),
        scale=SCALE,
        table_version=TABLE_VERSION,
        computed_grade=result.grade,
        at_least_grade=result.at_least,
        at_most_grade=result.at_most,
        needs_adjudication=result.needs_adjudication,
        ward_sheet=ward_sheet,
    )


def of_sheet(patient: Patient, sheet: WardSheet, at: datetime, toxicity: s.Toxicity) -> Findings | None:
    """What a ward sheet says for a toxicity; nothing where it says nothing of it."""
    age, months = age_at(patient, at.date())
    if toxicity == "CRS":
        return crs_findings(sheet, age, months) if sheet.says_crs else None
    return icans_findings(sheet, age, capd_baseline(patient)) if sheet.says_icans else None


def age_at(patient: Patient, day: date) -> tuple[int, int]:
    """Completed years, and the completed months beyond them."""
    years, born = patient.age_on(day), patient.born_on
    months = 0
    while born is not None and months < 11 and add_months(born, 12 * years + months + 1) <= day:
        months += 1
    return years, months


def capd_baseline(patient: Patient) -> int | None:
    """The CAPD score of the newest ward sheet before the first infusion, where the child was not sedated."""
    until = patient.first_infusion_at
    scores = [
        event.sheet.capd_score
        for _, event in patient.ward.by_time()
        if event.sheet.capd_score is not None
        and not event.sheet.sedated
        and (until is None or event.assessed_at <= until)
    ]
    return scores[-1] if scores else None


def taken_from_record(
    patient: Patient, findings: Mapping[str, Any], at: datetime, onset_on: date, protocol: ProtocolDocument
) -> tuple[TakenFromRecord, ...]:
    """What the medication on record says otherwise than the findings of an assessment for CRS of an onset."""
    found = (*_vasopressors(patient, findings, at), *_against_fever(patient, at, onset_on, protocol))
    return tuple(each for each in found if findings.get(each.finding) != each.graded_as)


def _vasopressors(patient: Patient, findings: Mapping[str, Any], at: datetime) -> Iterator[TakenFromRecord]:
    running = {position: given for position, given in patient.ward.running(at) if given.acts_as == "vasopressor"}
    vasopressin = tuple(position for position, given in running.items() if given.agent == VASOPRESSIN)
    others = tuple(position for position in running if position not in vasopressin)
    count = len({running[position].agent for position in others})
    if count > findings.get("vasopressor_count", 0):
        yield TakenFromRecord(finding="vasopressor_count", graded_as=count, positions=others)
    if vasopressin:
        yield TakenFromRecord(finding="vasopressin", graded_as=True, positions=vasopressin)


def _against_fever(
    patient: Patient, at: datetime, onset_on: date, protocol: ProtocolDocument
) -> Iterator[TakenFromRecord]:
    treatment, prophylaxis, other = [], [], []
    masks_from = at - timedelta(hours=protocol.dlt.fever_masked_hours)
    for position, given in sorted(patient.ward.medication.items()):
        if given.given_at > at or not (is_anticytokine(given) or given.acts_as in AGAINST_FEVER):
            continue
        if given.purpose == "treatment-of-crs":
            if given.given_at < at and given.given_at.date() >= onset_on:
                treatment.append(position)
        elif is_anticytokine(given) and given.purpose in ("prophylaxis", "premedication"):
            prophylaxis.append(position)
        elif _lasts_until(patient, given, at) >= masks_from:
            other.append(position)
    for finding, positions in (
        ("antipyretic_or_anticytokine_given_for_this_crs", treatment),
        ("prophylactic_tocilizumab", prophylaxis),
        ("antipyretic_or_steroid_for_another_reason", other),
    ):
        if positions:
            yield TakenFromRecord(finding=finding, graded_as=True, positions=tuple(positions))


def is_anticytokine(given: ConcomitantMedicationGiven) -> bool:
    return given.acts_as == "anticytokine" or given.agent == TOCILIZUMAB


def _lasts_until(patient: Patient, given: ConcomitantMedicationGiven, at: datetime) -> datetime:
    """The last instant at which it was given, as far as an assessment is concerned."""
    if not given.continuous:
        return given.given_at
    return min(patient.ward.ended_at(given) or at, at)


def with_record(
    patient: Patient, findings: Findings, at: datetime, onset_on: date, protocol: ProtocolDocument
) -> GradeResult:
    """The grade of findings with what is on record."""
    age = patient.age_on(at.date())
    if isinstance(findings, IcansFindings):
        return graded(findings, age)
    taken = taken_from_record(patient, findings.model_dump(mode="json"), at, onset_on, protocol)
    return graded(findings.model_copy(update={each.finding: each.graded_as for each in taken}), age)

"""What the rules make of ward sheets and medication, with no person needed: every sheet since the first infusion is
graded, a sign opens its adverse event, and a grade follows the medication on record, in whatever order these come in.

A sheet is assessed in the adverse event of its toxicity that is open then: begun, and not ended before. One that a
sheet opened begins with the earliest sign: an earlier sheet that is entered later joins it. Where none is open, a sheet
opens one by a certain sign (grade 1 or more), or by a doubt about a sign that was seen. What was not done (no
temperature, no score, the wrong instrument) is a doubt as well, but a doubt about a form and not about the child: it
opens nothing and is assessed nowhere; the sheet shows it, and the assessment of its day stays due.

Seriousness is for a person to say; a grade at which a DLT is possible raises the candidate by itself.
"""

from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, get_args

from ledger.decisions.toxicity import Findings, assessed, of_sheet, taken_from_record, with_record
from ledger.grading.astct import TABLE_VERSION
from ledger.grading.astct_crs import CrsFindings, grade_crs
from ledger.grading.astct_result import GradeResult
from ledger.patient import safety as s
from ledger.patient.state import AdverseEvent, Patient
from ledger.patient.ward import ToxicityRegraded, WardSheetRecorded
from ledger.protocol.document import ProtocolDocument
from ledger.record import Entry
from ledger.world import World

Effects = Iterator[Entry]

TERMS: Final = MappingProxyType(
    {
        "CRS": "Cytokine release syndrome",
        "ICANS": "Immune effector cell-associated neurotoxicity syndrome",
    }
)
TOXICITIES: Final[tuple[s.Toxicity, ...]] = get_args(s.Toxicity)
NOT_DONE: Final = frozenset({"temperature_not_measured", "no_score_recorded", "wrong_instrument"})
"""Doubts that are about the form."""


def sheets_are_graded(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """Every ward sheet since the first infusion is assessed where it has a sign, or an event is open."""
    for toxicity in TOXICITIES if patient.ward.sheets else ():
        if found := tuple(_of_toxicity(patient, toxicity, protocol)):
            yield from found
            return


def _of_toxicity(patient: Patient, toxicity: s.Toxicity, protocol: ProtocolDocument) -> Effects:
    """The assessments that are missing, up to the first event that has to be opened."""
    known = {
        a.ward_sheet: (event.number, position)
        for event in patient.adverse_events.values()
        for position, a in event.assessments.items()
        if a.toxicity == toxicity and a.ward_sheet is not None
    }
    since = patient.first_infusion_at
    for position, seen in patient.ward.by_time():
        before = [known[old] for old in patient.ward.replaced_by(position) if old in known] if known else []
        due = since is not None and seen.assessed_at >= since
        if position in known or not (before or due):
            continue
        findings = of_sheet(patient, seen.sheet, seen.assessed_at, toxicity)
        if findings is None:
            continue
        if before:
            yield _assessment(patient, before[0][0], findings, seen, position, corrects=before[0][1])
        else:
            yield from (opened := tuple(_assess(patient, toxicity, findings, seen, position, protocol)))
            if len(opened) > 1:
                return


def _assess(
    patient: Patient,
    toxicity: s.Toxicity,
    findings: Findings,
    seen: WardSheetRecorded,
    position: int,
    protocol: ProtocolDocument,
) -> Effects:
    at, event = seen.assessed_at, open_event(patient, toxicity, seen.assessed_at)
    onset_on = min(event.began_at, at).date() if event else at.date()
    result = with_record(patient, findings, at, onset_on, protocol)
    if event is None and shows_a_sign(result):
        number = len(patient.adverse_events) + 1
        yield Entry(patient.stream, _report(patient, toxicity, at, number), reported=True)
        yield _assessment(patient, number, findings, seen, position)
    elif event is not None and (shows_a_sign(result) or (result.grade is not None and event.began_at <= at)):
        yield _assessment(patient, event.number, findings, seen, position)


def shows_a_sign(result: GradeResult) -> bool:
    """A certain sign, or a doubt about one that was seen; what was not done is none, unless other signs are there."""
    if result.at_least > 0:
        return True
    unmeasured = "temperature_not_measured" in result.needs_adjudication and result.at_most > 1
    return unmeasured or bool(set(result.needs_adjudication) - NOT_DONE)


def open_event(patient: Patient, toxicity: s.Toxicity, at: datetime) -> AdverseEvent | None:
    """The adverse event of a toxicity that is open at an instant: the newest; or the next that a sheet opened."""
    kinds = [event for _, event in sorted(patient.adverse_events.items()) if _is_of(event, toxicity)]
    begun = [event for event in kinds if event.began_at <= at and not (event.ended_at and event.ended_at < at)]
    if begun:
        return max(begun, key=lambda event: event.began_at)
    later = [event for event in kinds if event.began_at > at and _opened_by_a_sheet(patient, event)]
    return min(later, key=lambda event: event.began_at, default=None)


def _is_of(event: AdverseEvent, toxicity: s.Toxicity) -> bool:
    return toxicity in {event.report.toxicity, *(a.toxicity for a in event.assessments.values())}


def _opened_by_a_sheet(patient: Patient, event: AdverseEvent) -> bool:
    onset_at = event.report.onset_at
    by_rule = event.report.term in TERMS.values()
    return by_rule and any(seen.assessed_at == onset_at for seen in patient.ward.sheets.values())


def _report(patient: Patient, toxicity: s.Toxicity, at: datetime, number: int) -> s.AdverseEventReported:
    before = [i.ordinal for i in patient.infusions.values() if i.given_on and i.given_on <= at.date()]
    return s.AdverseEventReported(
        adverse_event=number,
        term=TERMS[toxicity],
        toxicity=toxicity,
        category=None,
        ctcae_term=None,
        ctcae_grade=None,
        haematologic=False,
        serious=False,
        onset_at=at,
        relative_to_infusion=max(before, default=None),
        suspect_product=None,
        site_aware_at=at,
        received_at=None,
        narrative=None,
    )


def _assessment(
    patient: Patient,
    number: int,
    findings: Findings,
    seen: WardSheetRecorded,
    position: int,
    corrects: int | None = None,
) -> Entry:
    event = assessed(patient, number, findings, seen.assessed_at, position)
    return Entry(patient.stream, event, reported=True, corrects=corrects)


def grades_follow_the_record(world: World, patient: Patient, protocol: ProtocolDocument) -> Effects:
    """The grade of every assessment for CRS is that of its findings with the medication on record."""
    if not patient.ward.medication:
        return
    for event in patient.adverse_events.values():
        for position, known in sorted(event.assessments.items()):
            if known.toxicity == "CRS" and known.table_version == TABLE_VERSION:
                yield from _regraded(patient, event, position, known, protocol)


def _regraded(
    patient: Patient, event: AdverseEvent, position: int, known: s.ToxicityAssessed, protocol: ProtocolDocument
) -> Effects:
    taken = taken_from_record(patient, known.findings, known.assessed_at, event.began_at.date(), protocol)
    if not taken and position not in event.regraded:
        return
    findings = CrsFindings.model_validate(known.findings)
    findings = findings.model_copy(update={each.finding: each.graded_as for each in taken})
    result = grade_crs(findings, known.age_at_assessment_years)
    graded: dict[str, Any] = {
        "computed_grade": result.grade,
        "at_least_grade": result.at_least,
        "at_most_grade": result.at_most,
        "needs_adjudication": result.needs_adjudication,
    }
    if any(getattr(known, name) != value for name, value in graded.items()):
        regraded = ToxicityRegraded(adverse_event=event.number, assessment=position, taken=taken, **graded)
        yield Entry(patient.stream, regraded)

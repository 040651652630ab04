"""Patients for tests: the usual way of one through the trial, step by step, with what a case is about as arguments."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from api.demo.findings import attested, passing, recorded
from ledger.decisions import (
    dlt,
    dose_decision,
    dose_order,
    enrolment,
    given,
    infusion,
    notices,
    readiness,
    safety,
    safety_reviews,
    screening,
)
from ledger.decisions.standing import assessments_due, inputs_hash
from ledger.grading.astct_crs import CrsFindings
from ledger.patient.events import CriterionAssessed
from ledger.record import Actor
from ledger.types import Event, exact
from tests import donors, lots
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, SITE, SPONSOR, Bench


def screen(bench: Bench, number: str, born: str = "2016-03", sex: str = "female", donor: str | None = None) -> None:
    """Screened, consented, examined, with a donor, and found eligible."""
    entered = {"number": number, "site": SITE, "birth_year_month": born, "sex": sex}
    bench.ask(screening.ScreenPatient.model_validate(entered))
    protocol = bench.docket().protocol()
    patient = bench.world.patients[number]
    for capacity in sorted(protocol.consent_required(patient.age_on(bench.now.date()))):
        consent = screening.RecordConsent(
            patient=number,
            form_version="2.0",
            capacity=capacity,
            signed_at=bench.now,
            obtained_by="maria",
            copy_given=True,
        )
        bench.ask(consent)
    examine(bench, number)
    attest(bench, number)
    find_donor(bench, number, donor)
    for c in protocol.eligibility.criteria:
        if c.assessed_by == "determination":
            met = c.kind == "inclusion"
            rationale = bench.seal("seen by the investigator")
            bench.ask(screening.SignDetermination(patient=number, criterion=c.id, met=met, rationale=rationale))
    bench.ask(screening.ConfirmEligibility(patient=number))


def find_donor(bench: Bench, number: str, donor: str | None = None, **said: object) -> None:
    """A donor, as `donors.steps` has it."""
    for command, by in donors.steps(bench, number, donor, **said):
        bench.ask(command, by)


def examine(bench: Bench, number: str, **but: str | bool | None) -> None:
    """Findings of today that pass the protocol's thresholds, but for those left out (none) or found otherwise."""
    patient, today = bench.world.patients[number], bench.now.date()
    assert patient.screened is not None
    found = passing(bench.docket().protocol().eligibility, patient.age_on(today), patient.screened.sex, today)
    kept = [each for each in found if each["finding"]["finding"] not in but]
    others = [recorded(name, value, today) for name, value in but.items() if value is not None]  # type: ignore[arg-type]
    if kept or others:
        bench.ask(screening.RecordScreeningFindings.model_validate({"patient": number, "findings": [*kept, *others]}))


def find(bench: Bench, number: str, **found: str | bool) -> None:
    """Some findings of today, by their words."""
    today = bench.now.date()
    events = [recorded(name, value, today) for name, value in found.items()]  # type: ignore[arg-type]
    bench.ask(screening.RecordScreeningFindings.model_validate({"patient": number, "findings": events}))


def attest(bench: Bench, number: str, *left_out: str, **said: bool) -> None:
    """The verdicts that people give, each as it should be, but for those left out and those said otherwise."""
    wanted = {each["criterion"]: each["met"] for each in attested(bench.docket().protocol())}
    verdicts = {**{name: met for name, met in wanted.items() if name not in left_out}, **said}
    assessed = tuple(CriterionAssessed(criterion=name, met=met, inputs=None) for name, met in verdicts.items())
    if assessed:
        bench.ask(screening.AssessCriteria(patient=number, assessments=assessed))


def place(bench: Bench, number: str, level: int, transplant_in_days: int = 12) -> None:
    """Enrolled, with a slot and a dose level. The first infusion is due today, unless another day is asked for."""
    bench.ask(enrolment.ReserveSlot(patient=number, level=level))
    planned = bench.now.date() + timedelta(days=transplant_in_days)
    bench.ask(enrolment.EnrolPatient(patient=number, planned_transplant_on=planned))
    bench.ask(enrolment.AssignDoseLevel(patient=number, level=level))


def prepare_lot(bench: Bench, number: str) -> None:
    """A lot for the patient, as `lots.steps` has it, where there is none."""
    for command, by in lots.steps(bench, number):
        bench.ask(command, by)


def authorise(bench: Bench, number: str, ordinal: int, weight_kg: str = "20") -> tuple[Event, ...]:
    """Weighed, found ready and authorised, now, with a lot that is fit for it."""
    prepare_lot(bench, number)
    today = bench.now.date()
    bench.ask(infusion.PlanDose(patient=number, ordinal=ordinal, weight_kg=weight_kg, weighed_on=today))
    bench.ask(ready(bench, number, ordinal), INVESTIGATOR)
    dose = bench.world.patients[number].doses[ordinal]
    command = infusion.AuthoriseInfusion(
        patient=number,
        ordinal=ordinal,
        product=f"NK-{number}",
        cells_by_second_calculation=dose.cells,
        volume_ml_by_second_calculation=order(bench, number, ordinal),
        chain_of_identity=f"COI-{number}",
        checkers=("boris", "nina"),
    )
    return bench.ask(command, INVESTIGATOR)


VIABLE_CELLS_PER_ML = "100000"


def order(bench: Bench, number: str, ordinal: int) -> str:
    """The planned dose, ordered in mL of the patient's lot; the volume."""
    bench.ask(an_order(bench, number, ordinal), NURSE)
    return bench.world.patients[number].around.orders[ordinal].volume_ml


def an_order(bench: Bench, number: str, ordinal: int, **other: object) -> dose_order.OrderDose:
    """The order as it should be, but for what is said."""
    dose, step_ml = bench.world.patients[number].doses[ordinal], bench.docket().protocol().dose_order.volume_step_ml
    content = {
        "patient": number,
        "ordinal": ordinal,
        "product": f"NK-{number}",
        "viable_cells_per_ml": VIABLE_CELLS_PER_ML,
        "cells_by_first_calculation": dose.cells,
        **other,
    }
    exact_ml = exact(dose.cells) / exact(str(content["viable_cells_per_ml"]))
    steps = Decimal(exact_ml // exact(step_ml))
    content.setdefault("volume_ml_by_first_calculation", str(steps * Decimal(step_ml)))
    return dose_order.OrderDose.model_validate(content)


def ready(bench: Bench, number: str, ordinal: int, **found: object) -> readiness.AssessReadiness:
    """All checks passed now, but for what is said."""
    limits = bench.docket().protocol().readiness
    content: dict[str, object] = {
        "assessed_at": bench.now,
        "oxygen_assessed_at": bench.now,
        "prednisone_equivalent_mg_per_kg_per_day_max_in_72_h": "0",
        "uncontrolled_infection": False,
        "ventilator": False,
        "oxygen_l_per_min": "0",
        "nonhaematologic_reactions_count": 0 if ordinal in limits.nonhaematologic_ordinals else None,
        **found,
    }
    return readiness.AssessReadiness.model_validate({"patient": number, "ordinal": ordinal, **content})


def infuse(bench: Bench, number: str, ordinal: int, percent: int = 100, weight_kg: str = "20") -> tuple[Event, ...]:
    """Given as reported: so many percent of the assigned level's share."""
    patient, protocol = bench.world.patients[number], bench.docket().protocol()
    level = patient.level if patient.level is not None else protocol.start
    cells = protocol.planned_cells_per_kg(level, ordinal) * exact(weight_kg) * percent / 100
    start = given.RecordInfusionStart(
        patient=number, ordinal=ordinal, product=f"NK-{number}", level=level, started_at=bench.now
    )
    done = given.RecordInfusion(
        patient=number,
        ordinal=ordinal,
        product=f"NK-{number}",
        ended_at=bench.now,
        weight_kg=weight_kg,
        cells=int(cells),
    )
    return (*bench.ask(start), *bench.ask(done))


def treat(bench: Bench, number: str, level: int) -> None:
    """Screened, placed and given the planned infusions on their days; `now` is then the day of the last one."""
    screen(bench, number)
    place(bench, number, level)
    dose_all(bench, number)


def dose_all(bench: Bench, number: str) -> None:
    protocol = bench.docket().protocol()
    for ordinal in protocol.ordinals():
        if ordinal > 1:
            bench.pass_days(protocol.day_of(ordinal) - protocol.day_of(ordinal - 1))
        authorise(bench, number, ordinal)
        infuse(bench, number, ordinal)


def close_window(bench: Bench, number: str) -> tuple[Event, ...]:
    """The window is over and complete. Time passes until it is."""
    patient = bench.world.patients[number]
    assert patient.level is not None
    window = bench.world.cohort(patient.level).members[number].window
    assert window is not None
    over = datetime.combine(window.planned_to_on + timedelta(days=1), bench.now.timetz())
    bench.now = max(bench.now, over)
    due = assessments_due(patient, window, bench.docket().protocol())
    return bench.ask(dlt.CloseDltWindow(patient=number, assessments_done_count=due))


def crs(grade: int = 3) -> CrsFindings:
    """Findings that the table grades so."""
    return CrsFindings(
        temperature_celsius="39.0" if grade else "36.8",
        fever_attributed_elsewhere=False,
        hypotension=grade >= 2,
        vasopressor_count={3: 1, 4: 2}.get(grade, 0),
        vasopressin=False,
        hypotension_attributed_elsewhere=False,
        oxygen_device="none",
        oxygen_l_per_min=None,
        ventilation_for_airway_only=False,
        hypoxia_attributed_elsewhere=False,
        antipyretic_or_anticytokine_given_for_this_crs=False,
        prophylactic_tocilizumab=False,
        antipyretic_or_steroid_for_another_reason=False,
        died_of_crs=grade == 5,
    )


def reaction(bench: Bench, number: str, grade: int = 3, onset_at: datetime | None = None) -> int:
    """An adverse event of CRS with one assessment of this grade; its number."""
    onset = onset_at or bench.now
    report = safety.ReportAdverseEvent(
        patient=number, term="Cytokine release syndrome", toxicity="CRS", serious=grade >= 3, onset_at=onset
    )
    bench.ask(report, INVESTIGATOR)
    event = len(bench.world.patients[number].adverse_events)
    bench.ask(
        safety.AssessCrs(patient=number, adverse_event=event, assessed_at=onset, findings=crs(grade)), INVESTIGATOR
    )
    return event


def rule(
    bench: Bench, number: str, event: int, *, is_dlt: bool = True, revision: int = 1, by: Actor = PI, grade: int = 3
) -> tuple[Event, ...]:
    """One signature on a ruling."""
    command = dlt.RuleOnDlt(
        patient=number,
        subject=f"adverse-event/{event}",
        is_dlt=is_dlt,
        revision=revision,
        toxicity="CRS",
        grade=grade,
        rationale=bench.seal("as discussed"),
    )
    return bench.ask(command, by)


def rule_not_a_dlt(bench: Bench, number: str, event: int, revision: int = 1) -> None:
    """All three signatures that *not a DLT* needs."""
    for by in (INVESTIGATOR, SPONSOR, COMMITTEE):
        rule(bench, number, event, is_dlt=False, revision=revision, by=by)


def review(bench: Bench, *about_holds: int, **said: object) -> tuple[Event, ...]:
    """A safety review by the committee, now, that recommends to go on."""
    content: dict[str, object] = {
        "held_at": bench.now,
        "attendees": ({"person": "olga", "role": "safety_committee", "conflict_of_interest": False},),
        "minutes_sha256": "ab" * 32,
        "about_holds": about_holds,
        "recommendation": "resume",
        **said,
    }
    return bench.ask(safety_reviews.RecordSafetyReview.model_validate(content), COMMITTEE)


def decide(bench: Bench, outcome: str, to_level: int | None, *, circulate: bool = True, **proposal: object) -> int:
    """A dose decision proposed, signed by the quorum and circulated; its number."""
    dossier = inputs_hash(bench.world, bench.docket().version())
    proposed = dose_decision.ProposeDoseDecision.model_validate(
        {"outcome": outcome, "to_level": to_level, "dossier_hash": dossier, **proposal}
    )
    bench.ask(proposed, SPONSOR)
    number = len(bench.world.trial.decisions)
    for by in (PI, SPONSOR, COMMITTEE):
        if bench.world.trial.decisions[number].taken_at is None:
            sign(bench, number, by)
    if circulate:
        acknowledge(bench, number)
    return number


def acknowledge(bench: Bench, decision: int, *left_out: str) -> None:
    """Everybody who doses has taken note of a decision, but for the parties left out."""
    taken = bench.world.trial.decisions[decision].taken
    assert taken is not None, decision
    for party in notices.waits_for(bench.world, taken):
        if party not in left_out:
            bench.ask(notices.AcknowledgeNotice(about=taken, party=party, by="nina", acknowledged_at=bench.now))


def sign(bench: Bench, decision: int, by: Actor, vote: str = "agree") -> tuple[Event, ...]:
    dossier = bench.world.trial.decisions[decision].inputs_hash
    assert dossier is not None
    command = dose_decision.SignDoseDecision(
        decision=decision, vote=vote, meaning="I have reviewed the dossier", dossier_hash=dossier
    )
    return bench.ask(command, by)


def a_day(text: str) -> date:
    return date.fromisoformat(text)

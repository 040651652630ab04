"""Toxicity: adverse events with findings as chance has them, their attribution, and what becomes of them."""

from datetime import timedelta
from typing import Any, get_args

from pydantic import ValidationError

from ledger.cohort.state import Window
from ledger.decisions import safety
from ledger.grading.astct_crs import CrsFindings, OxygenDevice
from ledger.grading.astct_icans import Consciousness, IcansFindings, Seizure
from ledger.patient.state import AdverseEvent, Patient
from tests.patients import crs
from tests.simulation.walk import Walk

TERMS = ("Cytokine release syndrome", "Encephalopathy", "Fever", "Tremor", "Mucositis", "Neutropenia", "Hypotension")
OTHER_TERMS = ("Mucositis", "Neutropenia", "Infusion reaction", "Sepsis")


def window_of(walk: Walk, patient: Patient) -> Window | None:
    if patient.level is None:
        return None
    member = walk.world.cohort(patient.level).members.get(patient.number)
    return member.window if member else None


def toxicity(walk: Walk, number: str) -> bool:
    """An event of CRS or ICANS, graded as severe as the trial's temper has it; sometimes only reported."""
    severe = walk.maybe(walk.temper.toxicity)
    kind = walk.pick(("CRS", "ICANS"))
    event = report(walk, number, toxicity=kind, serious=severe)
    if event is None or walk.maybe(0.1):
        return event is not None
    grade = walk.pick((3, 3, 4, 5)) if severe else walk.pick((0, 1, 1, 2))
    if kind == "CRS" and walk.maybe(0.7):
        return assess(walk, number, event, crs(grade))
    return assess(walk, number, event, findings(walk, kind))


def report(walk: Walk, number: str, **content: Any) -> int | None:
    """An adverse event, with an onset since the first infusion; the number that it got."""
    patient, here = walk.patient(number), walk.here(number)
    window = window_of(walk, patient)
    back = timedelta(days=walk.pick((0, 0, 0, 1, 2, 9, 30)), minutes=walk.chance.randrange(600))
    if window is not None and walk.maybe(0.5):
        since = (here.date() - window.from_on).days
        back = timedelta(days=walk.chance.randrange(max(1, since + 1)))
    known = {"term": walk.pick(TERMS), "toxicity": None, "serious": False, "onset_at": here - back, **content}
    command = safety.ReportAdverseEvent.model_validate({"patient": number, **known})
    if not walk.done(command, walk.doctor(number)):
        return None
    events = walk.patient(number).adverse_events.values()
    same = [e.number for e in events if (e.report.term, e.report.onset_at) == (command.term, command.onset_at)]
    return same[0] if same else None


def assess(walk: Walk, number: str, event: int, found: CrsFindings | IcansFindings) -> bool:
    onset = walk.patient(number).adverse_events[event].report.onset_at
    kind = safety.AssessCrs if isinstance(found, CrsFindings) else safety.AssessIcans
    command = kind.model_validate(
        {"patient": number, "adverse_event": event, "assessed_at": min(onset, walk.bench.now), "findings": found}
    )
    return walk.done(command, walk.doctor(number))


def findings(walk: Walk, kind: str) -> CrsFindings | IcansFindings:
    """Random findings that do not contradict themselves."""
    while True:
        try:
            return _crs(walk) if kind == "CRS" else _icans(walk)
        except ValidationError:
            continue


def _rarely(walk: Walk) -> bool:
    return walk.maybe(0.08)


def _crs(walk: Walk) -> CrsFindings:
    device: OxygenDevice = walk.pick(get_args(OxygenDevice)) if walk.maybe(0.5) else "none"
    flow = walk.pick((None, "2", "6", "6.5", "40")) if device != "none" else None
    return CrsFindings(
        temperature_celsius=walk.pick(("36.9", "38.0", "39.4", "39.4", None)),
        fever_attributed_elsewhere=_rarely(walk),
        hypotension=walk.maybe(0.4),
        vasopressor_count=walk.pick((0, 0, 0, 1, 2)),
        vasopressin=_rarely(walk),
        hypotension_attributed_elsewhere=_rarely(walk),
        oxygen_device=device,
        oxygen_l_per_min=flow,
        ventilation_for_airway_only=_rarely(walk),
        hypoxia_attributed_elsewhere=_rarely(walk),
        antipyretic_or_anticytokine_given_for_this_crs=walk.maybe(0.2),
        prophylactic_tocilizumab=_rarely(walk),
        antipyretic_or_steroid_for_another_reason=_rarely(walk),
        died_of_crs=walk.maybe(0.01),
    )


def _icans(walk: Walk) -> IcansFindings:
    signs = (
        "encephalopathy_attributed_elsewhere",
        "sedated",
        "consciousness_attributed_elsewhere",
        "seizure_attributed_elsewhere",
        "deep_focal_weakness",
        "weakness_attributed_elsewhere",
        "focal_cerebral_oedema",
        "diffuse_cerebral_oedema",
        "decerebrate_or_decorticate_posturing",
        "sixth_nerve_palsy",
        "papilloedema",
        "cushings_triad",
        "intracranial_pressure_attributed_elsewhere",
        "developmental_delay",
        "unable_to_perform_ice",
        "unable_to_perform_capd",
    )
    return IcansFindings.model_validate(
        {sign: walk.maybe(0.04) for sign in signs}
        | {
            "ice_score": walk.pick((None, 0, 2, 5, 8, 10)),
            "capd_score": walk.pick((None, 0, 3, 9, 20)),
            "capd_baseline": walk.pick((None, 2)),
            "consciousness": walk.pick(get_args(Consciousness)) if walk.maybe(0.4) else "alert",
            "seizure": walk.pick(get_args(Seizure)) if walk.maybe(0.15) else "none",
            "died_of_icans": walk.maybe(0.01),
        }
    )


def another_assessment(walk: Walk, number: str) -> bool:
    """One more assessment of an event, now."""
    events = list(walk.patient(number).adverse_events)
    if not events:
        return False
    event = walk.pick(events)
    kind = walk.patient(number).adverse_events[event].report.toxicity or "CRS"
    return assess(walk, number, event, findings(walk, kind))


def attribute(walk: Walk, number: str) -> bool:
    """Somebody says whether an event is associated."""
    events = list(walk.patient(number).adverse_events)
    if not events:
        return False
    relation = walk.pick(("definite", "probable", "possible", "unlikely", "unrelated"))
    command = safety.AssessAttribution.model_validate(
        {
            "patient": number,
            "adverse_event": walk.pick(events),
            "relation": relation,
            "rationale": walk.text("another cause is likelier") if walk.maybe(0.9) else None,
        }
    )
    return walk.done(command, walk.doctor(number))


def confirm_grade(walk: Walk, number: str) -> bool:
    """The investigator confirms a grade, or gives another."""
    events = [event for event in walk.patient(number).adverse_events.values() if event.assessments]
    if not events:
        return False
    event: AdverseEvent = walk.pick(events)
    position = walk.pick(sorted(event.assessments))
    computed = event.assessments[position].computed_grade
    command = safety.ConfirmGrade(
        patient=number,
        adverse_event=event.number,
        assessment=position,
        grade=computed if computed is not None and walk.maybe(0.6) else walk.pick((0, 1, 2, 3, 4)),
        differs_because=walk.text("seen at the bedside") if walk.maybe(0.8) else None,
    )
    return walk.done(command, walk.doctor(number))


def update(walk: Walk, number: str) -> bool:
    """What became of an event."""
    events = list(walk.patient(number).adverse_events)
    if not events:
        return False
    command = safety.UpdateAdverseEvent.model_validate(
        {
            "patient": number,
            "adverse_event": walk.pick(events),
            "ctcae_grade": walk.pick((None, 1, 3, 4)),
            "serious": walk.pick((None, True, False)),
            "ended_at": walk.pick((None, walk.here(number))),
            "outcome": walk.pick((None, "recovered", "recovering", "fatal")),
        }
    )
    return walk.done(command, walk.doctor(number))


def other_reaction(walk: Walk, number: str) -> bool:
    """An adverse event that is neither CRS nor ICANS."""
    grade, blood = walk.pick((1, 2, 3, 4)), walk.maybe(0.4)
    content = {
        "term": walk.pick(OTHER_TERMS),
        "ctcae_grade": grade if walk.maybe(0.9) else None,
        "haematologic": blood,
        "serious": grade > 2,
        "category": walk.pick((None, None, None, "infusion-reaction", "anaphylaxis", "sinusoidal-obstruction")),
        "suspect_product": walk.pick((None, None, f"NK-{number}", "NK-404")),
        "received_at": walk.pick((None, walk.here(number))),
    }
    return report(walk, number, **content) is not None

"""The ward's paper form of one patient, for when the ledger cannot be reached: plain text, one page, to be filled in.

It asks for what the ward sheet asks for, in the same words and units, so that it is entered afterwards as it stands.
"""

from datetime import date
from typing import Final, get_args

from ledger.decisions.standing import day_zero_on
from ledger.decisions.toxicity import age_at, capd_baseline
from ledger.grading.astct_crs import OxygenDevice
from ledger.grading.astct_icans import ICE_FROM_YEARS, Consciousness, Seizure
from ledger.grading.hypotension import hypotension_limit_mmhg
from ledger.patient.state import Patient
from ledger.world import World

BLANK: Final = "____"


def paper_form(world: World, number: str, on: date) -> str:
    """The empty form of a patient who is on record, for a day at the site."""
    patient = world.patients[number]
    return "\n".join((*_head(world, patient, on), *_vitals(patient, on), *_neurology(patient, on), *_given())) + "\n"


def _head(world: World, patient: Patient, on: date) -> tuple[str, ...]:
    registered, zero = world.trial.registered, day_zero_on(patient)
    trial = registered.trial_id if registered else ""
    day = f"{(on - zero).days:+d}" if zero else "not planned"
    return (
        f"WARD SHEET ON PAPER   trial {trial}   patient {patient.number}   dose level {_or_none(patient.level)}",
        f"printed for {on.isoformat()}   protocol day {day}",
        "",
        f"seen on {BLANK}-{BLANK}-{BLANK} at {BLANK}:{BLANK} (local time)   by {BLANK * 4}   signature {BLANK * 4}",
        "Leave blank what was not asked or measured: blank is not normal. Write normal where it is normal.",
        "",
    )


def _or_none(value: object) -> str:
    return "none" if value is None else str(value)


def _vitals(patient: Patient, on: date) -> tuple[str, ...]:
    years, months = age_at(patient, on)
    limit = hypotension_limit_mmhg(years, months if years else max(months, 1))
    return (
        f"temperature {BLANK} °C   heart rate {BLANK} /min   respiratory rate {BLANK} /min   SpO2 {BLANK} %",
        f"blood pressure {BLANK}/{BLANK} mmHg (low at this age: systolic below {limit})   low for this child: yes / no",
        f"oxygen: {_choices(OxygenDevice)}   flow {BLANK} L/min",
        f"vasopressors running (names, or none): {BLANK * 8}",
        "",
    )


def _neurology(patient: Patient, on: date) -> tuple[str, ...]:
    by_capd = patient.age_on(on) < ICE_FROM_YEARS
    baseline = capd_baseline(patient)
    score = f"CAPD {BLANK} of 32 (before infusion 1: {_or_none(baseline)})" if by_capd else f"ICE {BLANK} of 10"
    other = "ICE from 12 years on, CAPD in a developmental delay"
    return (
        f"{score}   unable to perform: yes / no   ({other})",
        "neurology: all normal / as follows",
        f"   consciousness: {_choices(Consciousness)}   sedated: yes / no",
        f"   seizure since the last sheet: {_choices(Seizure)}",
        "   deep focal weakness: yes / no   focal oedema: yes / no   diffuse oedema: yes / no   posturing: yes / no",
        "   sixth nerve palsy: yes / no   papilloedema: yes / no   Cushing's triad: yes / no",
        f"another cause is certain for: {BLANK * 8}",
        "",
    )


def _given() -> tuple[str, ...]:
    line = f"   {BLANK * 5}   {BLANK * 2} {BLANK}   {BLANK}   {BLANK * 3}   {BLANK}:{BLANK}   {BLANK}:{BLANK}"
    return (
        "medication (steroids, tocilizumab, vasopressors, sedation, antipyretics):",
        "   agent                  dose, unit     route  purpose        given     stopped",
        *(line for _ in range(6)),
        "",
        f"entered into the ledger on {BLANK}-{BLANK}-{BLANK} by {BLANK * 4}",
        "This page is kept with the source documents.",
    )


def _choices(words: object) -> str:
    return " / ".join(word.replace("_", " ") for word in get_args(words))

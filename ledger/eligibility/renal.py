"""Kidney function as a clearance or a filtration rate in ml/min/1.73 m2.

    a measured clearance         counts at every age, before any estimate
    bedside Schwartz             factor x height in cm / creatinine, at the ages of the protocol on the day of the
                                 creatinine; the factor depends on the unit of the creatinine
    an estimated clearance       from the age on at which Schwartz ends, on the day of the estimate
    below the age of Schwartz    no estimate: measured, or attested by a person

Of several estimates the newest counts; of two creatinines of one day the one that gives the lower rate.
Source: domain I6, A.3-13; Schwartz et al. 2009, PMC2653687.
"""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from ledger.eligibility.asking import at_least
from ledger.eligibility.facts import Case
from ledger.eligibility.findings import CLEARANCE_UNIT, MeasuredName
from ledger.eligibility.verdict import ATTESTATION, Answer, Input, lacking, not_above
from ledger.protocol.eligibility import Renal
from ledger.types import changed, exact, exact_text

MEASURED: Final = "creatinine_clearance_ml_per_min_per_1_73_m2"
ESTIMATED: Final = "estimated_creatinine_clearance_ml_per_min_per_1_73_m2"
CREATININES: Final[tuple[MeasuredName, MeasuredName]] = ("creatinine_mg_per_dl", "creatinine_umol_per_l")


class Estimate(NamedTuple):
    """What an estimate answers, its day and its negated rate: the greatest is the newest, the lowest of a day."""

    found_on: date
    negated_rate: Fraction
    answer: Answer


def renal(rule: Renal, case: Case) -> Answer:
    """Whether the clearance or the filtration rate is large enough."""
    if case.amount(MEASURED) is not None:
        return at_least(case, MEASURED, rule.minimum_ml_per_min_per_1_73_m2)
    estimates = [*_schwartz(rule, case), *_adult(rule, case)]
    if estimates:
        return max(estimates, key=lambda each: (each.found_on, each.negated_rate)).answer
    return _nothing_valid(rule, case)


def _schwartz(rule: Renal, case: Case) -> Iterator[Estimate]:
    height = case.amount("height_cm")
    for name, factor in zip(
        CREATININES, (rule.schwartz_factor_mg_per_dl, rule.schwartz_factor_umol_per_l), strict=True
    ):
        creatinine, found_on = case.amount(name), case.found_on(name)
        if height is None or creatinine is None or found_on is None or not _holds(rule, case.age_on(found_on)):
            continue
        rate = exact(factor) * height / creatinine
        yield Estimate(found_on, -rate, _by_rate(rule, case, name, rate))


def _by_rate(rule: Renal, case: Case, name: MeasuredName, rate: Fraction) -> Answer:
    minimum = rule.minimum_ml_per_min_per_1_73_m2
    passes = rate >= exact(minimum)
    derived = Input(finding="schwartz_rate", position=None, value=exact_text(rate), unit=CLEARANCE_UNIT)
    inputs = (*case.inputs("height_cm", name), case.age_input(case.age_at(name)), derived)
    compared = "at least" if passes else "below"
    return Answer(passes, f"Schwartz {not_above(rate)} {CLEARANCE_UNIT} is {compared} {minimum}", inputs)


def _adult(rule: Renal, case: Case) -> Iterator[Estimate]:
    rate, found_on = case.amount(ESTIMATED), case.found_on(ESTIMATED)
    if rate is None or found_on is None or case.age_on(found_on) < rule.schwartz_below_age_years:
        return
    answer = at_least(case, ESTIMATED, rule.minimum_ml_per_min_per_1_73_m2)
    age = case.age_input(case.age_on(found_on))
    yield Estimate(found_on, -rate, changed(answer, inputs=(*answer.inputs, age)))


def _nothing_valid(rule: Renal, case: Case) -> Answer:
    age_years = case.age_on(case.on)
    age = (case.age_input(age_years),)
    if age_years < rule.schwartz_from_age_years:
        because = f"below {rule.schwartz_from_age_years} years nothing is estimated: measured, or attested"
        return lacking(MEASURED, ATTESTATION, because=because, inputs=age)
    if age_years >= rule.schwartz_below_age_years:
        because = f"from {rule.schwartz_below_age_years} years on a measured or an estimated clearance is needed"
        return lacking(MEASURED, ESTIMATED, because=because, inputs=age)
    if any(name in case.found and _holds(rule, case.age_at(name)) for name in CREATININES):
        return lacking("height_cm", inputs=age)
    because = "no creatinine taken at an age at which Schwartz holds is recorded"
    height: tuple[str, ...] = () if "height_cm" in case.found else ("height_cm",)
    return lacking(*height, *CREATININES, because=because, inputs=age)


def _holds(rule: Renal, age_years: int) -> bool:
    """Whether the bedside estimate holds at an age."""
    return rule.schwartz_from_age_years <= age_years < rule.schwartz_below_age_years

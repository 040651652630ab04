"""The performance status, by the instrument of the age on the day of the assessment (Lansky or Karnofsky).

A score of the other instrument is no substitute. A score counts by the age at which it was taken; of two that count the
newer one does. Source: domain I5, A.3-1.
"""

from typing import Final

from ledger.eligibility.asking import at_least
from ledger.eligibility.facts import Case
from ledger.eligibility.findings import VOCABULARY, MeasuredName
from ledger.eligibility.verdict import Answer, lacking
from ledger.protocol.eligibility import Performance
from ledger.types import changed

SCORES: Final[dict[str, MeasuredName]] = {"Lansky": "lansky_percent", "Karnofsky": "karnofsky_percent"}


def performance(rule: Performance, case: Case) -> Answer:
    """Whether the score of the right instrument is large enough."""
    taken = sorted((day, name) for name in SCORES.values() if (day := case.found_on(name)) is not None)
    valid = [name for _, name in taken if SCORES[rule.instrument_at(case.age_at(name))] == name]
    if valid:
        answer = at_least(case, valid[-1], str(rule.minimum_percent))
        age = case.age_input(case.age_at(valid[-1]))
        return changed(answer, inputs=(*answer.inputs, age))
    asked = SCORES[rule.instrument_at(case.age_on(case.on))]
    if not taken:
        return lacking(asked)
    wrong = taken[-1][1]
    age_years = case.age_at(wrong)
    because = f"{VOCABULARY[wrong].words} was taken at {age_years} years, where {rule.instrument_at(age_years)} applies"
    return lacking(asked, because=because, inputs=(*case.inputs(wrong), case.age_input(age_years)))

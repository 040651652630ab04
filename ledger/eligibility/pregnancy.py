"""Pregnancy and lactation, where sex and age make them possible.

Not applicable to males. A female from the protocol's age on, or after menarche, needs a negative test that is recent
enough, and the answer on lactation. Below that age nothing has to be recorded; a positive test or lactation counts
wherever it is on record, however old. Source: domain X4.
"""

from datetime import timedelta

from ledger.eligibility.asking import absent
from ledger.eligibility.facts import Case
from ledger.eligibility.verdict import Answer, all_of, lacking
from ledger.protocol.eligibility import Pregnancy


def pregnancy(rule: Pregnancy, case: Case) -> Answer:
    """Whether the patient is neither pregnant nor lactating."""
    if case.facts.sex != "female":
        return Answer(True, "not applicable to this sex", (case.sex_input(),))
    age_years = case.age_on(case.on)
    inputs = (case.sex_input(), case.age_input(age_years), *case.inputs("menarche"))
    if age_years >= rule.test_from_age_years or case.yes("menarche"):
        applies = Answer(True, "a pregnancy test is needed", inputs)
        return all_of((applies, _tested(rule, case), absent(case, "lactating")))
    young = Answer(True, f"no pregnancy test is needed below {rule.test_from_age_years} years before menarche", inputs)
    recorded = (_tested(rule, case), absent(case, "lactating"))
    return all_of((young, *(each for each in recorded if each.passes is False)))


def _tested(rule: Pregnancy, case: Case) -> Answer:
    result, tested_on = case.choice("pregnancy_test"), case.found_on("pregnancy_test")
    if result is None or tested_on is None:
        return lacking("pregnancy_test")
    inputs = case.inputs("pregnancy_test")
    if result == "negative" and case.on - tested_on > timedelta(days=rule.test_valid_days):
        because = f"the pregnancy test is older than {rule.test_valid_days} days"
        return lacking("pregnancy_test", because=because, inputs=inputs)
    return Answer(result == "negative", f"pregnancy test: {result}", inputs)

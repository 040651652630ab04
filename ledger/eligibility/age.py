"""The age limits: from so many months of age until below a birthday. Below the flag's age a signed interpretation is
needed that reads the age as the protocol does; a more cautious reading keeps the flag. Birthdays are taken as the first
of the month. Source: domain R1, A.3-1, G.4-10.
"""

from collections.abc import Mapping

from ledger.eligibility.facts import Case
from ledger.eligibility.verdict import Answer, lacking
from ledger.protocol.document import ProtocolDocument
from ledger.types import add_months


def age(protocol: ProtocolDocument, case: Case, readings: Mapping[str, str]) -> Answer:
    """Whether the age is within the limits, and nothing waits for a signature.

    `readings` are the readings of the protocol's interpretations that were signed.
    """
    rule, age_years = protocol.eligibility.age, case.age_on(case.on)
    inputs = (case.age_input(age_years),)
    if case.on < add_months(case.facts.born_on, rule.min_months):
        return Answer(False, f"younger than {rule.min_months} months", inputs)
    if age_years >= rule.below_age_years:
        return Answer(False, f"{age_years} years is not below {rule.below_age_years} years", inputs)
    if rule.flag_below_years is not None and age_years < rule.flag_below_years:
        item = rule.flag_interpretation or ""
        interpretation = protocol.interpretation(item)
        if interpretation is None or readings.get(item) != interpretation.reading:
            because = f"below {rule.flag_below_years} years the reading of {item} has to be signed"
            return lacking(f"signed reading of {item}", because=because, inputs=inputs)
    return Answer(True, f"from {rule.min_months} months to below {rule.below_age_years} years", inputs)

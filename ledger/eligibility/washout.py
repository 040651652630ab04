"""The time since the last cellular therapy, and signs of what such a therapy can do.

Excluded if the last one lies less than so many calendar months before the day, or if there are active signs of GVHD,
SOS, CRS or ICANS. Months are counted back from the day: the same day number, clamped to the end of the month; a therapy
on exactly that day is long enough ago. Source: domain X2, A.3-4.
"""

from typing import Final

from ledger.eligibility.asking import absent
from ledger.eligibility.facts import Case
from ledger.eligibility.findings import YesNoName
from ledger.eligibility.verdict import Answer, all_of, lacking
from ledger.protocol.eligibility import Washout
from ledger.types import add_months

SIGNS: Final[tuple[YesNoName, ...]] = ("active_gvhd", "active_sos", "active_crs", "active_icans")


def washout(rule: Washout, case: Case) -> Answer:
    """Whether the last cellular therapy lies long enough back, without active signs."""
    return all_of((_long_enough(rule, case), *(absent(case, sign) for sign in SIGNS)))


def _long_enough(rule: Washout, case: Case) -> Answer:
    """A day on record counts, whatever was answered beside it."""
    last_on = case.day("last_cellular_therapy_on")
    inputs = case.inputs("earlier_cellular_therapy", "last_cellular_therapy_on")
    if last_on is not None:
        passes = last_on <= add_months(case.on, -rule.cellular_therapy_months)
        ago = "at least" if passes else "less than"
        return Answer(passes, f"cellular therapy {ago} {rule.cellular_therapy_months} months ago", inputs)
    given = case.yes("earlier_cellular_therapy")
    if given is None:
        return lacking("earlier_cellular_therapy")
    return lacking("last_cellular_therapy_on", inputs=inputs) if given else Answer(True, "no cellular therapy", inputs)

"""The left ventricular ejection fraction (LVEF). Source: domain I8."""

from ledger.eligibility.asking import at_least
from ledger.eligibility.facts import Case
from ledger.eligibility.verdict import Answer
from ledger.protocol.eligibility import Heart


def heart(rule: Heart, case: Case) -> Answer:
    """Whether the ejection fraction is large enough."""
    return at_least(case, "lvef_percent", rule.lvef_percent_min)

"""Life expectancy in weeks. Source: domain I10."""

from ledger.eligibility.asking import at_least
from ledger.eligibility.facts import Case
from ledger.eligibility.verdict import Answer
from ledger.protocol.eligibility import LifeExpectancy


def life_expectancy(rule: LifeExpectancy, case: Case) -> Answer:
    """Whether the life expectancy is long enough."""
    return at_least(case, "life_expectancy_weeks", str(rule.minimum_weeks))

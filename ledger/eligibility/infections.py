"""Infections of which none may be there. Source: domain X3, X5."""

from ledger.eligibility.asking import absent
from ledger.eligibility.facts import Case
from ledger.eligibility.verdict import Answer, all_of
from ledger.protocol.eligibility import Infections


def infections(rule: Infections, case: Case) -> Answer:
    """Whether each of the infections was looked for and not found."""
    return all_of([absent(case, finding) for finding in rule.findings])

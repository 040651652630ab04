"""The questions that most rules are made of: is a quantity large enough, is something absent."""

from ledger.eligibility.facts import Case
from ledger.eligibility.findings import VOCABULARY, MeasuredName, YesNoName
from ledger.eligibility.verdict import Answer, lacking
from ledger.types import exact


def at_least(case: Case, name: MeasuredName, minimum: str) -> Answer:
    """Passes from the minimum on, the minimum itself included."""
    amount = case.amount(name)
    if amount is None:
        return lacking(name)
    passes = amount >= exact(minimum)
    return Answer(passes, f"{measured(case, name)} is {'at least' if passes else 'below'} {minimum}", case.inputs(name))


def absent(case: Case, name: YesNoName) -> Answer:
    """Passes where the answer is no."""
    present = case.yes(name)
    if present is None:
        return lacking(name)
    return Answer(not present, f"{VOCABULARY[name].words}: {'yes' if present else 'no'}", case.inputs(name))


def measured(case: Case, name: MeasuredName) -> str:
    """A measured finding as a sentence shows it: its words, the quantity as recorded, the unit."""
    return f"{VOCABULARY[name].words} {case.inputs(name)[0].value} {VOCABULARY[name].unit}"

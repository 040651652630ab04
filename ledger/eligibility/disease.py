"""A disease of the protocol that is refractory, or positive for minimal residual disease (MRD).

Any one of:

    a  no complete remission after at least so many induction regimens
    b  no complete remission after at least so many salvage regimens for a relapse
    c  MRD before conditioning above the percentage of that disease; exactly on it is not above

Source: domain I2a, I2b, I2c, A.3-10, A.3-23.
"""

from ledger.eligibility.asking import absent, measured
from ledger.eligibility.facts import Case
from ledger.eligibility.findings import VOCABULARY, MeasuredName
from ledger.eligibility.verdict import Answer, all_of, any_of, lacking
from ledger.protocol.eligibility import DiseaseStates, DiseaseThreshold


def disease(rule: DiseaseStates, case: Case) -> Answer:
    """Whether the disease is one of the protocol's, and refractory or MRD positive."""
    name = case.choice("disease")
    if name is None:
        return lacking("disease")
    named = case.inputs("disease")
    threshold = rule.of(name)
    if threshold is None:
        return Answer(False, "the disease is not one of the protocol's", named)
    return all_of((Answer(True, f"disease {name}", named), _refractory_or_positive(threshold, case)))


def _refractory_or_positive(threshold: DiseaseThreshold, case: Case) -> Answer:
    primary = (
        _given(case, "induction_regimens_count", threshold.induction_regimens_min),
        absent(case, "complete_remission_after_induction"),
    )
    relapse = (
        _given(case, "salvage_regimens_count", threshold.salvage_regimens_min),
        absent(case, "complete_remission_after_salvage"),
    )
    return any_of((all_of(primary), all_of(relapse), _mrd(threshold, case)))


def _given(case: Case, name: MeasuredName, minimum: int) -> Answer:
    count = case.amount(name)
    if count is None:
        return lacking(name)
    passes = count >= minimum
    compared = "at least" if passes else "fewer than"
    because = f"{count} {VOCABULARY[name].words}, {compared} {minimum}"
    return Answer(passes, because, case.inputs(name))


def _mrd(threshold: DiseaseThreshold, case: Case) -> Answer:
    percent = case.amount("mrd_percent_of_nucleated_cells")
    if percent is None:
        return lacking("mrd_percent_of_nucleated_cells")
    positive = threshold.mrd_positive(percent)
    compared = "above" if positive else "not above"
    because = f"{measured(case, 'mrd_percent_of_nucleated_cells')} is {compared} {threshold.mrd_percent_above}"
    return Answer(positive, because, case.inputs("mrd_percent_of_nucleated_cells"))

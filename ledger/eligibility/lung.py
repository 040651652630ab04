"""The forced vital capacity (FVC) in percent of predicted; for children who cannot do spirometry, the saturation.

The saturation on room air stands in only below the protocol's age on the day on which it was taken, and only where
spirometry was found impossible. A capacity measured before that day is overtaken by it; one measured later counts; both
on one day contradict each other, and nothing is computed. Source: domain I9, A.3-13.
"""

from ledger.eligibility.asking import at_least
from ledger.eligibility.facts import Case
from ledger.eligibility.verdict import Answer, all_of, lacking
from ledger.protocol.eligibility import Lung


def lung(rule: Lung, case: Case) -> Answer:
    """Whether the lung capacity, or the saturation that stands in for it, is large enough."""
    capacity_on, asked_on = case.found_on("fvc_percent_of_predicted"), case.found_on("spirometry_possible")
    impossible = case.yes("spirometry_possible") is False
    if capacity_on is not None and asked_on == capacity_on and impossible:
        both = case.inputs("fvc_percent_of_predicted", "spirometry_possible")
        because = "FVC was measured on the day on which spirometry was found impossible"
        return lacking("spirometry_possible", because=because, inputs=both)
    if not impossible or (capacity_on is not None and asked_on is not None and capacity_on > asked_on):
        return at_least(case, "fvc_percent_of_predicted", rule.fvc_percent_of_predicted_min)
    return _saturation(rule, case)


def _saturation(rule: Lung, case: Case) -> Answer:
    age_years = case.age_at("spo2_percent_on_room_air")
    why = (*case.inputs("spirometry_possible"), case.age_input(age_years))
    if age_years >= rule.spo2_below_age_years:
        because = f"the saturation stands in for FVC only below {rule.spo2_below_age_years} years"
        return lacking("fvc_percent_of_predicted", because=because, inputs=why)
    taken = at_least(case, "spo2_percent_on_room_air", rule.spo2_percent_min)
    return all_of((Answer(True, "spirometry is impossible", why), taken))

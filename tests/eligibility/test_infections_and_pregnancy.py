"""X3 and X4, and X5 where a protocol has it computed. Met means excluded."""

import pytest

from tests.eligibility.cases import Findings, assessed, patient, verdicts

COMPUTED = assessed("computed", "X5")
CLEAR: Findings = {"active_hbv": False, "active_hcv": False, "active_hiv": False}
TESTED: Findings = {"pregnancy_test": "negative", "lactating": False}
GIRL, TWELVE, WOMAN = "2014-04", "2014-03", "2006-03"


@pytest.mark.parametrize("infection", sorted(CLEAR))
def test_x3_each_active_infection_excludes_and_each_has_to_be_looked_for(infection: str) -> None:
    assert verdicts(patient(CLEAR), protocol=COMPUTED)["X3"].met is False
    assert verdicts(patient({**CLEAR, infection: True}), protocol=COMPUTED)["X3"].met is True
    assert verdicts(patient({infection: True}), protocol=COMPUTED)["X3"].met is True
    left = verdicts(patient({name: no for name, no in CLEAR.items() if name != infection}), protocol=COMPUTED)["X3"]
    assert (left.met, left.missing) == (None, (infection,))


def test_x3_is_another_rule_than_x5() -> None:
    both = verdicts(patient({**CLEAR, "uncontrolled_infection": True}), protocol=COMPUTED)
    assert (both["X3"].met, both["X5"].met) == (False, True)


@pytest.mark.parametrize(
    ("rule", "sex", "born", "findings", "met", "missing"),
    [
        ("X4", "female", TWELVE, {}, None, ("pregnancy_test", "lactating")),
        ("X4", "female", GIRL, {"menarche": True}, None, ("pregnancy_test", "lactating")),
        ("X4", "female", TWELVE, {"menarche": False}, None, ("pregnancy_test", "lactating")),
        ("X4", "female", WOMAN, {**TESTED, "pregnancy_test": "positive"}, True, ()),
        ("X4", "female", WOMAN, {"pregnancy_test": "positive"}, True, ()),
        ("X4", "female", WOMAN, {"lactating": True}, True, ()),
        ("X4", "female", WOMAN, {"pregnancy_test": "negative"}, None, ("lactating",)),
        ("X4", "female", WOMAN, {"lactating": False}, None, ("pregnancy_test",)),
        ("X4", "female", GIRL, {"pregnancy_test": "positive"}, True, ()),
        ("X4", "female", GIRL, {"lactating": True}, True, ()),
    ],
)
def test_x4_is_asked_of_a_female_from_twelve_or_menarche_on(
    rule: str, sex: str, born: str, findings: Findings, met: bool | None, missing: tuple[str, ...]
) -> None:
    verdict = verdicts(patient(findings, born, sex), protocol=COMPUTED)[rule]
    assert (verdict.met, verdict.missing) == (met, missing)

"""Rules that a protocol may need and its document cannot state yet: infections, pregnancy, the rule of each disease."""

from typing import Literal

from pydantic import Field

from ledger.protocol.eligibility import Threshold
from ledger.protocol.terms import Days, Distinct, RuleId, Years
from ledger.types import Frozen, Name, Several


class Infections(Threshold):
    """Infections of which none may be there."""

    findings: Distinct[Literal["active_hbv", "active_hcv", "active_hiv", "uncontrolled_infection"]] = Field(
        min_length=1
    )


class Pregnancy(Threshold):
    """From which age a girl is tested (earlier after menarche), and for how many days a test without finding holds."""

    test_from_age_years: Years
    test_valid_days: Days


class DiseaseRule(Frozen):
    """The part of the criterion that states the rule for one disease, such as `I2b`."""

    disease: Name
    rule: RuleId


class Supplement(Frozen):
    """What is known of a protocol beside its document."""

    infections: Several[Infections] = Field(default=())
    pregnancy: Pregnancy | None = None
    disease_rules: Several[DiseaseRule] = Field(default=())

    def rule_of(self, disease: str | None) -> str | None:
        """The rule for a disease; none where it is not said."""
        return next((each.rule for each in self.disease_rules if each.disease == disease), None)


NO_SUPPLEMENT = Supplement()

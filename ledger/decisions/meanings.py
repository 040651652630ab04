"""What has to be signed, and what signing it means, in words: one table, by command.

These are the commands that only a signer may give. What several roles report, or enter without deciding anything by it
(the readiness of a patient, a planned dose, when a letter came in), is not among them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ledger.decisions import (
    bedside,
    consent,
    dlt,
    donor,
    dose_decision,
    enrolment,
    holds,
    infusion,
    privacy,
    products_release,
    reporting,
    review,
    safety,
    safety_reviews,
    screening,
    setup,
)
from ledger.decisions.docket import Command

Meaning = str | Callable[[Any], str]


def _either(member: str, yes: str, no: str) -> Callable[[Command], str]:
    """The one meaning or the other, by a member that is true or false."""
    return lambda command: yes if getattr(command, member) else no


_DISPOSITIONS: Final = {
    "released": "I release this product for use",
    "conditional": "I release this product for use before its last result",
    "quarantined": "I keep this product in quarantine",
    "rejected": "I reject this product",
}


def _disposition(command: products_release.SetDisposition) -> str:
    return _DISPOSITIONS[command.disposition]


def _vote(command: dose_decision.SignDoseDecision) -> str:
    agrees = command.vote == "agree"
    return f"I {'agree with' if agrees else 'vote against'} this dose decision on the dossier that I was shown"


MEANINGS: Final[Mapping[type[Command], Meaning]] = MappingProxyType(
    {
        setup.ProposeProtocolVersion: "I propose this protocol version",
        setup.ApproveProtocolVersion: "I approve this protocol version",
        setup.SignInterpretation: "I approve this reading of the protocol",
        setup.CloseEnrolment: "I close enrolment in this trial",
        consent.RequireReconsent: "I require consent to this form from those who take part",
        screening.SignDetermination: _either(
            "met", "I determine that this criterion is met", "I determine that this criterion is not met"
        ),
        screening.ConfirmEligibility: "I confirm that this patient is eligible",
        donor.DetermineDonorEligibility: _either(
            "eligible", "I determine that this donor may give", "I determine that this donor may not give"
        ),
        donor.SelectDonor: "I select this donor",
        enrolment.OpenCohort: "I open the start level for dosing",
        enrolment.ReassignDoseLevel: "I move this patient to this dose level",
        infusion.AuthoriseInfusion: "I calculated this dose a second time, and authorise this infusion",
        bedside.SignBedsideCheck: "I compared patient, product and chain of identity at the bedside, and they match",
        products_release.SetDisposition: _disposition,
        safety.ConfirmGrade: "I confirm this grade",
        safety.AssessAttribution: "I assessed how this event is related to the intervention",
        reporting.ClassifySae: "I classify this adverse event",
        safety_reviews.RecordSafetyReview: "I confirm that this safety review was held as recorded",
        dlt.RuleOnDlt: _either(
            "is_dlt", "I rule that this toxicity was dose-limiting", "I rule that this toxicity was not dose-limiting"
        ),
        dlt.CloseDltWindow: "I close this observation window on the assessments recorded",
        dlt.DetermineEvaluability: _either(
            "evaluable", "I determine that this patient is evaluable", "I determine that this patient is not evaluable"
        ),
        dose_decision.ProposeDoseDecision: "I propose this outcome on the dossier that I was shown",
        dose_decision.SignDoseDecision: _vote,
        dose_decision.ReportPaperDecision: "I confirm that this decision was taken on paper as entered",
        holds.LiftHold: "I lift this hold on the review recorded",
        privacy.ConfirmErasure: "I confirm that the texts about this patient are destroyed for good",
        privacy.ConfirmRedaction: "I confirm that this text is destroyed for good",
        review.EndorseData: "I confirm that these data are accurate and complete",
    }
)
"""By command: the meaning of a signature, or how it follows from the command."""


def meaning_of(command: Command) -> str | None:
    """What signing a command means; none where it is not signed."""
    meaning = MEANINGS.get(type(command))
    return meaning(command) if callable(meaning) else meaning

"""What the parts of a protocol document must agree on. Each check says, for each fault, where it is and what it is.
A doubt blocks nothing: it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ledger.protocol.eligibility import Infections
from ledger.types import add_months

if TYPE_CHECKING:
    from ledger.protocol.document import ProtocolDocument


def faults(protocol: ProtocolDocument) -> Iterator[str]:
    """Every disagreement between parts of the document; none in a sound one."""
    for check in (_phases, _escalation, _time, _criteria, _references, _choices):
        yield from check(protocol)


def doubts(protocol: ProtocolDocument) -> Iterator[str]:
    """What the document says and cannot keep (A.3-21): follow-up that ends after the planned completion.

    A graft after the day named is followed for longer than the trial is planned to last. The cohorts up to the top
    need at least the sentinel's observation and the DLT window each, one after the other.
    """
    begins, ends = protocol.planned_start_on, protocol.planned_completion_on
    if begins is None or ends is None:
        return
    last_graft_on = add_months(ends, -12 * protocol.follow_up_years)
    dosed_days = protocol.day_of(protocol.last_ordinal) - protocol.day_of(1)
    watched_days = protocol.sentinel.observation_days + protocol.dlt_window.days_after_last_infusion
    needed_days = (protocol.top - protocol.start + 1) * (2 * dosed_days + watched_days)
    if (last_graft_on - begins).days < needed_days:
        yield (
            f"planned_completion_on: {protocol.follow_up_years} years of follow-up end by then for a graft by"
            f" {last_graft_on}, {(last_graft_on - begins).days} days after the planned start; the cohorts need at"
            f" least {needed_days} (A.3-21)"
        )


def _phases(protocol: ProtocolDocument) -> Iterator[str]:
    if ("II" in protocol.phases) != (protocol.phase_2 is not None):
        yield "phase_2: stated exactly when the phases include II"
    begins, ends = protocol.planned_start_on, protocol.planned_completion_on
    if begins is not None and ends is not None and ends <= begins:
        yield "planned_completion_on: not after the planned start"


def _escalation(protocol: ProtocolDocument) -> Iterator[str]:
    if protocol.stopping.level not in protocol.levels():
        yield "stopping.level: not a level of the ladder"
    if not set(protocol.readiness.nonhaematologic_ordinals) <= set(protocol.ordinals()):
        yield "readiness.nonhaematologic_ordinals: not an infusion of this protocol"


def _time(protocol: ProtocolDocument) -> Iterator[str]:
    watched = protocol.dlt_window.days_after_last_infusion
    if protocol.sentinel.observation_days > watched:
        yield "sentinel.observation_days: longer than the DLT window"
    if protocol.dlt_window.daily_assessment_days > watched:
        yield "dlt_window.daily_assessment_days: longer than the DLT window"
    if protocol.readiness.oxygen_valid_hours > protocol.readiness.valid_hours:
        yield "readiness.oxygen_valid_hours: longer than the whole readiness holds"


def _criteria(protocol: ProtocolDocument) -> Iterator[str]:
    stated = {re.sub(r"[a-z]$", "", rule.id) for rule in protocol.rules}
    for place, criterion in enumerate(protocol.eligibility.criteria):
        if criterion.id not in stated:
            yield f"eligibility.criteria.{place}: no rule states this criterion"
    for threshold in protocol.eligibility.thresholds():
        decided = protocol.eligibility.criterion(threshold.criterion)
        beside = isinstance(threshold, Infections)
        if decided is not None and decided.assessed_by == "determination" and not beside:
            yield "eligibility: a threshold does not decide what a determination decides"
    if protocol.rule(protocol.eligibility.age.rule) is None:
        yield "eligibility.age.rule: not a rule of this protocol"
    yield from _parts(protocol)


def _parts(protocol: ProtocolDocument) -> Iterator[str]:
    """The rule of a disease, and the criteria that consent and the donor meet."""
    diseases = protocol.eligibility.disease.diseases if protocol.eligibility.disease is not None else ()
    for place, threshold in enumerate(diseases):
        if threshold.rule is not None and protocol.rule(threshold.rule) is None:
            yield f"eligibility.disease.diseases.{place}.rule: not a rule of this protocol"
    for part, established in (("consent", protocol.consent.criterion), ("donor", protocol.donor.criterion)):
        if established is not None:
            criterion = protocol.eligibility.criterion(established)
            if criterion is None or criterion.kind != "inclusion" or criterion.assessed_by != "computed":
                yield f"{part}.criterion: not an inclusion criterion that is computed"


def _references(protocol: ProtocolDocument) -> Iterator[str]:
    if _repeats([rule.id for rule in protocol.rules]):
        yield "rules: a rule is listed twice"
    if _repeats([interpretation.id for interpretation in protocol.interpretations]):
        yield "interpretations: an interpretation is listed twice"
    awaited = protocol.eligibility.age.flag_interpretation
    if awaited is not None and protocol.interpretation(awaited) is None:
        yield "eligibility.age.flag_interpretation: not an interpretation of this protocol"


def _choices(protocol: ProtocolDocument) -> Iterator[str]:
    choices = [dose.choice for dose in protocol.schedule if dose.choice is not None]
    if any(choices.count(choice) == 1 for choice in choices):
        yield "schedule: a choice has one agent only"
    for place, dose in enumerate(protocol.schedule):
        if dose.only_if_donor is not None and dose.only_if_donor not in protocol.donor.types:
            yield f"schedule.{place}.only_if_donor: not a donor type of this protocol"


def _repeats(ids: list[str]) -> bool:
    return len(set(ids)) < len(ids)

"""How each event changes what a trial amounts to. Evolving refuses nothing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from immutables import Map

from ledger.protocol.document import ProtocolDocument
from ledger.record import Record
from ledger.trial import dosing as d
from ledger.trial import events as e
from ledger.trial import evidence_state, privacy_state
from ledger.trial import reviews as r
from ledger.trial import signatures as s
from ledger.trial.state import Decision, Delegation, Hold, Quarantined, Trial, Version
from ledger.types import Event, changed


def _registered(trial: Trial, event: e.TrialRegistered, record: Record) -> Trial:
    return changed(trial, registered=event, registered_by=record.actor.id)


def _proposed(trial: Trial, event: e.ProtocolVersionProposed, record: Record) -> Trial:
    document = ProtocolDocument.model_validate(event.document)
    version = Version(event.version, document, event.document_sha256, event.effective_on, record.actor.id)
    return changed(trial, versions=trial.versions.set(event.version, version))


def _ethics(trial: Trial, event: e.EthicsApprovalRecorded, record: Record) -> Trial:
    return _with_version(trial, event.version, ethics=True)


def _approved(trial: Trial, event: e.ProtocolVersionApproved, record: Record) -> Trial:
    return _with_version(trial, event.version, approved_at=record.occurred_at)


def _with_version(trial: Trial, number: int, **changes: Any) -> Trial:
    version = trial.versions.get(number)
    return (
        trial if version is None else changed(trial, versions=trial.versions.set(number, changed(version, **changes)))
    )


def _reading_proposed(trial: Trial, event: e.ProtocolInterpretationProposed, record: Record) -> Trial:
    proposed = trial.interpretations_proposed.set(event.item, (event.reading, record.actor.id))
    return changed(trial, interpretations_proposed=proposed)


def _reading(trial: Trial, event: e.ProtocolInterpretationRecorded, record: Record) -> Trial:
    proposed = trial.interpretations_proposed
    if event.item in proposed:
        proposed = proposed.delete(event.item)
    readings = trial.interpretations.set(event.item, event.reading)
    return changed(trial, interpretations=readings, interpretations_proposed=proposed)


def _site(trial: Trial, event: e.SiteOpened, record: Record) -> Trial:
    return changed(trial, sites=trial.sites.set(event.site, event.utc_offset))


def _source(trial: Trial, event: e.SourceRegistered, record: Record) -> Trial:
    return changed(trial, sources=trial.sources.set(event.system, event.site))


def _delegated(trial: Trial, event: e.RoleDelegated, record: Record) -> Trial:
    key = (event.person, event.role, event.site)
    given = Delegation(event.from_on, event.to_on, record.actor.id, record.position, event.training)
    return changed(trial, delegations=trial.delegations.set(key, (*trial.delegations.get(key, ()), given)))


def _revoked(trial: Trial, event: e.RoleRevoked, record: Record) -> Trial:
    key = (event.person, event.role, event.site)
    ended = {"to_on": event.ends_on, "ended_by": record.actor.id, "ended_at": record.position}
    held = trial.delegations.get(key, ())
    kept = tuple(changed(each, **ended) if each.reaches_beyond(event.ends_on) else each for each in held)
    return changed(trial, delegations=trial.delegations.set(key, kept)) if held else trial


def _held(trial: Trial, event: d.HoldApplied, record: Record) -> Trial:
    hold = Hold(
        scope=event.scope,
        level=event.level,
        cause=event.cause,
        automatic=event.automatic,
        position=record.position,
        patient=event.patient,
        adverse_event=event.adverse_event,
        grade=event.grade,
    )
    return changed(trial, holds=trial.holds.set(event.hold, hold))


def _lifted(trial: Trial, event: d.HoldLifted, record: Record) -> Trial:
    hold = trial.holds.get(event.hold)
    if hold is None:
        return trial
    lifted = changed(hold, lifted=True, safety_review=event.safety_review)
    return changed(trial, holds=trial.holds.set(event.hold, lifted))


def _decision_proposed(trial: Trial, event: d.DoseDecisionProposed, record: Record) -> Trial:
    decision = Decision(
        number=event.decision,
        position=record.position,
        outcome=event.outcome,
        from_level=event.from_level,
        to_level=event.to_level,
        inputs_hash=event.inputs_hash,
        basis=event.basis,
        proposed_by=record.actor.id,
        override=event.override,
        advice=event.design_advice,
        data_cut_off=event.data_cut_off,
    )
    return changed(trial, decisions=trial.decisions.set(event.decision, decision))


def _with_decision(trial: Trial, number: int, **changes: Any) -> Trial:
    decision = trial.decisions.get(number)
    if decision is None:
        return trial
    return changed(trial, decisions=trial.decisions.set(number, changed(decision, **changes)))


def _decision_signed(trial: Trial, event: d.DoseDecisionSigned, record: Record) -> Trial:
    decision = trial.decisions.get(event.decision)
    votes = decision.votes if decision else Map()
    return _with_decision(trial, event.decision, votes=votes.set(event.member, (event.role, event.vote)))


def _decision_taken(trial: Trial, event: d.DoseDecisionTaken, record: Record) -> Trial:
    if event.decision not in trial.decisions:
        paper = Decision(event.decision, record.position, event.outcome, None, event.to_level, None)
        trial = changed(trial, decisions=trial.decisions.set(event.decision, paper))
    return _with_decision(trial, event.decision, taken=record.position, taken_at=record.occurred_at)


def _basis_superseded(trial: Trial, event: d.DecisionBasisSuperseded, record: Record) -> Trial:
    return _with_decision(trial, event.decision, superseded=True)


def _acknowledged(trial: Trial, event: d.NoticeAcknowledged, record: Record) -> Trial:
    key = (event.about, event.party)
    return trial if key in trial.acknowledged else changed(trial, acknowledged=trial.acknowledged.set(key, event))


def _mtd(trial: Trial, event: d.MtdDeclared, record: Record) -> Trial:
    return changed(trial, mtd=event.level, mtd_decision=event.decision, mtd_not_reached=False)


def _mtd_not_reached(trial: Trial, event: d.MtdNotReached, record: Record) -> Trial:
    return changed(trial, mtd=None, mtd_decision=event.decision, mtd_not_reached=True)


def _rp2d(trial: Trial, event: d.Rp2dSelected, record: Record) -> Trial:
    return changed(trial, rp2d=event.level)


def _mtd_superseded(trial: Trial, event: d.MtdSuperseded, record: Record) -> Trial:
    return changed(trial, mtd=None, mtd_decision=None, mtd_not_reached=False)


def _rp2d_withdrawn(trial: Trial, event: d.Rp2dWithdrawn, record: Record) -> Trial:
    return changed(trial, rp2d=None, phase_two_since=None)


def _phase_entered(trial: Trial, event: d.PhaseEntered, record: Record) -> Trial:
    decision = trial.decisions.get(event.decision)
    taken_at = decision.taken_at if decision else None
    return changed(trial, phase_two_since=trial.phase_two_since or taken_at or record.occurred_at)


def _stopped(trial: Trial, event: d.TrialStoppedPrematurely, record: Record) -> Trial:
    return changed(trial, stopped=event.criterion)


def _closed(trial: Trial, event: e.EnrolmentClosed, record: Record) -> Trial:
    return changed(trial, enrolment_closed=event.cause)


def _quarantined(trial: Trial, event: e.ReportQuarantined, record: Record) -> Trial:
    found = Quarantined(event, record.recorded_at)
    return changed(trial, quarantine=trial.quarantine.set(event.quarantine, found))


def _resolved(trial: Trial, event: e.QuarantineResolved, record: Record) -> Trial:
    found = trial.quarantine.get(event.quarantine)
    if found is None:
        return trial
    resolved = changed(found, resolved=True, patient=event.patient)
    return changed(trial, quarantine=trial.quarantine.set(event.quarantine, resolved))


def _deviated(trial: Trial, event: e.TrialDeviationRecorded, record: Record) -> Trial:
    return changed(trial, deviations=trial.deviations + 1)


def _safety_reviewed(trial: Trial, event: r.SafetyReviewHeld, record: Record) -> Trial:
    return changed(trial, safety_reviews=trial.safety_reviews.set(event.review, event))


def _signed(trial: Trial, event: s.RecordSigned, record: Record) -> Trial:
    """A signature adds nothing to what is on record; what it covers is kept beside all aggregates (`signatures.py`)."""
    return trial


def _reference_approved(trial: Trial, event: r.ReferenceSafetyInformationApproved, record: Record) -> Trial:
    return changed(trial, reference_safety=trial.reference_safety.set(event.version, event.effective_on))


PARTS: Mapping[str, Mapping[type[Event], Callable[[Any, Any, Record], Any]]] = MappingProxyType(
    {"evidence": evidence_state.STEPS, "privacy": privacy_state.STEPS}
)
"""Members of the trial that evolve by themselves: the member's name, and the steps that its own file lists."""


def _within(member: str, step: Callable[[Any, Any, Record], Any]) -> Callable[[Trial, Any, Record], Trial]:
    """A step of one member as a step of the trial."""

    def evolved(trial: Trial, event: Event, record: Record) -> Trial:
        return changed(trial, **{member: step(getattr(trial, member), event, record)})

    return evolved


TRIAL_EVOLUTION: Mapping[type[Event], Callable[[Trial, Any, Record], Trial]] = MappingProxyType(
    {
        e.TrialRegistered: _registered,
        e.ProtocolVersionProposed: _proposed,
        e.EthicsApprovalRecorded: _ethics,
        e.ProtocolVersionApproved: _approved,
        e.ProtocolInterpretationProposed: _reading_proposed,
        e.ProtocolInterpretationRecorded: _reading,
        e.SiteOpened: _site,
        e.SourceRegistered: _source,
        e.RoleDelegated: _delegated,
        e.RoleRevoked: _revoked,
        d.HoldApplied: _held,
        d.HoldLifted: _lifted,
        d.DoseDecisionProposed: _decision_proposed,
        d.DoseDecisionSigned: _decision_signed,
        d.DoseDecisionTaken: _decision_taken,
        d.DecisionBasisSuperseded: _basis_superseded,
        d.NoticeAcknowledged: _acknowledged,
        d.MtdDeclared: _mtd,
        d.MtdNotReached: _mtd_not_reached,
        d.Rp2dSelected: _rp2d,
        d.MtdSuperseded: _mtd_superseded,
        d.Rp2dWithdrawn: _rp2d_withdrawn,
        d.PhaseEntered: _phase_entered,
        d.TrialStoppedPrematurely: _stopped,
        e.EnrolmentClosed: _closed,
        r.SafetyReviewHeld: _safety_reviewed,
        r.ReferenceSafetyInformationApproved: _reference_approved,
        e.ReportQuarantined: _quarantined,
        e.QuarantineResolved: _resolved,
        e.TrialDeviationRecorded: _deviated,
        s.RecordSigned: _signed,
        **{kind: _within(member, step) for member, steps in PARTS.items() for kind, step in steps.items()},
    }
)


def evolve(trial: Trial, record: Record) -> Trial:
    """The trial after one more record of its stream."""
    if record.conflicts_with is None:
        trial = TRIAL_EVOLUTION[type(record.event)](trial, record.event, record)
    return changed(trial, version=record.stream_version)

"""What the evidence events of a trial amount to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ledger.record import Record
from ledger.trial import evidence as e
from ledger.types import Event, changed


@dataclass(frozen=True, slots=True)
class Evidence:
    """The log's key, its witnesses and authorities, and the highest head that a quorum cosigned.

    `recovered_from`: size and root of what was signed and lost, of the last recovery.
    """

    log_key: str | None = None
    policy: tuple[str, ...] = ()
    authorities: tuple[e.Authority, ...] = ()
    quorum_size: int = 0
    anchored_size: int = 0
    anomalies: int = 0
    recovered_from: tuple[int, str] | None = None
    quorum_before_exposure: bool = False


def _key(evidence: Evidence, event: e.LogKeyEnrolled, record: Record) -> Evidence:
    return changed(evidence, log_key=event.verifier_key)


def _policy(evidence: Evidence, event: e.WitnessPolicySet, record: Record) -> Evidence:
    return changed(evidence, policy=event.lines)


def _authorities(evidence: Evidence, event: e.AnchorPolicySet, record: Record) -> Evidence:
    return changed(evidence, authorities=event.authorities)


def _anchored(evidence: Evidence, event: e.AnchorRecorded, record: Record) -> Evidence:
    return changed(evidence, anchored_size=max(evidence.anchored_size, event.size))


def _quorum(evidence: Evidence, event: e.EvidenceQuorumReached, record: Record) -> Evidence:
    return changed(evidence, quorum_size=max(evidence.quorum_size, event.size))


def _anomaly(evidence: Evidence, event: e.ClockAnomaly, record: Record) -> Evidence:
    return changed(evidence, anomalies=evidence.anomalies + 1)


def _recovered(evidence: Evidence, event: e.RecoveryRecorded, record: Record) -> Evidence:
    return changed(evidence, recovered_from=(event.signed_size, event.signed_root))


def _settings(evidence: Evidence, event: e.SettingsSet, record: Record) -> Evidence:
    return changed(evidence, quorum_before_exposure=event.quorum_before_exposure)


STEPS: Mapping[type[Event], Callable[[Evidence, Any, Record], Evidence]] = MappingProxyType(
    {
        e.LogKeyEnrolled: _key,
        e.WitnessPolicySet: _policy,
        e.AnchorPolicySet: _authorities,
        e.AnchorRecorded: _anchored,
        e.EvidenceQuorumReached: _quorum,
        e.ClockAnomaly: _anomaly,
        e.RecoveryRecorded: _recovered,
        e.SettingsSet: _settings,
    }
)

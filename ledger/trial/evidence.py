"""What happens to the evidence of a trial's log: its keys, who watches it, which of its heads were dated, and what went
wrong with the clock or the file. None of it is clinical."""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from ledger.types import Commitment, Count, Day, Event, Frozen, Instant, Line, Name, Several, Sha256

VerifierKeyText = Annotated[str, StringConstraints(pattern=r"^[^\s+]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}={0,2}$")]
"""A public key with its name (C2SP signed-note, verifier keys)."""

SignatureText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{86}==$")]
"""An Ed25519 signature in Base 64."""


class LogKeyEnrolled(Event):
    """The key that signs the heads of this log from now on. A later key is signed in by the one that it replaces:
    `signed_by_old_key` is over the new key's text and a newline."""

    NAME: ClassVar[str] = "trial.log-key-enrolled.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("verifier_key",)

    verifier_key: VerifierKeyText
    replaces: VerifierKeyText | None
    signed_by_old_key: SignatureText | None


class WitnessPolicySet(Event):
    """Who cosigns the heads of this log, and how many have to: the lines of a tlog-policy file (C2SP)."""

    NAME: ClassVar[str] = "trial.witness-policy-set.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ()

    lines: Several[Line]
    policy_sha256: Sha256


class Authority(Frozen):
    """A time-stamp authority: its name here, where it answers, and the SHA-256 of its root certificates (PEM)."""

    name: Name
    url: Line
    roots_sha256: Sha256


class AnchorPolicySet(Event):
    """Which time-stamp authorities (RFC 3161) date the heads of this log."""

    NAME: ClassVar[str] = "trial.anchor-policy-set.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ()

    authorities: Several[Authority]


class AnchorRecorded(Event):
    """An authority dated a head. The hash of its token stands here, so that a token that is dropped is missed."""

    NAME: ClassVar[str] = "trial.anchor-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("size", "authority")

    size: Count
    authority: Name
    token_sha256: Sha256
    stamped_at: Instant


class Cosigner(Frozen):
    """A witness that cosigned, by its name in the policy, and when by its clock."""

    name: Line
    cosigned_at: Instant


class EvidenceQuorumReached(Event):
    """So many witnesses cosigned a head as the policy asks for."""

    NAME: ClassVar[str] = "trial.evidence-quorum-reached.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("size",)

    size: Count
    root: Sha256
    cosigners: Several[Cosigner]


class ClockAnomaly(Event):
    """The server's clock left its steady clock, or that of a witness or an authority, by more than the tolerance.

    `off_by_milliseconds`: positive where the server's clock is ahead.
    """

    NAME: ClassVar[str] = "trial.clock-anomaly.v1"

    against: Literal["steady-clock", "witness", "authority"]
    off_by_milliseconds: int


class RecoveryRecorded(Event):
    """The ledger was found behind, or beside, a head that was signed before: an old copy was restored. A person says
    why, and goes on. What was signed and is gone is named."""

    NAME: ClassVar[str] = "trial.recovery-recorded.v1"
    KEY: ClassVar[tuple[str, ...] | None] = ("signed_size", "signed_root")

    signed_size: Count
    signed_root: Sha256
    found_size: Count
    found_root: Sha256
    found_on: Day
    circumstances: Commitment


class SettingsSet(Event):
    """How strict this trial is about its evidence.

    `quorum_before_exposure`: at a level that a decision opened, nobody is assigned or infused before a quorum of
    witnesses cosigned a head that holds the decision.
    """

    NAME: ClassVar[str] = "trial.settings-set.v1"
    NEWEST: ClassVar[tuple[str, ...] | None] = ()

    quorum_before_exposure: bool


EVIDENCE_EVENTS: tuple[type[Event], ...] = (
    LogKeyEnrolled,
    WitnessPolicySet,
    AnchorPolicySet,
    AnchorRecorded,
    EvidenceQuorumReached,
    ClockAnomaly,
    RecoveryRecorded,
    SettingsSet,
)

MADE_BY_EVIDENCE: frozenset[type[Event]] = frozenset({AnchorRecorded, EvidenceQuorumReached, ClockAnomaly})
"""What the evidence itself writes: by it alone no further head falls due."""

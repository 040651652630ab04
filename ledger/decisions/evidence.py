"""What is recorded about the evidence itself: keys, policies, dated heads, anomalies, recoveries, and how strict the
trial is. The ledger's own evidence worker reports what it found; people enrol, set and recover."""

from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import AlreadySo, Command, Decisions, Docket, Follows, report
from ledger.evidence.verify import ED25519, Bad, Policy, VerifierKey, unbase64
from ledger.record import TRIAL, Entry
from ledger.trial import evidence as e
from ledger.types import Commitment, Count, Day, Event, Instant, Line, Name, Several, Sha256


class EnrolLogKey(Command):
    """Name the key that signs this log's heads; a later one is signed by the one it replaces."""

    verifier_key: e.VerifierKeyText
    signed_by_old_key: e.SignatureText | None = None


class SetWitnessPolicy(Command):
    """Name the witnesses and the quorum, as the lines of a tlog-policy file."""

    lines: Several[Line]
    policy_sha256: Sha256


class SetAnchorPolicy(Command):
    """Name the time-stamp authorities."""

    authorities: Several[e.Authority]


class RecordAnchor(Command):
    """Record that an authority dated a head."""

    size: Count
    authority: Name
    token_sha256: Sha256
    stamped_at: Instant


class RecordQuorum(Command):
    """Record that a quorum of witnesses cosigned a head."""

    size: Count
    root: Sha256
    cosigners: Several[e.Cosigner]


class NoteClockAnomaly(Command):
    """Record that the server's clock went wrong."""

    against: str
    off_by_milliseconds: int


class RecordRecovery(Command):
    """Say why the ledger is behind a head that was signed, and that it goes on."""

    signed_size: Count
    signed_root: Sha256
    found_size: Count
    found_root: Sha256
    found_on: Day
    circumstances: Commitment


class SetSettings(Command):
    """Say how strict the trial is about its evidence."""

    quorum_before_exposure: bool


def enrol_log_key(docket: Docket, command: EnrolLogKey) -> Follows:
    """A key for another log, of small order, or not signed in by the key before it is refused."""
    before = docket.world.trial.evidence.log_key
    try:
        key = VerifierKey.parse(command.verifier_key)
    except Bad as bad:
        raise no.WeakLogKey(str(bad)) from None
    if key.name != docket.world.origin or key.kind != ED25519:
        raise no.WeakLogKey("a log's key is an Ed25519 key in the name of the log's origin")
    event = e.LogKeyEnrolled(
        verifier_key=command.verifier_key,
        replaces=before,
        signed_by_old_key=command.signed_by_old_key if before else None,
    )
    if (on_record := docket.world.on_record(TRIAL, event, docket.now)) is not None:
        return AlreadySo(on_record)
    if before is not None:
        signature = unbase64(command.signed_by_old_key or "", "key.rotation")
        if not VerifierKey.parse(before).verifies(signature, note_of_key(command.verifier_key)):
            raise no.LogKeyNotSignedIn("the key in use did not sign the new one")
    return report(docket, TRIAL, event)


def note_of_key(verifier_key: str) -> bytes:
    """What a key signs to bring in the one after it: the new key's text, as one line."""
    return f"{verifier_key}\n".encode()


def set_witness_policy(docket: Docket, command: SetWitnessPolicy) -> Follows:
    """A policy that cannot be read, or that lets no head of this log count, is refused."""
    try:
        policy = Policy.parse("".join(f"{line}\n" for line in command.lines).encode())
    except Bad as bad:
        raise no.UnreadablePolicy(str(bad)) from None
    registered = docket.world.trial.registered
    if registered is not None and registered.origin not in {key.name for key in policy.logs}:
        raise no.UnreadablePolicy("the policy does not name this log")
    return report(docket, TRIAL, e.WitnessPolicySet(**command.model_dump()))


def set_anchor_policy(docket: Docket, command: SetAnchorPolicy) -> Follows:
    return report(docket, TRIAL, e.AnchorPolicySet(**command.model_dump()))


def record_anchor(docket: Docket, command: RecordAnchor) -> Follows:
    return _dated_elsewhere(docket, e.AnchorRecorded(**command.model_dump()))


def record_quorum(docket: Docket, command: RecordQuorum) -> Follows:
    return _dated_elsewhere(docket, e.EvidenceQuorumReached(**command.model_dump()))


def _dated_elsewhere(docket: Docket, event: Event) -> Follows:
    """What others dated by their clocks, which ours does not judge."""
    on_record = docket.world.on_record(TRIAL, event, docket.now)
    return (Entry(TRIAL, event),) if on_record is None else AlreadySo(on_record)


def note_clock_anomaly(docket: Docket, command: NoteClockAnomaly) -> Follows:
    return report(docket, TRIAL, e.ClockAnomaly.model_validate(command.model_dump()))


def record_recovery(docket: Docket, command: RecordRecovery) -> Follows:
    """Signed by the sponsor's medical monitor or the principal investigator, in an installation's log by whoever runs
    it; nothing is asked of the old copy."""
    if docket.world.installation.opened is None:
        docket.signer("medical_monitor", "principal_investigator")
    return report(docket, TRIAL, e.RecoveryRecorded(**command.model_dump()))


def set_settings(docket: Docket, command: SetSettings) -> Follows:
    docket.signer("medical_monitor")
    return report(docket, TRIAL, e.SettingsSet(**command.model_dump()))


BY_THE_LEDGER: Final[frozenset[type[Command]]] = frozenset({EnrolLogKey, RecordAnchor, RecordQuorum, NoteClockAnomaly})
"""What the ledger reports of itself; nobody asks for it over HTTP."""

DECISIONS: Final[Decisions] = MappingProxyType(
    {
        EnrolLogKey: enrol_log_key,
        SetWitnessPolicy: set_witness_policy,
        SetAnchorPolicy: set_anchor_policy,
        RecordAnchor: record_anchor,
        RecordQuorum: record_quorum,
        NoteClockAnomaly: note_clock_anomaly,
        RecordRecovery: record_recovery,
        SetSettings: set_settings,
    }
)

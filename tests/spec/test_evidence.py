"""Keys, witnesses and settings of a trial's log, and what the quorum of witnesses permits."""

import base64
from datetime import UTC, datetime

import pytest

from ledger.decisions import enrolment, evidence
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import COSIGNATURE, ED25519
from ledger.refusals import EvidenceQuorumMissing, LogKeyNotSignedIn, NotDelegated, UnreadablePolicy, WeakLogKey
from ledger.trial.evidence import Cosigner, LogKeyEnrolled, RecoveryRecorded
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, PI, SPONSOR, Bench, person
from tests.spec.story import told, trial

ORIGIN = "test.example/trial"
FIRST = SigningKey(ORIGIN, ED25519, bytes(range(32)))
SECOND = SigningKey(ORIGIN, ED25519, bytes(range(1, 33)))
LEDGER = person("ledger", "system", None)


def enrol(key: SigningKey, signed_by: SigningKey | None = None) -> evidence.EnrolLogKey:
    text = key.verifier.spelled()
    signature = base64.b64encode(signed_by.sign(f"{text}\n").signature).decode() if signed_by else None
    return evidence.EnrolLogKey(verifier_key=text, signed_by_old_key=signature)


def quorum(size: int) -> evidence.RecordQuorum:
    seen = Cosigner(name="site", cosigned_at=datetime(2026, 1, 5, tzinfo=UTC))
    return evidence.RecordQuorum(size=size, root="a" * 64, cosigners=(seen,))


def test_the_log_has_a_key_and_a_later_one_is_signed_in_by_it() -> None:
    bench = trial()
    bench.ask(enrol(FIRST), LEDGER)
    (event,) = bench.ask(enrol(SECOND, signed_by=FIRST), LEDGER)
    assert isinstance(event, LogKeyEnrolled)
    assert event.replaces == FIRST.verifier.spelled()
    assert bench.world.trial.evidence.log_key == SECOND.verifier.spelled()


def test_a_key_that_the_key_in_use_did_not_sign_is_refused() -> None:
    bench = trial()
    bench.ask(enrol(FIRST), LEDGER)
    with bench.refuses(LogKeyNotSignedIn):
        bench.ask(enrol(SECOND, signed_by=SECOND), LEDGER)


@pytest.mark.parametrize(
    "key",
    [
        SigningKey("another.example/trial", ED25519, bytes(range(32))).verifier.spelled(),
        SigningKey(ORIGIN, COSIGNATURE, bytes(range(32))).verifier.spelled(),
        f"{ORIGIN}+b8f3b7a0+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
    ids=["another log's", "a witness's", "of small order, or with another ID"],
)
def test_a_weak_key_is_refused(key: str) -> None:
    bench = trial()
    with bench.refuses(WeakLogKey):
        bench.ask(evidence.EnrolLogKey(verifier_key=key), LEDGER)


def test_a_policy_names_this_log() -> None:
    bench = trial()
    lines = (f"log {FIRST.verifier.spelled()}", "quorum none")
    bench.ask(evidence.SetWitnessPolicy(lines=lines, policy_sha256="a" * 64), SPONSOR)
    assert bench.world.trial.evidence.policy == lines
    for unreadable in (("quorum none",), (lines[0],), ("nonsense", *lines)):
        with bench.refuses(UnreadablePolicy):
            bench.ask(evidence.SetWitnessPolicy(lines=unreadable, policy_sha256="a" * 64), SPONSOR)


def escalated() -> Bench:
    """Level 2 was opened by a decision that everybody circulated; the trial wants it witnessed."""
    bench = told("1NNN 2A")
    bench.ask(evidence.SetSettings(quorum_before_exposure=True), SPONSOR)
    return bench


def test_nobody_is_assigned_at_a_newly_opened_level_before_witnesses_saw_the_decision() -> None:
    bench = escalated()
    taken = bench.world.trial.decisions[1].taken
    assert taken is not None
    p.screen(bench, "010")
    bench.ask(enrolment.ReserveSlot(patient="010", level=2))
    bench.ask(enrolment.EnrolPatient(patient="010", planned_transplant_on=bench.now.date()))
    assign = enrolment.AssignDoseLevel(patient="010", level=2)
    with bench.refuses(EvidenceQuorumMissing):
        bench.ask(assign)
    bench.ask(quorum(taken), LEDGER)
    with bench.refuses(EvidenceQuorumMissing):
        bench.ask(assign)
    bench.ask(quorum(taken + 1), LEDGER)
    bench.ask(assign)


def test_nobody_is_infused_there_either() -> None:
    bench = escalated()
    with pytest.raises(EvidenceQuorumMissing):
        p.authorise(bench, "004", 1)
    bench.ask(quorum(bench.world.size), LEDGER)
    p.authorise(bench, "004", 1)


def test_the_start_level_needs_no_witness() -> None:
    bench = trial()
    bench.ask(evidence.SetSettings(quorum_before_exposure=True), SPONSOR)
    p.screen(bench, "001")
    p.place(bench, "001", 1)
    p.authorise(bench, "001", 1)


def test_a_recovery_is_recorded_by_somebody_who_answers_for_it() -> None:
    bench = trial()
    recovery = evidence.RecordRecovery(
        signed_size=120,
        signed_root="a" * 64,
        found_size=98,
        found_root="b" * 64,
        found_on=bench.now.date(),
        circumstances=bench.seal("The disk failed; the backup of the night was restored."),
    )
    with bench.refuses(NotDelegated):
        bench.ask(recovery, INVESTIGATOR)
    (event,) = bench.ask(recovery, PI)
    assert isinstance(event, RecoveryRecorded)
    assert bench.world.trial.evidence.recovered_from == (120, "a" * 64)
    with bench.refuses(NotDelegated):
        bench.ask(evidence.SetSettings(quorum_before_exposure=True), COMMITTEE)

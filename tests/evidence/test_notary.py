"""Heads are signed, cosigned and dated; what is down is asked again; what does not continue what was signed waits."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ledger.application import ClockWatch, TrialLedger
from ledger.decisions import evidence as commands
from ledger.evidence.cosigning import submission_of
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import (
    ED25519,
    INCOMPLETE,
    TAMPERED,
    VERIFIED,
    Checkpoint,
    Policy,
    Trust,
    checkpoint_text,
    verify_bundle,
)
from ledger.record import Head
from ledger.store.backup import backup
from ledger.store.bundle import write_bundle
from ledger.store.errors import AlreadyThere, BehindSignedHead, NothingSigned
from ledger.store.sqlite import SqliteStore
from ledger.trial.evidence import AnchorRecorded, ClockAnomaly, EvidenceQuorumReached
from tests import patients as p
from tests.bench import PI, opened_trial
from tests.evidence.authority import Authority
from tests.evidence.filed import LOG, ORIGIN, POLICY, POLICY_TEXT, Evidence, FiledBench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[FiledBench]:
    made = FiledBench(tmp_path / "trial.ledger")
    made.now = datetime.now(UTC).replace(microsecond=0)
    opened_trial(bench=made, training=False)
    yield made
    made.ledger.close()


@pytest.fixture
def evidence(bench: FiledBench, tmp_path: Path) -> Evidence:
    return Evidence(tmp_path, bench.ledger, lambda: bench.now)


def events(bench: FiledBench, kind: type) -> list[object]:
    return [record.event for record in bench.ledger.store.records() if isinstance(record.event, kind)]


def bundled(bench: FiledBench, tmp_path: Path, name: str = "bundle.zip") -> Path:
    store = bench.ledger.store
    write_bundle(store, tmp_path / name, {"openings.jsonl": bench.ledger.texts.openings(store.size)})
    return tmp_path / name


def test_a_head_is_signed_cosigned_and_named_by_what_comes_after(bench: FiledBench, evidence: Evidence) -> None:
    size, root = bench.ledger.store.size, bench.ledger.store.root
    head = evidence.notary.round()
    assert head is not None
    assert POLICY.signed(checkpoint := Checkpoint.parse(bench.ledger.store.cosigned_note(head)))
    assert (checkpoint.size, checkpoint.root) == (size, root)
    assert set(POLICY.cosigned(checkpoint)) == {"site", "ethics", "cro"}
    assert bench.ledger.store.record(size - 1).after is None
    assert bench.ledger.store.record(size).after == Head(size, root.hex())
    (reached,) = events(bench, EvidenceQuorumReached)
    assert bench.ledger.world.trial.evidence.quorum_size == size
    assert [each.name for each in reached.cosigners] == ["cro", "ethics", "site"]  # type: ignore[attr-defined]


def test_what_the_evidence_writes_itself_makes_no_round_due(bench: FiledBench, evidence: Evidence) -> None:
    evidence.notary.round()
    evidence.notary._grown = False
    evidence.notary._appended(list(bench.ledger.store.records(bench.ledger.store.size - 1)))
    assert not evidence.notary._grown
    assert not evidence.notary._critical


def test_an_end_between_signing_and_keeping_changes_nothing(bench: FiledBench, evidence: Evidence) -> None:
    """The signer signed, and the process was killed before the head was kept: the next round has the same signature."""
    row = bench.ledger.store.head()
    text = checkpoint_text(ORIGIN, row.size, row.root)
    signed = evidence.signer.sign(submission_of(0, (), text.encode()))
    assert signed.status == 200
    assert bench.ledger.store.signed_heads() == []
    head = evidence.notary.round()
    assert head is not None
    assert head.note.decode() == f"{text}\n{signed.body}"


def test_a_witness_that_is_down_blocks_nothing_and_is_asked_again(bench: FiledBench, evidence: Evidence) -> None:
    evidence.down = {"ethics", "cro"}
    evidence.notary.round()
    assert events(bench, EvidenceQuorumReached) == []
    p.screen(bench, "001")
    evidence.down = set()
    evidence.notary.round()
    assert len(events(bench, EvidenceQuorumReached)) == 1
    head = bench.ledger.store.signed_head()
    assert head is not None
    assert len(POLICY.cosigned(Checkpoint.parse(bench.ledger.store.cosigned_note(head)))) == 3


def test_a_bundle_verifies_and_is_the_same_bytes_every_time(
    bench: FiledBench, evidence: Evidence, tmp_path: Path
) -> None:
    with pytest.raises(NothingSigned):
        bundled(bench, tmp_path)
    p.screen(bench, "001")
    evidence.notary.round()
    first, second = bundled(bench, tmp_path), bundled(bench, tmp_path, "again.zip")
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(AlreadyThere):
        bundled(bench, tmp_path)
    report = verify_bundle(first, Trust(POLICY))
    assert (report.exit, report.findings) == (VERIFIED, [])
    assert report.openings == 1
    shutil.unpack_archive(first, tmp_path / "unpacked")
    assert verify_bundle(tmp_path / "unpacked", Trust(POLICY)).exit == VERIFIED
    assert verify_bundle(first, Trust(POLICY), jobs=2).exit == VERIFIED


def test_a_policy_that_is_not_met_is_incomplete_and_another_log_is_tampered(
    bench: FiledBench, evidence: Evidence, tmp_path: Path
) -> None:
    evidence.down = {"site", "ethics", "cro"}
    evidence.notary.round()
    bundle = bundled(bench, tmp_path)
    assert verify_bundle(bundle, Trust(POLICY)).exit == INCOMPLETE
    assert verify_bundle(bundle, Trust(Policy.parse(POLICY_TEXT.replace(b"quorum outside", b"quorum none")))).exit == 0
    stranger = SigningKey(ORIGIN, ED25519, bytes(32)).verifier.spelled().encode()
    other = POLICY_TEXT.replace(LOG.verifier.spelled().encode(), stranger)
    assert verify_bundle(bundle, Trust(Policy.parse(other))).exit == TAMPERED
    nobody = Policy.parse(POLICY_TEXT.replace(b"quorum outside", b"quorum none"))
    assert verify_bundle(bundle, Trust(nobody, newest_older_than_seconds=60, now=0)).exit == INCOMPLETE


def test_a_token_of_an_authority_is_kept_recorded_and_verified_by_others(
    bench: FiledBench, evidence: Evidence, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "tsa")
    evidence.authorities["national"] = authority.stamp
    head = evidence.notary.round(stamp=True)
    assert head is not None
    (anchor,) = bench.ledger.store.anchors()
    assert authority.verifies(anchor.token, head.note)
    assert not authority.verifies(anchor.token, head.note + b"x")
    assert len(events(bench, AnchorRecorded)) == 1
    bundle = bundled(bench, tmp_path)
    trust = Trust(POLICY, tsa_roots=authority.root.read_bytes())
    assert verify_bundle(bundle, trust).exit == VERIFIED
    assert verify_bundle(bundle, Trust(POLICY)).exit == INCOMPLETE
    stranger = Trust(POLICY, tsa_roots=Authority(tmp_path / "stranger").root.read_bytes())
    assert verify_bundle(bundle, stranger).exit == TAMPERED


def test_an_old_copy_is_noticed_takes_nothing_and_goes_on_once_the_recovery_is_recorded(
    bench: FiledBench, evidence: Evidence, tmp_path: Path
) -> None:
    evidence.notary.round()
    backup(bench.ledger.store.path, old_copy := tmp_path / "copy.ledger")
    p.screen(bench, "001")
    evidence.notary.round()
    signed, held = evidence.signer.last(ORIGIN), bench.ledger.store.signed_heads()[-1].note
    assert signed is not None

    restored = bench.reopened(old_copy)
    after = Evidence(tmp_path, restored.ledger, lambda: restored.now)
    assert not after.notary.compare_with_what_was_signed()
    assert after.notary.round() is None
    with pytest.raises(BehindSignedHead):
        p.screen(restored, "002")
    assert not after.notary.recover()

    found = restored.ledger.store.head()
    restored.ask(
        commands.RecordRecovery(
            signed_size=signed[0],
            signed_root=signed[1].hex(),
            found_size=found.size,
            found_root=found.root.hex(),
            found_on=restored.now.date(),
            circumstances=restored.seal("The disk failed; the backup of the night was restored."),
        ),
        PI,
    )
    assert after.notary.recover()
    p.screen(restored, "002")
    assert after.notary.round() is not None

    bundle, nobody = bundled(restored, tmp_path, "restored.zip"), POLICY_TEXT.replace(b"quorum outside", b"quorum none")
    report = verify_bundle(bundle, Trust(Policy.parse(nobody), held=(held,)))
    assert (report.exit, [each.rule for each in report.findings]) == (INCOMPLETE, ["log.recovered"])
    assert verify_bundle(bundle, Trust(POLICY)).exit == INCOMPLETE  # the witnesses do not forget
    restored.ledger.close()


def test_a_clock_that_was_set_is_on_record_before_what_it_dates(tmp_path: Path) -> None:
    now, steady = datetime(2026, 1, 5, 8, tzinfo=UTC), [0.0]
    made = FiledBench(tmp_path / "trial.ledger")
    made.ledger.close()
    store = SqliteStore.open(tmp_path / "trial.ledger")
    made.ledger = TrialLedger(store, lambda: made.now, ClockWatch(lambda: steady[0]))
    made.now = now
    opened_trial(bench=made)
    made.now, steady[0] = now + timedelta(hours=2), 7200.0
    p.screen(made, "001")
    assert events(made, ClockAnomaly) == []
    made.now, steady[0] = now + timedelta(hours=1), 7201.0
    p.screen(made, "002")
    made.now, steady[0] = now + timedelta(hours=3), 7202.0
    p.screen(made, "003")
    before, after = events(made, ClockAnomaly)
    assert before.off_by_milliseconds == -3_601_000  # type: ignore[attr-defined]
    assert after.off_by_milliseconds == 7_199_000  # type: ignore[attr-defined]
    records = list(made.ledger.store.records())
    assert all(one.recorded_at < other.recorded_at for one, other in pairwise(records))
    made.ledger.close()

"""A signer and a witness sign no head that does not continue the last: the answers of tlog-witness, one by one."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.evidence.cosigning import SIZE_TYPE, Answer, Forgotten, Heads, LogSigner, Witness, submission_of
from ledger.evidence.keys import SigningKey
from ledger.evidence.proofs import Prover
from ledger.evidence.verify import COSIGNATURE, ED25519, Checkpoint, Note, Policy, checkpoint_text, signature_lines
from tests.evidence.grown import Grown

LOG = SigningKey("ledger.example.org/T1", ED25519, bytes(range(32)))
WITNESS = SigningKey("site.example.org", COSIGNATURE, bytes(range(1, 33)))
POLICY = Policy.parse(f"log {LOG.verifier.spelled()}\nquorum none\n".encode())
LEAVES = [number.to_bytes(4) for number in range(600)]
OTHERS = [*LEAVES[:100], b"otherwise", *LEAVES[101:]]


@pytest.fixture
def heads(tmp_path: Path) -> Heads:
    return Heads(tmp_path / "heads")


@pytest.fixture
def witness(heads: Heads) -> Witness:
    return Witness(heads, WITNESS, POLICY)


@pytest.fixture
def signer(heads: Heads) -> LogSigner:
    return LogSigner(heads, [LOG])


def text_of(leaves: list[bytes], size: int, origin: str = LOG.name) -> str:
    return checkpoint_text(origin, size, Grown(leaves[:size]).tree.root)


def submission(
    old: int, size: int, leaves: list[bytes] = LEAVES, *, key: SigningKey = LOG, proof: bool = True
) -> bytes:
    text = text_of(leaves, size, key.name)
    return asked(old, size, leaves, Note(text, (key.sign(text),)).spelled(), proof=proof)


def asked(old: int, size: int, leaves: list[bytes], checkpoint: bytes, *, proof: bool = True) -> bytes:
    hashes = Prover(Grown(leaves)).consistency(old, size) if proof and old <= size else ()
    return submission_of(old, hashes, checkpoint)


def test_a_first_head_is_cosigned_with_its_time(witness: Witness) -> None:
    answer = witness.add_checkpoint(submission(0, 7), 1_700_000_000)
    assert answer.status == 200
    text = text_of(LEAVES, 7)
    checkpoint = Checkpoint.parse(Note(text, (LOG.sign(text), *signature_lines(answer.body))).spelled())
    policy = Policy.parse(f"log {LOG.verifier.spelled()}\nwitness w {WITNESS.verifier.spelled()}\nquorum w\n".encode())
    assert policy.cosigned(checkpoint) == {"w": 1_700_000_000}


def test_a_head_that_continues_the_last_is_cosigned(witness: Witness, heads: Heads) -> None:
    for old, size in [(0, 1), (1, 2), (2, 300), (300, 300), (300, 600)]:
        assert witness.add_checkpoint(submission(old, size), 1).status == 200
    assert heads.of(LOG.name) == (600, Grown(LEAVES).tree.root)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", Answer(400)),
        (b"old 7\n\n", Answer(400)),
        (submission(7, 9).replace(b"old 7", b"old 07"), Answer(400)),
        (submission(7, 9).replace(b"old 7\n", b"old 7\nAAAA\n"), Answer(400)),
        (submission(9, 8), Answer(400)),
        (submission(7, 9, key=SigningKey("another.example.org", ED25519, bytes(32))), Answer(404)),
        (submission(7, 9, key=SigningKey(LOG.name, ED25519, bytes(32))), Answer(403)),
        (submission(0, 9), Answer(409, "7\n", SIZE_TYPE)),
        (submission(8, 9), Answer(409, "7\n", SIZE_TYPE)),
        (submission(7, 7, [b"forged", *LEAVES]), Answer(409, "7\n", SIZE_TYPE)),
        (submission(7, 9, proof=False), Answer(422)),
        (submission(7, 9, [b"forged", *LEAVES]), Answer(422)),
    ],
)
def test_how_a_witness_refuses(witness: Witness, heads: Heads, body: bytes, answer: Answer) -> None:
    assert witness.add_checkpoint(submission(0, 7), 1).status == 200
    assert witness.add_checkpoint(body, 2) == answer
    assert heads.of(LOG.name) == (7, Grown(LEAVES[:7]).tree.root)


def test_a_signature_that_does_not_verify_is_refused(witness: Witness) -> None:
    text = text_of(LEAVES, 7)
    name, identifier, signature = LOG.sign(text)
    spoilt = type(LOG.sign(text))(name, identifier, bytes([signature[0] ^ 1]) + signature[1:])
    assert witness.add_checkpoint(asked(0, 7, LEAVES, Note(text, (spoilt,)).spelled()), 1) == Answer(403)


def test_the_signer_signs_no_fork_and_no_rollback(signer: LogSigner) -> None:
    assert signer.sign(asked(0, 200, LEAVES, text_of(LEAVES, 200).encode())).status == 200
    assert signer.sign(asked(200, 300, OTHERS, text_of(OTHERS, 300).encode())).status == 422
    assert signer.sign(asked(200, 200, OTHERS, text_of(OTHERS, 200).encode())).status == 409
    assert signer.sign(asked(150, 150, LEAVES, text_of(LEAVES, 150).encode())) == Answer(409, "200\n", SIZE_TYPE)
    assert signer.sign(asked(200, 300, LEAVES, text_of(LEAVES, 300).encode())).status == 200
    assert signer.last(LOG.name) == (300, Grown(LEAVES[:300]).tree.root)
    assert signer.sign(asked(0, 1, LEAVES, text_of(LEAVES, 1, "another.example.org").encode())) == Answer(404)


def test_the_same_head_again_has_the_same_signature(signer: LogSigner) -> None:
    first = signer.sign(asked(0, 9, LEAVES, text_of(LEAVES, 9).encode()))
    assert signer.sign(asked(9, 9, LEAVES, text_of(LEAVES, 9).encode())) == first
    (signature,) = signature_lines(first.body)
    assert LOG.verifier.verifies(signature.signature, text_of(LEAVES, 9).encode())


def test_of_two_forks_at_once_one_is_signed(tmp_path: Path) -> None:
    for attempt in range(10):
        heads = Heads(tmp_path / f"heads-{attempt}")
        signer = LogSigner(heads, [LOG])
        assert signer.sign(asked(0, 100, LEAVES, text_of(LEAVES, 100).encode())).status == 200
        bodies = [asked(100, 200, leaves, text_of(leaves, 200).encode()) for leaves in (LEAVES, OTHERS)] * 4
        with ThreadPoolExecutor(len(bodies)) as threads:
            answers = list(threads.map(signer.sign, bodies))
        assert len({answer.body for answer in answers if answer.status == 200}) == 1


def test_a_key_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        LOG.write(tmp_path / "log.key")
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_that_others_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    LOG.write(path)
    assert SigningKey.read(path) == LOG
    with pytest.raises(FileExistsError):
        LOG.write(path)
    path.chmod(0o644)
    with pytest.raises(Exception, match="read by others"):
        SigningKey.read(path)


def test_what_is_forgotten_is_kept_with_the_reason_and_the_log_begins_again(witness: Witness, heads: Heads) -> None:
    assert witness.add_checkpoint(submission(0, 9), 1).status == 200
    (_, root) = heads.of(LOG.name) or (0, b"")
    assert not heads.forget(LOG.name, 8, 5, "Ada", "It is another size.")
    assert heads.forget(LOG.name, 9, 5, "Ada", "The recovery is at position 4.")
    assert heads.of(LOG.name) is None
    assert heads.forgotten() == [Forgotten(LOG.name, 9, root, 5, "Ada", "The recovery is at position 4.")]
    assert not heads.forget(LOG.name, 9, 6, "Ada", "Once more.")
    assert witness.add_checkpoint(submission(0, 5), 7).status == 200
    assert [size for _, size, _ in heads.every()] == [5]

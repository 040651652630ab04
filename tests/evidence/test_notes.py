"""Notes, checkpoints, cosignatures and policies: the public formats, in their one spelling."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import (
    COSIGNATURE,
    ED25519,
    Bad,
    Checkpoint,
    Note,
    Policy,
    Receipt,
    VerifierKey,
    checkpoint_text,
    has_small_order,
)

LOG = SigningKey("ledger.example.org/T1", ED25519, bytes(range(32)))
SITE = SigningKey("site.example.org", COSIGNATURE, bytes(range(1, 33)))
ETHICS = SigningKey("ethics.example.org", COSIGNATURE, bytes(range(2, 34)))
CRO = SigningKey("cro.example.org", COSIGNATURE, bytes(range(3, 35)))
ROOT = bytes(range(32))

TWO_OF_THREE = f"""# who is believed
log {LOG.verifier.spelled()} https://ledger.example.org

witness site {SITE.verifier.spelled()} https://site.example.org/witness
witness ethics {ETHICS.verifier.spelled()}
\twitness cro {CRO.verifier.spelled()}
group outside 2 site ethics cro
quorum outside
"""


def checkpoint(*witnesses: SigningKey, size: int = 7, origin: str = LOG.name) -> Checkpoint:
    text = checkpoint_text(origin, size, ROOT)
    signatures = (LOG.sign(text), *(each.sign(text, 1_700_000_000 + at) for at, each in enumerate(witnesses)))
    return Checkpoint.parse(Note(text, signatures).spelled())


def test_the_public_example_of_a_signed_note_verifies() -> None:
    """The note and the key of the documentation of golang.org/x/mod/sumdb/note."""
    key = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = Note.parse(
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
        "\n".encode()
    )
    (signature,) = note.signatures
    assert (signature.name, signature.key_id) == (key.name, key.id)
    assert key.verifies(signature.signature, note.text.encode())


def test_a_note_is_spelled_as_it_was_read() -> None:
    whole = checkpoint(SITE).note.spelled()
    assert Note.parse(whole).spelled() == whole
    assert Checkpoint.parse(whole).by_log() == checkpoint().note.spelled()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw.removesuffix(b"\n"),
        lambda raw: raw.replace(b"\n\n", b"\n"),
        lambda raw: raw.replace("— ".encode(), b"- "),
        lambda raw: raw.replace(b"=\n", b"\n"),
        lambda raw: raw.replace(b"\n7\n", b"\n07\n"),
        lambda raw: raw.replace(b"\n7\n", b"\n+7\n"),
        lambda raw: raw.replace(b"\n7\n", b"\n7\nmore\n"),
        lambda raw: raw.replace(b"\n7\n", b"\n\t7\n"),
        lambda raw: raw.replace(b"\n7\n", "\n\N{ARABIC-INDIC DIGIT SEVEN}\n".encode()),
        lambda raw: raw + b"\xff\n",
        lambda raw: raw + b"x" * 70_000,
        lambda raw: raw + raw.rpartition(b"\n\n")[2] * 70,
    ],
)
def test_another_spelling_is_not_read(spoil) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Bad):
        Checkpoint.parse(spoil(checkpoint().note.spelled()))


@settings(deadline=None)
@given(st.data())
def test_a_changed_bit_of_a_checkpoint_is_noticed(data: st.DataObject) -> None:
    raw = bytearray(checkpoint(SITE, ETHICS).note.spelled())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    policy = Policy.parse(TWO_OF_THREE.encode())
    try:
        found = Checkpoint.parse(bytes(raw))
        believed = policy.signed(found) and policy.met_by(policy.cosigned(found))
    except Bad:
        believed = False
    assert not believed


def test_a_quorum_is_so_many_of_the_witnesses() -> None:
    policy = Policy.parse(TWO_OF_THREE.encode())
    assert policy.urls == {"site": "https://site.example.org/witness"}
    assert policy.signed(checkpoint())
    assert policy.cosigned(checkpoint(SITE, CRO)) == {"site": 1_700_000_000, "cro": 1_700_000_001}
    assert not policy.met_by(policy.cosigned(checkpoint(SITE)))
    assert policy.met_by(policy.cosigned(checkpoint(SITE, CRO)))


def test_a_key_that_nobody_named_counts_for_nothing() -> None:
    stranger = SigningKey(SITE.name, COSIGNATURE, bytes(32))
    policy = Policy.parse(TWO_OF_THREE.encode())
    assert policy.cosigned(checkpoint(stranger)) == {}
    assert not policy.signed(checkpoint(origin="ledger.example.org/T2"))


def test_groups_of_groups() -> None:
    policy = Policy.parse(
        TWO_OF_THREE.replace(
            "group outside 2 site ethics cro", "group near any site cro\ngroup outside all near ethics"
        ).encode()
    )
    assert policy.met_by({"cro", "ethics"})
    assert not policy.met_by({"cro", "site"})
    assert Policy.parse(TWO_OF_THREE.replace("quorum outside", "quorum none").encode()).met_by(())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("quorum outside", ""),
        ("quorum outside", "quorum outside\nquorum outside"),
        ("quorum outside", "quorum nobody"),
        ("outside 2", "outside 4"),
        ("outside 2", "outside 0"),
        ("outside 2", "outside 02"),
        ("outside 2 site", "outside 2 site site"),
        ("group outside", "group site"),
        ("witness site", "witness none"),
        ("witness site", "witnesses site"),
        ("witness ethics", "witness site"),
        (SITE.verifier.spelled(), LOG.verifier.spelled()),
        (SITE.verifier.spelled(), SITE.verifier.spelled().replace("+", "+0", 1)),
        (ETHICS.verifier.spelled(), SITE.verifier.spelled()),
        ("# who", "\x01"),
        ("group outside 2 site ethics cro", "group a any site\ngroup outside all site ethics"),
    ],
)
def test_what_a_policy_may_not_say(old: str, new: str) -> None:
    with pytest.raises(Bad):
        Policy.parse(TWO_OF_THREE.replace(old, new, 1).encode())


SMALL_ORDER = [  # the eight points of small order, as they are written, and the sign bit of those with x = 0
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("encoded", SMALL_ORDER)
def test_a_key_of_small_order_is_refused(encoded: str) -> None:
    public = bytes.fromhex(encoded)
    assert has_small_order(public)
    material = base64.b64encode(b"\x01" + public).decode()
    key = VerifierKey("log.example.org", ED25519, public)
    with pytest.raises(Bad, match="small order"):
        VerifierKey.parse(f"{key.name}+{key.id.hex()}+{material}")


def test_why_a_key_of_small_order_is_refused() -> None:
    """Under the neutral element this one signature verifies for every message."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(SMALL_ORDER[0]))
    signature = bytes.fromhex(SMALL_ORDER[0]) + bytes(32)
    key.verify(signature, b"one message")
    key.verify(signature, b"another message")


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_an_ordinary_key_is_of_large_order_and_survives_its_file(seed: bytes) -> None:
    key = SigningKey("log.example.org", ED25519, seed)
    assert not has_small_order(key.verifier.public_key)
    assert SigningKey.parse(key.spelled()) == key
    assert VerifierKey.parse(key.verifier.spelled()) == key.verifier


def test_a_receipt_is_spelled_as_it_was_read() -> None:
    receipt = Receipt(3, (bytes(32), ROOT), checkpoint(SITE))
    assert Receipt.parse(receipt.spelled()) == receipt
    extra = receipt.spelled().replace(b"@v1\n", b"@v1\nextra AAAA\n", 1)
    assert Receipt.parse(extra) == receipt


def test_a_private_key_does_not_show_itself() -> None:
    assert "seed" not in repr(LOG)

"""Signatures wherever what they sign is shown: printed name, time, meaning, and whether they stand (21 CFR 11.50)."""

from datetime import timedelta

from ledger.trial.signatures import RecordSigned
from projections.audit_trail import audit_trail
from projections.dlt_register import dlt_register
from projections.dose_decisions import dose_decisions, signed_so_far
from projections.dossier import decision_dossier
from projections.pack import committee_pack
from projections.pack_document import pack_document
from projections.patient_timeline import patient_timeline
from projections.signatures import manifestation, signatures, signatures_of
from tests import patients as p
from tests.bench import SPONSOR
from tests.projections.test_audit_trail import streams
from tests.signing import SigningBench, signing
from tests.spec.story import told

SIGNERS = {"principal_investigator", "investigator", "medical_monitor", "safety_committee", "cell_processing_qa"}


def ruled() -> SigningBench:
    """Three children at level 1, one with a DLT that the principal investigator has ruled on and signed."""
    bench = signing(told("1NN"))
    p.treat(bench, "003", 1)
    p.rule(bench, "003", p.reaction(bench, "003"))
    return bench


def decided() -> tuple[SigningBench, int]:
    bench = signing(told("1NNN"))
    return bench, p.decide(bench, "escalate", 2, circulate=False)


def test_a_ruling_in_the_register_and_in_the_dossier_shows_who_signed_it() -> None:
    bench = ruled()
    (entry,) = dlt_register(bench.world, bench.text).entries
    assert entry.ruling is not None
    signature = entry.ruling.signature
    assert signature is not None
    assert (signature.name, signature.status, signature.signs[0]) == ("Dr Maria", "valid", entry.ruling.position)
    assert signature.line.startswith("Signed by Dr Maria (maria), 20")
    assert signature.line.endswith(": I rule that this toxicity was dose-limiting")
    version = bench.docket().version()
    (in_dossier,) = decision_dossier(bench.world, version, bench.text).toxicities
    assert in_dossier == entry


def test_an_opinion_that_waits_for_others_shows_who_signed_it() -> None:
    bench = signing(told("1NN"))
    p.treat(bench, "003", 1)
    p.rule(bench, "003", p.reaction(bench, "003"), is_dlt=False, by=SPONSOR)
    (entry,) = dlt_register(bench.world, bench.text).entries
    (opinion,) = entry.signatures
    assert opinion.signature is not None
    assert opinion.signature.meaning == "I rule that this toxicity was not dose-limiting"


def test_every_vote_and_the_proposal_show_their_signatures() -> None:
    bench, number = decided()
    shown = dose_decisions(bench.world, bench.now, text=bench.text)[0]
    assert shown.proposal_signature is not None
    assert shown.proposal_signature.name == "Dr Vera"
    names = {vote.member: vote.signature.name for vote in shown.votes if vote.signature}
    assert names == {"maria": "Dr Maria", "vera": "Dr Vera", "olga": "Dr Olga"}
    assert [each.signer for each in signed_so_far(bench.world, bench.world.trial.decisions[number], bench.text)] == [
        "vera",
        "maria",
        "olga",
        "vera",
    ]


def test_a_stale_vote_is_shown_as_one() -> None:
    bench, number = decided()
    p.rule(bench, "001", p.reaction(bench, "001", onset_at=bench.now - timedelta(days=90)))
    shown = dose_decisions(bench.world, bench.now, text=bench.text)[0]
    assert {(vote.signature.status, vote.signature.because) for vote in shown.votes if vote.signature} == {
        ("stale", "superseded")
    }
    stale = [each.signs for each in signatures(bench.world, bench.text, stale=True)]
    assert len(stale) == 4
    line = shown.votes[0].signature.line if shown.votes[0].signature else ""
    assert f"; STALE, superseded by event {bench.world.signatures.of(shown.position).stale_since}" in line  # type: ignore[union-attr]
    assert number == shown.number


def test_the_timeline_shows_the_signature_beside_the_fact_and_not_as_one() -> None:
    bench = ruled()
    entries = patient_timeline(bench.world, bench.records, "003", text=bench.text).entries
    signed = [entry for entry in entries if entry.signature is not None]
    assert "patient.dlt-adjudicated.v1" in [entry.type for entry in signed]
    assert {entry.signature.name for entry in signed if entry.signature} >= {"Dr Maria"}
    assert "trial.record-signed.v1" not in [entry.type for entry in entries]


def test_a_row_of_the_audit_trail_shows_the_signature_on_it_and_that_it_is_one() -> None:
    bench = ruled()
    rows = list(audit_trail(bench.records, streams(bench), signature=signatures_of(bench.world, bench.text)))
    ruling = next(row for row in rows if row.type == "patient.dlt-adjudicated.v1")
    signature = next(row for row in rows if row.type == "trial.record-signed.v1" and row.signature == ruling.signature)
    assert (signature.patient, signature.title) == ("003", "Signed: I rule that this toxicity was dose-limiting")


def test_the_committees_page_prints_the_signatures_given_until_then_and_those_on_the_decision() -> None:
    bench, number = decided()
    decision = bench.world.trial.decisions[number]
    pack = committee_pack(bench.world, bench.records, bench.now, bench.records[decision.position], bench.text)
    assert pack is not None
    assert [each.position for each in pack.signatures] == sorted(bench.world.signatures.made)
    page = pack_document(pack, signed_so_far(bench.world, decision, bench.text))
    assert "<h2>Signatures on this decision</h2>" in page
    assert "Dr Olga" in page.rpartition("Signatures on this decision")[2]
    assert "I agree with this dose decision on the dossier that I was shown" in page
    assert "Signatures on this decision" not in pack_document(pack)


def test_without_texts_the_account_stands_for_the_name() -> None:
    bench = ruled()
    shown = manifestation(bench.last_signature, lambda _: None)
    assert (shown.name, shown.signer) == (None, "maria")
    assert shown.line.startswith("Signed by maria, ")


def test_what_is_not_signed_shows_no_signature() -> None:
    bench = ruled()
    of = signatures_of(bench.world, bench.text)
    unsigned = [each for each in bench.records if of(each.position) is None]
    assert RecordSigned not in {type(each.event) for each in unsigned}
    assert {each.actor.role for each in bench.records if of(each.position)} <= SIGNERS

"""A person's signature: bound to what it signs, and stale once that is no longer so (G.4-9; 21 CFR 11.50, 11.70)."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import corrections, dose_decision, safety, screening, setup
from ledger.decisions.dose_decision import is_open
from ledger.decisions.meanings import MEANINGS, meaning_of
from ledger.decisions.standing import inputs_hash
from ledger.evidence.merkle import leaf_hash
from ledger.patient import events as e
from ledger.patient import safety as s
from ledger.store.codec import encode
from ledger.trial import dosing as t
from ledger.trial.signatures import RecordSigned
from ledger.types import changed
from ledger.world import World
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, PI, SPONSOR, TRAINED, person
from tests.signing import BOTH, SigningBench, signing
from tests.spec.story import says, told, trial


def with_dlt() -> tuple[SigningBench, int]:
    """A child with a CRS of grade 3 that is ruled a DLT; where the ruling stands."""
    bench = signing(told("1NN"))
    p.treat(bench, "003", 1)
    p.rule(bench, "003", p.reaction(bench, "003"))
    return bench, bench.newest(s.DltAdjudicated).position


def correct(bench: SigningBench, kind: str, position: int, report: dict[str, object], patient: str = "003") -> None:
    command = corrections.CorrectRecord(position=position, kind=kind, report=report, patient=patient)
    bench.ask(command, INVESTIGATOR, reason=bench.seal("read again"))


def onset(bench: SigningBench, **said: object) -> dict[str, object]:
    event = bench.newest(s.AdverseEventReported).event
    assert isinstance(event, s.AdverseEventReported)
    return {"term": event.term, "toxicity": "CRS", "serious": True, "onset_at": event.onset_at, **said}


def test_a_signature_names_who_what_and_why_and_how_the_person_was_known() -> None:
    bench, ruling = with_dlt()
    signature = bench.signature_on(ruling)
    said = signature.event
    assert (signature.record.actor, bench.text(said.signer_name)) == (PI, "Dr Maria")
    assert said.meaning == "I rule that this toxicity was dose-limiting"
    assert (said.components, said.run, said.signed_at) == (BOTH, False, bench.now)
    assert (said.about, said.patient) == ("patient/003", "003")
    assert (signature.stale_since, signature.because) == (None, None)


def test_a_signature_is_on_the_leaves_of_its_own_command_and_comes_after_them() -> None:
    bench, ruling = with_dlt()
    signature = bench.signature_on(ruling)
    command = [record for record in bench.records if record.command_id == signature.record.command_id]
    assert command[-1] == signature.record
    for signed in signature.event.manifest:
        assert signed.leaf_hash == leaf_hash(encode(bench.records[signed.position])).hex()
        assert bench.records[signed.position] in command


def test_what_follows_by_rule_is_signed_by_nobody() -> None:
    bench, ruling = with_dlt()
    counted = bench.newest(c.DltCounted).position
    assert bench.records[counted].command_id == bench.records[ruling].command_id
    assert bench.world.signatures.of(counted) is None


def test_the_words_of_a_signature_say_what_was_decided() -> None:
    bench, _ = with_dlt()
    p.rule(bench, "003", 1, is_dlt=False, revision=2)
    assert bench.last_signature.event.meaning == "I rule that this toxicity was not dose-limiting"
    assert meaning_of(setup.OpenSite(site="X", utc_offset="+03:00")) is None


def test_a_vote_is_signed_on_the_dossier_that_was_shown() -> None:
    bench = signing(told("1NNN"))
    shown = inputs_hash(bench.world, bench.docket().version())
    number = p.decide(bench, "escalate", 2, circulate=False)
    for member in (PI, SPONSOR, COMMITTEE):
        signature = bench.world.signatures.at("trial", t.DoseDecisionSigned, number, member.id)
        assert signature is not None
        assert signature.event.shown_sha256 == shown
        assert signature.event.meaning == "I agree with this dose decision on the dossier that I was shown"


def test_the_last_vote_signs_the_decision_that_it_makes() -> None:
    bench = signing(told("1NNN"))
    p.decide(bench, "escalate", 2, circulate=False)
    taken = bench.newest(t.DoseDecisionTaken).position
    assert taken in [signed.position for signed in bench.last_signature.event.manifest]


def test_a_document_that_changed_since_it_was_shown_is_not_signed() -> None:
    bench = signing(told("1NNN"))
    shown = inputs_hash(bench.world, bench.docket().version())
    bench.ask(dose_decision.ProposeDoseDecision(outcome="escalate", to_level=2, dossier_hash=shown), SPONSOR)
    number = len(bench.world.trial.decisions)
    p.reaction(bench, "001", onset_at=bench.now - timedelta(days=90))
    with bench.refuses(no.DossierMoved):
        p.sign(bench, number, PI)


def test_a_signature_is_stale_once_what_it_rests_on_was_corrected() -> None:
    bench, ruling = with_dlt()
    at = bench.newest(s.AdverseEventReported).position
    correct(bench, "adverse-event", at, onset(bench, serious=False))
    signature = bench.signature_on(ruling)
    corrected = next(record.position for record in bench.records if record.corrects == at)
    assert (signature.stale_since, signature.because) == (corrected, "corrected")


def test_a_correction_of_another_event_leaves_a_signature_valid() -> None:
    bench, ruling = with_dlt()
    report = safety.ReportAdverseEvent(patient="003", term="Rash", serious=False, onset_at=bench.now)
    bench.ask(report, INVESTIGATOR)
    at = bench.newest(s.AdverseEventReported).position
    correct(bench, "adverse-event", at, {"term": "Rash", "serious": True, "onset_at": bench.now})
    assert bench.signature_on(ruling).stale_since is None


def test_a_ruling_that_is_made_again_makes_the_first_signature_stale() -> None:
    bench, ruling = with_dlt()
    p.rule_not_a_dlt(bench, "003", 1, revision=2)
    signature = bench.signature_on(ruling)
    assert (signature.stale_since, signature.because) == (bench.newest(s.DltAdjudicated).position, "replaced")
    assert bench.last_signature.stale_since is None


def test_a_determination_that_is_signed_again_makes_the_first_signature_stale() -> None:
    bench = signing(trial())
    p.screen(bench, "001")
    first = bench.newest(e.EligibilityConfirmed).position
    bench.pass_days(1)
    p.find(bench, "001", lvef_percent="61")
    bench.ask(screening.ConfirmEligibility(patient="001"))
    assert bench.signature_on(first).because == "replaced"


def test_signatures_on_a_decision_are_stale_once_a_fact_that_it_rests_on_is_otherwise() -> None:
    bench = signing(told("1NNT 1NNN"))
    number = p.decide(bench, "escalate", 2, circulate=False)
    p.rule_not_a_dlt(bench, "003", 1, revision=2)
    assert bench.world.trial.decisions[number].superseded
    for member in (PI, SPONSOR, COMMITTEE):
        signature = bench.world.signatures.at("trial", t.DoseDecisionSigned, number, member.id)
        assert signature is not None
        assert signature.because == "superseded"


def test_stale_signatures_count_to_no_quorum() -> None:
    """Two of three have signed; then a DLT of the time before comes to light. Nobody adds the third signature, and the
    next child is exposed only by another decision, which all three sign anew."""
    bench = signing(told("1NNN"))
    shown = inputs_hash(bench.world, bench.docket().version())
    bench.ask(dose_decision.ProposeDoseDecision(outcome="escalate", to_level=2, dossier_hash=shown), SPONSOR)
    first = len(bench.world.trial.decisions)
    for member in (PI, SPONSOR):
        p.sign(bench, first, member)
    p.rule(bench, "001", p.reaction(bench, "001", onset_at=bench.now - timedelta(days=90)))
    assert not is_open(bench.world, bench.world.trial.decisions[first])
    with bench.refuses(no.DecisionNotOpen):
        p.sign(bench, first, COMMITTEE)
    assert not bench.world.cohort(2).opened
    second = p.decide(bench, "expand", 1, circulate=False)
    assert second != first
    assert len(bench.world.trial.decisions[second].votes) == 3
    assert (bench.world.cohort(1).decision, bench.world.cohort(1).slots) == (second, 6)


def test_whoever_has_two_accounts_is_one_member_of_the_quorum() -> None:
    """The same person as principal investigator and, under another account, as a member of the committee."""
    bench = signing(told("1NNN"))
    twice = person(PI.id, "safety_committee", None)
    day = bench.now.date()
    delegation = setup.DelegateRole(
        person=PI.id, role="safety_committee", site=None, from_on=day, to_on=None, training=TRAINED
    )
    bench.ask(delegation, SPONSOR)
    shown = inputs_hash(bench.world, bench.docket().version())
    bench.ask(dose_decision.ProposeDoseDecision(outcome="escalate", to_level=2, dossier_hash=shown), SPONSOR)
    number = len(bench.world.trial.decisions)
    p.sign(bench, number, PI)
    p.sign(bench, number, SPONSOR)
    p.sign(bench, number, twice)
    assert len(bench.world.trial.decisions[number].votes) == 2
    assert bench.world.trial.decisions[number].taken is None


def test_who_holds_the_role_no_longer_does_not_sign() -> None:
    bench = signing(told("1NNN"))
    shown = inputs_hash(bench.world, bench.docket().version())
    bench.ask(dose_decision.ProposeDoseDecision(outcome="escalate", to_level=2, dossier_hash=shown), SPONSOR)
    day = bench.now.date()
    bench.ask(setup.RevokeRole(person="olga", role="safety_committee", site=None, ends_on=day), SPONSOR)
    bench.pass_days(1)
    with bench.refuses(no.NotDelegated):
        p.sign(bench, len(bench.world.trial.decisions), COMMITTEE)


def test_the_assessor_is_not_the_only_reviewer() -> None:
    """*Not a DLT* by the one who reported and assessed the toxicity, however often, is not a ruling."""
    bench = signing(told("1NN"))
    p.treat(bench, "003", 1)
    event = p.reaction(bench, "003")
    p.rule(bench, "003", event, is_dlt=False, by=INVESTIGATOR)
    p.rule(bench, "003", event, is_dlt=False, by=INVESTIGATOR)
    assert not [record for record in bench.records if isinstance(record.event, s.DltAdjudicated)]


def test_a_fact_on_record_already_is_not_signed_again() -> None:
    bench, _ = with_dlt()
    size = bench.world.size
    command = dose_decision.ProposeDoseDecision(
        outcome="expand", to_level=1, dossier_hash=inputs_hash(bench.world, bench.docket().version())
    )
    bench.ask(command, SPONSOR)
    assert bench.world.size == size + 2
    assert bench.ask(command, SPONSOR) == ()


def test_a_signature_changes_nothing_but_what_is_signed() -> None:
    bench, _ = with_dlt()
    p.rule_not_a_dlt(bench, "003", 1, revision=2)
    world, seen = World(), 0
    for record in bench.records:
        after = world.apply(record)
        if isinstance(record.event, RecordSigned):
            seen += 1
            trial = changed(world.trial, version=record.stream_version)
            beside = {"size": after.size, "recorded_at": after.recorded_at, "signatures": after.signatures}
            assert after == changed(world, trial=trial, **beside)
            assert says(bench) is not None
        world = after
    assert seen > 5
    assert world == bench.world


@pytest.mark.parametrize("command", MEANINGS, ids=lambda command: command.__name__)
def test_every_meaning_is_a_sentence_of_the_signer(command: type) -> None:
    meaning = MEANINGS[command]
    assert callable(meaning) or meaning.startswith("I ")

"""Source verification and the investigator's endorsement."""

from datetime import timedelta

from ledger import refusals as no
from ledger.decisions import corrections, review, safety
from ledger.decisions.standing import canonical_hash
from ledger.patient import review as e
from ledger.patient.review_state import Endorsement
from ledger.record import Actor
from ledger.types import Event
from tests import patients as p
from tests.bench import INVESTIGATOR, NURSE, PI, Bench, appoint, person
from tests.spec.story import only, trial

MONITOR = person("anton", "monitor")
MEANING = "I confirm that these data are accurate and complete"


def died() -> tuple[Bench, int]:
    """001 was screened and died; the position of the death."""
    bench = trial()
    appoint(bench, MONITOR)
    p.screen(bench, "001")
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"))
    return bench, bench.world.size - 1


def shown(bench: Bench) -> str:
    return canonical_hash(review.manifest(bench.world.patients["001"], bench))


def endorse(bench: Bench, by: Actor = INVESTIGATOR, seen: str | None = None) -> tuple[Event, ...]:
    command = review.EndorseData(patient="001", manifest_hash=seen or shown(bench), meaning=MEANING)
    return bench.ask(command, by)


def signed(bench: Bench) -> list[Endorsement]:
    return [each for _, each in sorted(bench.world.patients["001"].review.endorsements.items())]


def correct(bench: Bench, position: int) -> None:
    report = {"died_on": bench.now.date(), "cause": "other"}
    command = corrections.CorrectRecord(position=position, patient="001", kind="death", report=report)
    bench.ask(command, PI, reason=bench.seal("As the letter says."))


def verify(bench: Bench, *positions: int, **asked: object) -> tuple[Event, ...]:
    command = review.VerifySource(patient="001", positions=positions, verified_on=bench.now.date())
    return bench.ask(command, MONITOR, **asked)


def test_records_are_verified_against_the_source_each_by_its_position() -> None:
    bench, death = died()
    consent = min(bench.world.patients["001"].consents)
    event = only(e.SourceVerified, verify(bench, death, consent, death))
    assert event.positions == (consent, death)
    assert set(bench.world.patients["001"].review.verified) == {consent, death}


def test_only_records_of_the_patient_are_verified() -> None:
    bench, death = died()
    for position in (0, bench.world.size):
        with bench.refuses(no.NoSuchRecord):
            verify(bench, death, position)


def test_nothing_is_verified_on_a_day_to_come() -> None:
    bench, death = died()
    late = review.VerifySource(patient="001", positions=(death,), verified_on=bench.now.date() + timedelta(days=2))
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(late, MONITOR)


def test_an_investigator_signs_exactly_what_was_shown() -> None:
    bench, death = died()
    seen = shown(bench)
    event = only(e.InvestigatorEndorsed, endorse(bench))
    assert (event.member, event.up_to_position, event.manifest_hash) == ("ivan", death, seen)
    assert event.records_count == len(review.manifest(bench.world.patients["001"], bench)["records"])
    assert signed(bench)[0].moved_by == ()
    endorse(bench, PI)
    assert [each.event.member for each in signed(bench)] == ["ivan", "maria"]


def test_a_signature_itself_is_not_what_is_signed() -> None:
    bench, death = died()
    seen = shown(bench)
    verify(bench, death)
    endorse(bench)
    assert shown(bench) == seen


def test_what_moved_since_it_was_shown_is_not_signed() -> None:
    bench, death = died()
    seen = shown(bench)
    correct(bench, death)
    with bench.refuses(no.DataMoved):
        endorse(bench, seen=seen)
    endorse(bench)


def test_only_an_investigator_signs() -> None:
    bench, _ = died()
    for by in (NURSE, MONITOR):
        with bench.refuses(no.NotDelegated):
            endorse(bench, by)


def test_a_correction_of_a_signed_record_makes_the_signature_stale() -> None:
    bench, death = died()
    endorse(bench)
    bench.pass_days(1)
    correct(bench, death)
    assert signed(bench)[0].moved_by == (bench.world.size - 1,)
    listed = [record["position"] for record in review.manifest(bench.world.patients["001"], bench)["records"]]
    assert death not in listed
    assert listed[-1] == bench.world.size - 1


def test_what_comes_to_light_of_the_time_before_makes_the_signature_stale() -> None:
    bench, _ = died()
    endorse(bench)
    bench.pass_days(1)
    term: dict[str, object] = {"patient": "001", "term": "Fever", "serious": False}
    later = safety.ReportAdverseEvent.model_validate({**term, "onset_at": bench.now})
    bench.ask(later, INVESTIGATOR)
    assert signed(bench)[0].moved_by == ()
    before = safety.ReportAdverseEvent.model_validate({**term, "onset_at": bench.now - timedelta(days=2)})
    bench.ask(before, INVESTIGATOR)
    assert signed(bench)[0].moved_by == (bench.world.size - 1,)

"""The review of patients' records: what is verified, what is signed, and what waits."""

from datetime import timedelta

from ledger.decisions import corrections, review, safety
from ledger.decisions.standing import canonical_hash
from projections.review import endorsement, queries, signatures, verification
from projections.worklists import worklists
from tests.bench import INVESTIGATOR, PI, Bench, appoint, opened_trial, person
from tests.patients import place, screen
from tests.projections.trials import position

MONITOR = person("anton", "monitor")


def died() -> Bench:
    """001 was enrolled and died."""
    bench = opened_trial()
    appoint(bench, MONITOR)
    screen(bench, "001")
    place(bench, "001", 1)
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"))
    return bench


def correct(bench: Bench, at: int, cause: str) -> int:
    report = {"died_on": bench.now.date(), "cause": cause}
    bench.ask(
        corrections.CorrectRecord(position=at, patient="001", kind="death", report=report),
        PI,
        reason=bench.seal("The letter."),
    )
    return max(bench.world.corrected.values())


def states(bench: Bench) -> dict[int, str]:
    shown = verification(bench.world, bench.docket().protocol(), bench.world.patients["001"])
    return {line.position: line.state for line in shown.records}


def test_a_corrected_record_is_to_be_verified_again() -> None:
    bench = died()
    death, protocol = position(bench, "patient.death-recorded"), bench.docket().protocol()
    before = verification(bench.world, protocol, bench.world.patients["001"])
    assert (before.verified, before.again) == (0, 0)
    assert [line.critical for line in before.records if line.position == death] == [True]
    bench.ask(review.VerifySource(patient="001", positions=(death,), verified_on=bench.now.date()), MONITOR)
    assert states(bench)[death] == "verified"
    first = correct(bench, death, "other")
    second = correct(bench, first, "unknown")
    shown = verification(bench.world, protocol, bench.world.patients["001"])
    assert (shown.critical, shown.verified, shown.again) == (before.critical, 0, 1)
    assert {at: states(bench).get(at) for at in (death, first, second)} == {death: None, first: None, second: "again"}
    bench.ask(review.VerifySource(patient="001", positions=(second,), verified_on=bench.now.date()), MONITOR)
    assert states(bench)[second] == "verified"


def test_a_patient_waits_for_verification_until_all_critical_data_are_verified() -> None:
    bench = died()
    (waits,) = worklists(bench.world, bench.now).source_verification
    protocol = bench.docket().protocol()
    critical = tuple(
        line.position
        for line in verification(bench.world, protocol, bench.world.patients["001"]).records
        if line.critical
    )
    assert (waits.patient, waits.critical, waits.verified) == ("001", len(critical), 0)
    last = review.VerifySource(patient="001", positions=critical[:-1], verified_on=bench.now.date())
    bench.ask(last, MONITOR)
    assert worklists(bench.world, bench.now).source_verification[0].verified == len(critical) - 1
    bench.ask(review.VerifySource(patient="001", positions=critical, verified_on=bench.now.date()), MONITOR)
    assert worklists(bench.world, bench.now).source_verification == ()


def test_who_left_waits_for_the_investigator_and_again_when_the_signature_is_stale() -> None:
    bench = died()
    (due,) = worklists(bench.world, bench.now).endorsements
    assert (due.patient, due.stale) == ("001", False)
    shown = endorsement(bench.world.patients["001"], bench)
    assert shown.manifest_hash == canonical_hash(review.manifest(bench.world.patients["001"], bench))
    bench.ask(
        review.EndorseData(patient="001", manifest_hash=shown.manifest_hash, meaning="accurate and complete"),
        INVESTIGATOR,
    )
    assert worklists(bench.world, bench.now).endorsements == ()
    bench.pass_days(1)
    late = safety.ReportAdverseEvent(patient="001", term="Fever", serious=False, onset_at=bench.now - timedelta(days=3))
    bench.ask(late, INVESTIGATOR)
    (due,) = worklists(bench.world, bench.now).endorsements
    assert (due.stale, due.moved_by) == (True, (bench.world.size - 1,))
    (signed,) = signatures(bench.world.patients["001"])
    assert (signed.member, signed.stale, signed.recorded_since) == ("ivan", True, 1)


def test_what_is_shown_for_signature_says_what_contradicts_the_record() -> None:
    bench = died()
    death = position(bench, "patient.death-recorded")
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="other"))
    shown = endorsement(bench.world.patients["001"], bench)
    assert [line.conflicts_with for line in shown.records][-2:] == [None, death]
    assert shown.open_queries == 1
    assert [query.about for query in queries(bench.world, bench.now, "001")] == [death]
    assert queries(bench.world, bench.now, "002") == ()

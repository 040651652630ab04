"""Days are those of the site; a correction keeps the time of what it corrects."""

from datetime import UTC, date, datetime

from ledger.decisions import corrections, given, safety
from ledger.patient.events import ProtocolDeviationRecorded
from ledger.trial.dosing import HoldApplied
from tests.bench import INVESTIGATOR, PI, opened_trial
from tests.patients import place, reaction, screen

LATE_IN_UTC = datetime(2026, 1, 5, 22, 0, tzinfo=UTC)


def test_an_infusion_late_in_the_evening_of_greenwich_is_given_on_the_next_day_in_moscow() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    bench.now = LATE_IN_UTC
    start = given.RecordInfusionStart(patient="001", ordinal=1, product="NK-001", level=1, started_at=LATE_IN_UTC)
    bench.ask(start, INVESTIGATOR)
    window = bench.world.cohort(1).members["001"].window
    assert window is not None
    assert window.from_on == date(2026, 1, 6)
    begun = bench.world.patients["001"].infusions[1].started
    assert begun is not None
    assert begun.started_at == LATE_IN_UTC


def test_a_correction_without_a_time_of_its_own_keeps_the_time_of_what_it_corrects() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    number = reaction(bench, "001", grade=1)
    update = safety.UpdateAdverseEvent(patient="001", adverse_event=number, outcome="recovering")
    bench.ask(update, INVESTIGATOR, occurred_at=bench.now)
    told, happened = bench.records[-1].position, bench.records[-1].occurred_at
    bench.pass_days(3)
    correction = corrections.CorrectRecord(
        position=told,
        kind="adverse-event-update",
        report={"adverse_event": number, "outcome": "recovered"},
        patient="001",
    )
    bench.ask(correction, INVESTIGATOR, reason=bench.seal("misread"))
    assert bench.records[-1].corrects == told
    assert bench.records[-1].occurred_at == happened


def test_correcting_a_dose_without_permission_notes_what_it_broke_once() -> None:
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    start = given.RecordInfusionStart(patient="001", ordinal=1, product="NK-001", level=1, started_at=bench.now)
    bench.ask(start, INVESTIGATOR)
    position = next(r.position for r in bench.records if r.event.NAME == "patient.infusion-started.v1")
    content = start.model_dump(mode="json", exclude={"patient"})
    correction = corrections.CorrectRecord(
        position=position, kind="infusion-start", report={**content, "product": "NK-002"}, patient="001"
    )
    bench.ask(correction, PI, reason=bench.seal("the label was misread"))
    events = [record.event for record in bench.records]
    assert sum(isinstance(event, HoldApplied) for event in events) == 1
    kinds = [event.kind for event in events if isinstance(event, ProtocolDeviationRecorded)]
    assert kinds.count("NotAuthorised") == 1

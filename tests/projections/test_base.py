"""Folding a log to a moment, following it, and the digest by which the two are compared."""

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from ledger.decisions import safety, transplant
from ledger.decisions.corrections import CorrectRecord
from ledger.errors import Corrupt
from ledger.patient.safety import AdverseEventReported
from ledger.record import Record
from ledger.store.codec import decode, encode
from ledger.world import FOLD_VERSION, World
from projections import base
from projections.base import (
    Following,
    digest,
    fold,
    is_late,
    occurred_by,
    patient_of,
    plain,
    world_as_it_was,
    world_at,
)
from projections.escalation import board
from tests.bench import INVESTIGATOR, Bench
from tests.patients import close_window, decide, infuse, place, reaction, rule, screen, treat
from tests.projections.trials import level_2_exceeded, position, six_treated, stream, three_treated


@pytest.mark.slow
def test_rebuilt_equals_followed_at_every_position() -> None:
    bench, following = three_treated(), Following(world=World())
    for record in bench.records:
        following.take(record)
        rebuilt = world_at(bench.records, as_of_position=record.position)
        assert digest(rebuilt) == digest(following["world"]), record.position
    assert digest(following["world"]) == digest(bench.world)


def test_following_notices_a_missing_record_and_one_that_comes_twice() -> None:
    records, following = three_treated().records, Following(world=World())
    following.take(records[0])
    with pytest.raises(Corrupt):
        following.take(records[2])
    with pytest.raises(Corrupt):
        following.take(records[0])
    following.take(records[1])
    assert following.size == 2


def test_a_saved_fold_goes_on_to_the_same_world() -> None:
    bench = three_treated()
    decide(bench, "expand", 1)
    saved = world_at(bench.records, as_of_position=99)
    assert digest(world_at(bench.records, start=saved)) == digest(bench.world)
    assert digest(world_at(bench.records[100:], start=saved)) == digest(bench.world)
    screen(bench, "009")
    place(bench, "009", 1, transplant_in_days=20)
    infuse(bench, "009", 1)
    assert bench.world.patients["009"].deviations
    assert digest(world_at(bench.records, start=bench.world)) == digest(bench.world)
    with pytest.raises(ValueError, match="later"):
        world_at(bench.records, as_of_position=50, start=saved)


def test_every_record_changes_the_digest() -> None:
    bench, seen = three_treated(), {digest(World())}
    world = World()
    for record in bench.records[:60]:
        world = world.apply(record)
        assert digest(world) not in seen
        seen.add(digest(world))


def test_the_digest_names_its_fold_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(World())
    monkeypatch.setattr(base, "FOLD_VERSION", FOLD_VERSION + 1)
    assert digest(World()) != before


@pytest.mark.slow
def test_the_digest_is_the_same_in_every_process() -> None:
    script = (
        "from tests.projections.trials import three_treated\n"
        "from projections.base import digest\n"
        "print(digest(three_treated().world))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {digest(three_treated().world)}


def test_the_state_from_the_bytes_is_the_state_that_was_followed() -> None:
    """An event as read back from its leaf may order its members otherwise; it is the same fact."""
    bench = three_treated()
    reaction(bench, "001", grade=3)
    read_back = [decode(encode(record)) for record in bench.records]
    assert digest(fold(read_back)) == digest(bench.world)


def test_a_float_has_no_place_in_a_state() -> None:
    with pytest.raises(TypeError):
        plain((1, 0.5))


def test_as_known_at_equals_the_board_then() -> None:
    bench = six_treated()
    then = [(bench.world, bench.now)]
    decide(bench, "escalate", 2)
    then.append((bench.world, bench.now))
    treat(bench, "007", 2)
    then.append((bench.world, bench.now))
    rule(bench, "007", reaction(bench, "007"))
    then.append((bench.world, bench.now))
    close_window(bench, "007")
    for world, now in then:
        assert board(world_at(bench.records, as_of_position=world.size - 1), now) == board(world, now)
        assert board(world_at(bench.records, as_of_recorded=world.recorded_at), now) == board(world, now)
    assert len({board(world, bench.now).model_dump_json() for world, _ in then}) == len(then)


def test_as_of_recorded_takes_what_was_recorded_at_that_very_instant_and_nothing_later() -> None:
    records = three_treated().records
    at = records[70].recorded_at
    assert world_at(records, as_of_recorded=at).size == 71
    assert world_at(records, as_of_recorded=at - timedelta(microseconds=1)).size == 70


def adverse_events(records: list[Record]) -> list[AdverseEventReported]:
    return [record.event for record in records if isinstance(record.event, AdverseEventReported)]


def report(bench: Bench, number: str, onset_at: datetime, **asked: object) -> int:
    """An adverse event, and where it stands."""
    command = safety.ReportAdverseEvent(patient=number, term="Fever", serious=False, onset_at=onset_at)
    bench.ask(command, INVESTIGATOR, **asked)
    return len(bench.records) - 1


def test_a_late_entry_belongs_to_the_day_on_which_it_happened() -> None:
    bench = three_treated()
    onset = bench.now
    bench.pass_days(5)
    at = report(bench, "001", onset)
    assert is_late(bench.records[at])
    then = bench.now - timedelta(days=2)
    assert adverse_events(list(occurred_by(stream(bench, "patient/001"), then)))
    assert not adverse_events(list(occurred_by(stream(bench, "patient/001"), onset - timedelta(hours=1))))
    assert world_at(bench.records, as_of_recorded=then).patients["001"].adverse_events.get(1) is None
    assert world_as_it_was(bench.records, then).patients["001"].adverse_events.get(1) is not None


def test_a_corrected_record_is_replaced_by_its_latest_correction_at_its_place() -> None:
    bench = three_treated()
    first, onset = bench.now, bench.now - timedelta(days=3)
    bench.pass_days(1)
    wrong = report(bench, "001", first)
    corrected = wrong
    for said in (first - timedelta(days=1), onset):
        again = {"term": "Fever", "serious": False, "onset_at": said.isoformat()}
        corrected = len(bench.records) - 1
        command = CorrectRecord(position=corrected, kind="adverse-event", report=again, patient="001")
        bench.ask(command, INVESTIGATOR, reason=bench.seal("typed wrongly"))
    history = stream(bench, "patient/001")
    on_the_day = adverse_events(list(occurred_by(history, onset)))
    assert [event.onset_at for event in on_the_day] == [onset]
    assert [event.onset_at for event in adverse_events(list(occurred_by(history, bench.now)))] == [onset]
    assert not adverse_events(list(occurred_by(history, onset - timedelta(hours=1))))
    bench.ask(transplant.RecordTransplant(patient="001", donor="D-001", performed_at=bench.now), INVESTIGATOR)
    history = stream(bench, "patient/001")
    places = [record.position for record in occurred_by(history, bench.now)]
    assert (wrong in places, len(places)) == (False, len(history) - 2)
    assert places[-2:] == [corrected + 1, len(bench.records) - 1]


def test_without_corrections_and_with_nothing_later_as_it_was_is_the_same_log() -> None:
    bench = three_treated()
    assert list(occurred_by(bench.records, bench.now + timedelta(days=1))) == bench.records
    assert digest(world_as_it_was(bench.records, bench.now + timedelta(days=1))) == digest(fold(bench.records))


def test_a_record_is_about_the_patient_of_its_stream_or_the_one_it_names() -> None:
    bench = level_2_exceeded()
    assert patient_of(bench.records[position(bench, "patient.screened")]) == "001"
    assert patient_of(bench.records[position(bench, "cohort.dlt-counted")]) == "002"
    assert patient_of(bench.records[position(bench, "cohort.exceeded")]) is None


def test_records_taken_together_give_what_they_give_one_by_one() -> None:
    records = level_2_exceeded().records
    one_by_one = World()
    for record in records:
        one_by_one = one_by_one.apply(record)
    for cut in (0, 1, len(records) // 2, len(records)):
        assert World().after(records[:cut]).after(records[cut:]) == one_by_one


def test_a_world_is_not_moved_by_what_comes_after_it() -> None:
    records = three_treated().records
    before = World().after(records[:100])
    known = digest(before)
    before.after(records[100:])
    assert digest(before) == known

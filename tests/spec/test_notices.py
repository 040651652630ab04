"""What those who dose have to hear of, and who has taken note."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.cohort.events import DltCounted
from ledger.decisions import enrolment, holds, notices, products
from ledger.decisions.notices import waits_for
from ledger.notices import NOTICES
from ledger.protocol.monitoring import NoticeKind
from ledger.trial.dosing import NoticeAcknowledged
from ledger.types import Event
from tests import patients as p
from tests.bench import COMMITTEE, NURSE, QA, Bench
from tests.spec.story import amend, changed_protocol, only, replayed, told, trial

EVERYBODY = ("ward", "cell_laboratory", "pharmacy")


def told_of(bench: Bench, size: int) -> list[NoticeKind]:
    """The kinds of the notices that were given since the log had a size."""
    return [NOTICES[type(record.event)] for at, record in sorted(bench.world.notices.items()) if at >= size]


def held() -> tuple[Bench, int]:
    """A trial on hold, and the notice's position."""
    bench = trial()
    bench.ask(holds.ApplyHold(scope="trial", cause="logistics"))
    return bench, bench.world.size - 1


def acknowledge(bench: Bench, about: int, party: str = "ward", by: str = "nina") -> tuple[Event, ...]:
    command = notices.AcknowledgeNotice(about=about, party=party, by=by, acknowledged_at=bench.now)
    return bench.ask(command, NURSE)


def test_a_hold_concerns_everybody_when_it_is_set_and_when_it_is_lifted() -> None:
    bench, about = held()
    assert waits_for(bench.world, about) == EVERYBODY
    event = only(NoticeAcknowledged, acknowledge(bench, about))
    assert (event.about, event.party, event.by) == (about, "ward", "nina")
    assert waits_for(bench.world, about) == ("cell_laboratory", "pharmacy")
    for party in waits_for(bench.world, about):
        acknowledge(bench, about, party)
    assert waits_for(bench.world, about) == ()
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("solved")), COMMITTEE)
    assert waits_for(bench.world, bench.world.size - 1) == EVERYBODY


def test_a_dlt_and_what_follows_from_it_are_notices() -> None:
    bench = told("1NA")
    p.authorise(bench, "002", 1)
    p.infuse(bench, "002", 1)
    event = p.reaction(bench, "002")
    size = bench.world.size
    assert told_of(bench, 0) == []
    assert any(isinstance(each, DltCounted) for each in p.rule(bench, "002", event))
    assert told_of(bench, size) == ["dlt"]


def test_a_decision_a_declaration_and_a_stop_are_notices() -> None:
    bench = told("1NNN")
    size = bench.world.size
    p.decide(bench, "escalate", 2)
    assert told_of(bench, size) == ["dose_decision"]
    size = bench.world.size
    p.decide(bench, "stop", None, override=bench.seal("futile"))
    assert told_of(bench, size) == ["dose_decision", "stop"]
    declared = told("1NNN 2TT 1NNN")
    size = declared.world.size
    p.decide(declared, "declare_mtd", 1)
    assert told_of(declared, size) == ["dose_decision", "result"]


def test_a_level_taken_away_is_a_notice() -> None:
    bench = told("1A")
    size = bench.world.size
    bench.ask(enrolment.CancelAssignment(patient="001", cause="product failed"))
    assert told_of(bench, size) == ["assignment"]


def test_a_dose_that_is_planned_anew_is_a_notice_the_first_one_is_none() -> None:
    bench = told("1A")
    size = bench.world.size
    p.authorise(bench, "001", 1)
    assert told_of(bench, size) == []
    p.authorise(bench, "001", 1, weight_kg="21")
    assert told_of(bench, size) == ["dose_order"]
    about = max(bench.world.notices)
    assert waits_for(bench.world, about) == ("cell_laboratory", "pharmacy")


@pytest.mark.parametrize(("result", "kinds"), [("positive", ["late_sterility"]), ("negative", [])])
def test_of_cultures_a_positive_one_is_a_notice(result: str, kinds: list[str]) -> None:
    bench = told("1A")
    size = bench.world.size
    report = {"lot": "NK-001", "result": result, "reported_on": bench.now.date()}
    bench.ask(products.ReportLateSterility.model_validate(report), QA)
    assert [kind for kind in told_of(bench, size) if kind != "hold"] == kinds


def test_another_person_of_a_party_may_take_note_too_and_the_first_counts() -> None:
    bench, about = held()
    acknowledge(bench, about)
    bench.pass_days(1)
    acknowledge(bench, about, by="boris")
    assert bench.world.trial.acknowledged[about, "ward"].by == "nina"
    assert bench.records[-1].conflicts_with is None
    acknowledge(bench, about)
    assert bench.records[-1].conflicts_with is not None


def test_only_what_is_a_notice_is_acknowledged_and_only_by_whom_it_concerns() -> None:
    bench, about = held()
    for position in (0, about - 1, about + 1):
        with bench.refuses(no.NoSuchNotice):
            acknowledge(bench, position)
    with bench.refuses(no.NotInProtocol):
        acknowledge(bench, about, "kitchen")


def test_nothing_is_acknowledged_before_it_happened_or_later_than_now() -> None:
    bench, about = held()
    at = bench.now
    bench.pass_days(1)
    early, late = at - timedelta(hours=1), bench.now + timedelta(hours=1)
    for wrong, refusal in ((early, no.FindingsContradict), (late, no.OccurrenceInTheFuture)):
        command = notices.AcknowledgeNotice(about=about, party="ward", by="nina", acknowledged_at=wrong)
        with bench.refuses(refusal):
            bench.ask(command, NURSE)


def test_a_party_that_an_amendment_adds_hears_of_what_comes_after_it() -> None:
    bench, before = held()
    document = changed_protocol().model_dump(mode="json")
    for rule in document["monitoring"]["notices"]:
        rule["parties"].append("blood_bank")
    amend(bench, changed_protocol(monitoring=document["monitoring"]))
    bench.ask(holds.LiftHold(hold=1, review=bench.seal("solved")), COMMITTEE)
    assert waits_for(bench.world, before) == EVERYBODY
    assert waits_for(bench.world, bench.world.size - 1) == (*EVERYBODY, "blood_bank")
    assert replayed(bench) == bench.world

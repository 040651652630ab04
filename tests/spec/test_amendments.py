"""A further protocol version holds from its day on: it may lengthen an open window and never shortens one (A.3-28)."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.cohort import events as c
from ledger.decisions import dlt, dose_decision, enrolment, given, screening, setup, transplant
from ledger.decisions.standing import assessments_due, inputs_hash
from ledger.designs.base import DeclareMtd, Treat
from ledger.protocol.document import ProtocolDocument
from ledger.trial import dosing as t
from tests import patients as p
from tests.bench import PI, SPONSOR, Bench, nct07256210
from tests.spec.story import amend, changed_protocol, has, member, only, patient, replayed, says, told, window


def with_window(days: int) -> ProtocolDocument:
    return changed_protocol(
        dlt_window={"days_after_last_infusion": days, "daily_assessment_days": 7, "later_assessment_interval_days": 7}
    )


def closing(bench: Bench, number: str = "001") -> dlt.CloseDltWindow:
    due = assessments_due(patient(bench, number), window(bench, number), bench.docket().protocol())
    return dlt.CloseDltWindow(patient=number, assessments_done_count=due)


def test_an_amendment_lengthens_the_windows_that_run() -> None:
    bench = told("1NP")
    before = window(bench, "002").planned_to_on
    amend(bench, with_window(42))
    assert window(bench, "002").planned_to_on == before + timedelta(days=14)
    assert not window(bench, "001").running, "a window that has closed stays closed"


def test_an_amendment_never_shortens_a_window() -> None:
    bench = told("1P")
    before = window(bench, "001")
    amend(bench, with_window(21))
    assert window(bench, "001") == before
    bench.ask(transplant.RecordTransplant(patient="001", performed_at=bench.now - timedelta(days=20)))
    assert window(bench, "001").days_after_last_infusion == 28


def test_a_lengthened_window_keeps_its_length_when_a_later_version_is_shorter() -> None:
    bench = told("1P")
    amend(bench, with_window(42))
    amend(bench, with_window(21))
    assert window(bench, "001").days_after_last_infusion == 42


def test_an_amendment_of_a_later_day_lengthens_on_its_day_before_anything_else_is_decided() -> None:
    bench = told("1P")
    last = window(bench, "001").planned_to_on
    amend(bench, with_window(42), effective_in_days=5)
    assert window(bench, "001").planned_to_on == last
    bench.pass_days(15)
    assert bench.now.date() > last
    with bench.refuses(no.WindowStillRuns):
        bench.ask(closing(bench))
    p.screen(bench, "002")
    assert window(bench, "001").planned_to_on == last + timedelta(days=14)
    assert replayed(bench) == bench.world


def test_an_amendment_reaches_every_patient_who_is_observed() -> None:
    bench = told("1PPP")
    running = [number for number in ("001", "002", "003") if window(bench, number).running]
    amend(bench, with_window(90), effective_in_days=1)
    bench.pass_days(1)
    events = bench.ask(screening.ScreenPatient(number="009", site="NDGOI", birth_year_month="2016-03", sex="male"))
    assert [event.patient for event in events if isinstance(event, c.DltWindowReplanned)] == running


def test_an_event_that_a_longer_window_takes_in_becomes_a_candidate() -> None:
    bench = told("1P")
    bench.pass_days(20)
    p.reaction(bench, "001")
    assert patient(bench, "001").open_candidates == ()
    amend(bench, with_window(42))
    assert patient(bench, "001").open_candidates == ("adverse-event/1",)


def test_a_late_entry_has_the_window_of_the_version_that_held_then() -> None:
    bench = told("1A")
    then = bench.now
    bench.pass_days(1)
    amend(bench, with_window(21))
    start = given.RecordInfusionStart(patient="001", ordinal=1, product="NK", level=1, started_at=then)
    opened = only(c.DltWindowOpened, bench.ask(start))
    assert (opened.days_after_last_infusion_count, opened.protocol_version) == (28, 1)


def test_an_amendment_does_not_hold_before_its_day() -> None:
    bench = told("1A")
    amend(bench, changed_protocol(enrolment_cap=20), effective_in_days=3)
    assert bench.docket().version().number == 1
    bench.pass_days(3)
    assert bench.docket().version().number == 2


def test_a_patient_assigned_before_goes_on_and_one_who_waits_is_confirmed_again() -> None:
    bench = told("1A")
    p.screen(bench, "002")
    amend(bench, changed_protocol(follow_up_years=3))
    p.authorise(bench, "001", 1)
    bench.ask(enrolment.ReserveSlot(patient="002", level=1))
    with bench.refuses(no.NotEligible):
        bench.ask(enrolment.EnrolPatient(patient="002", planned_transplant_on=bench.now.date()))
    bench.ask(screening.ConfirmEligibility(patient="002"))
    bench.ask(enrolment.EnrolPatient(patient="002", planned_transplant_on=bench.now.date()))


@pytest.mark.parametrize("left_out", ["level", "infusion"])
def test_no_version_leaves_out_what_is_in_use(left_out: str) -> None:
    bench = told("1NNN 2P")
    document = nct07256210().model_dump(mode="json")
    if left_out == "level":
        document["ladder"]["levels"] = document["ladder"]["levels"][:2]
    else:
        document["infusions"] = [{**document["infusions"][0], "share": "1"}]
        document["readiness"]["nonhaematologic_ordinals"] = []
    version = setup.ProposeProtocolVersion(version=2, effective_on=bench.now.date(), document=document)
    with bench.refuses(no.NotInProtocol):
        bench.ask(version, SPONSOR)


def test_a_level_nobody_used_may_be_left_out() -> None:
    bench = told("1NNN")
    ladder = nct07256210().ladder.model_dump(mode="json")
    amend(bench, changed_protocol(ladder={**ladder, "levels": ladder["levels"][:3]}))
    assert bench.docket().protocol().top == 2


def test_a_decision_that_waits_for_signatures_does_not_survive_an_amendment() -> None:
    bench = told("1NNN")
    dossier = inputs_hash(bench.world, bench.docket().version())
    bench.ask(dose_decision.ProposeDoseDecision(outcome="escalate", to_level=2, dossier_hash=dossier), SPONSOR)
    amend(bench, changed_protocol(follow_up_years=3))
    with bench.refuses(no.DossierMoved):
        p.sign(bench, 1, PI)
    p.decide(bench, "escalate", 2)


def test_a_design_that_asks_for_more_supersedes_what_was_declared_with_less() -> None:
    few = {"kind": "3+3", "six_at_mtd": False, "act_on_second_dlt": True, "may_deescalate": True}
    bench = told("1NNN")
    amend(bench, changed_protocol(design=few))
    bench = exceeded_at_two(bench)
    assert says(bench) == DeclareMtd(1)
    p.decide(bench, "declare_mtd", 1)
    amend(bench, nct07256210())
    assert has(t.MtdSuperseded, [record.event for record in bench.records])
    assert says(bench) == Treat(1, 6)
    assert member(bench, "001").evaluable is True


def exceeded_at_two(bench: Bench) -> Bench:
    """Two DLTs at level 2, under a design that asks for three patients only."""
    p.decide(bench, "escalate", 2)
    for number in ("004", "005"):
        p.screen(bench, number)
        p.place(bench, number, 2)
        p.authorise(bench, number, 1)
        p.infuse(bench, number, 1)
        bench.pass_days(2)
        p.rule(bench, number, p.reaction(bench, number))
        bench.pass_days(14)
    return bench

"""Nothing clinical is removed: a correction is the same report once more, with its reason (domain G.4-10, G.4-12)."""

from datetime import timedelta

import pytest

from ledger import refusals as no
from ledger.decisions import dlt, enrolment, given, safety, screening
from ledger.decisions.corrections import REPORTS, CorrectRecord
from ledger.patient import events as e
from ledger.patient import infusions as i
from ledger.patient import safety as s
from ledger.patient.review import QueryRaised
from ledger.types import Event
from tests import patients as p
from tests.bench import INVESTIGATOR, PI, SITE, Bench
from tests.spec.story import candidates, deviations, has, member, patient, raised, replayed, told, trial


def position_of(bench: Bench, kind: type[Event], nth: int = 0) -> int:
    return [record.position for record in bench.records if type(record.event) is kind][nth]


def correction(
    bench: Bench, position: int, kind: str, number: str = "001", drop: frozenset[str] = frozenset(), **changes: object
) -> CorrectRecord:
    """What stands at a position, but for the changes."""
    content = bench.records[position].event.model_dump(mode="json", exclude={*drop, "number"})
    return CorrectRecord(position=position, kind=kind, report={**content, **changes}, patient=number)


def correct(bench: Bench, command: CorrectRecord) -> tuple[Event, ...]:
    return bench.ask(command, reason=bench.seal("read wrongly from the chart"))


def infused(percent: int = 100) -> Bench:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1, percent=percent)
    return bench


def cells(bench: Bench, to: int, position: int | None = None) -> CorrectRecord:
    at = position_of(bench, i.InfusionCompleted) if position is None else position
    return correction(
        bench, at, "infusion", drop=frozenset({"cells_by_volume", "cells_per_kg", "percent_of_plan"}), cells=to
    )


def test_a_correction_replaces_what_stands_and_keeps_what_stood() -> None:
    bench = infused()
    size = bench.world.size
    events = correct(bench, cells(bench, 120_000_000))
    assert [type(event) for event in events] == [i.InfusionCompleted]
    assert bench.records[size].corrects == position_of(bench, i.InfusionCompleted)
    stands = patient(bench, "001").infusions[1].completed
    assert stands is not None
    assert (stands.cells, stands.percent_of_plan) == (120_000_000, "90")
    assert replayed(bench) == bench.world


def test_a_correction_has_a_reason() -> None:
    bench = infused()
    with bench.refuses(no.ReasonMissing):
        bench.ask(cells(bench, 120_000_000))


def test_the_newest_record_is_corrected_next() -> None:
    bench = infused()
    correct(bench, cells(bench, 120_000_000))
    with bench.refuses(no.AlreadyCorrected):
        correct(bench, cells(bench, 110_000_000, position_of(bench, i.InfusionCompleted, 0)))
    correct(bench, cells(bench, 110_000_000, position_of(bench, i.InfusionCompleted, 1)))
    stands = patient(bench, "001").infusions[1].completed
    assert stands is not None
    assert stands.cells == 110_000_000


def test_the_same_correction_later_is_on_record() -> None:
    bench = infused()
    command = cells(bench, 120_000_000)
    correct(bench, command)
    bench.pass_days(1)
    assert correct(bench, command) == ()


def test_a_report_of_what_was_corrected_away_contradicts_the_record() -> None:
    bench = infused()
    old = bench.records[position_of(bench, i.InfusionCompleted)].event
    correct(bench, cells(bench, 120_000_000))
    content = old.model_dump(mode="json", exclude={"cells_by_volume", "cells_per_kg", "percent_of_plan"})
    again = given.RecordInfusion.model_validate({"patient": "001", **content})
    assert has(QueryRaised, bench.ask(again))


def test_a_corrected_overdose_is_flagged() -> None:
    bench = infused()
    assert deviations(correct(bench, cells(bench, 150_000_000))) == {"Overdose"}


def test_a_correction_concerns_the_same_kind_the_same_stream_and_the_same_thing() -> None:
    bench = told("1PP")
    start = position_of(bench, i.InfusionStarted)
    with bench.refuses(no.CorrectionOfAnotherKind):
        correct(bench, cells(bench, 1, position_of(bench, i.InfusionCompleted)).model_copy(update={"position": start}))
    with bench.refuses(no.CorrectionOfAnotherKind):
        correct(bench, cells(bench, 1).model_copy(update={"patient": "002"}))
    with bench.refuses(no.CorrectionOfAnotherKind):
        correct(bench, correction(bench, start, "infusion-start", ordinal=2))


def test_one_report_corrects_one_record() -> None:
    bench = trial()
    p.screen(bench, "001")
    position = position_of(bench, e.CriterionAssessed)
    both = {
        "assessments": [
            {"criterion": "I3", "met": False, "inputs": None},
            {"criterion": "I10", "met": False, "inputs": None},
        ]
    }
    command = CorrectRecord(position=position, kind="criteria", report=both, patient="001")
    with bench.refuses(no.CorrectionOfAnotherKind):
        correct(bench, command)
    one = CorrectRecord(
        position=position, kind="criteria", report={"assessments": both["assessments"][:1]}, patient="001"
    )
    correct(bench, one)
    assert patient(bench, "001").attested["I3"][1] is False


@pytest.mark.parametrize("kind", ["ruling", "eligibility", "dose-decision", "hold", ""])
def test_permissions_and_rulings_are_not_corrected_but_made_anew(kind: str) -> None:
    bench = infused()
    assert kind not in REPORTS
    with bench.refuses(no.NotCorrectable):
        correct(bench, cells(bench, 1).model_copy(update={"kind": kind}))


def test_what_is_not_there_is_not_corrected() -> None:
    bench = infused()
    with bench.refuses(no.NoSuchRecord):
        correct(bench, cells(bench, 1).model_copy(update={"position": bench.world.size}))
    with bench.refuses(no.NoSuchPatient):
        correct(bench, cells(bench, 1).model_copy(update={"patient": "404"}))


@pytest.mark.parametrize("report", [{}, {"ordinal": "one"}, {"nonsense": 1}])
def test_a_correction_that_cannot_be_read_is_refused(report: dict[str, object]) -> None:
    bench = infused()
    with bench.refuses(no.UnreadableCommand):
        correct(bench, cells(bench, 1).model_copy(update={"report": report}))


def test_what_contradicts_the_record_is_corrected_at_the_record() -> None:
    bench = infused()
    again = given.RecordInfusion(
        patient="001", ordinal=1, product="NK-001", ended_at=bench.now, weight_kg="20", cells=1
    )
    bench.ask(again)
    with bench.refuses(no.NotCorrectable):
        correct(bench, cells(bench, 2, position_of(bench, i.InfusionCompleted, 1)))
    correct(bench, cells(bench, 2))


def test_a_correction_that_cannot_be_true_beside_the_record_is_refused() -> None:
    bench = infused()
    position = position_of(bench, i.InfusionCompleted)
    earlier = (bench.now - timedelta(hours=2)).isoformat()
    drop = frozenset({"cells_by_volume", "cells_per_kg", "percent_of_plan"})
    with bench.refuses(no.FindingsContradict):
        correct(bench, correction(bench, position, "infusion", drop=drop, ended_at=earlier))


def test_a_corrected_onset_outside_the_window_leaves_the_candidate_to_be_ruled() -> None:
    bench = told("1P")
    p.reaction(bench, "001")
    position = position_of(bench, s.AdverseEventReported)
    before = (bench.now - timedelta(days=300)).isoformat()
    moved = correction(bench, position, "adverse-event", drop=frozenset({"adverse_event"}), onset_at=before)
    correct(bench, moved)
    assert patient(bench, "001").adverse_events[1].report.onset_at == bench.now - timedelta(days=300)
    assert candidates(bench, "001") == ("adverse-event/1",)
    assert correct(bench, moved) == ()


def test_a_corrected_onset_inside_the_window_makes_a_candidate() -> None:
    bench = told("1P")
    p.reaction(bench, "001", onset_at=bench.now - timedelta(days=300))
    assert candidates(bench, "001") == ()
    position = position_of(bench, s.AdverseEventReported)
    command = correction(
        bench, position, "adverse-event", drop=frozenset({"adverse_event"}), onset_at=bench.now.isoformat()
    )
    assert raised(correct(bench, command)) == {"adverse-event/1": "grade"}
    assert sorted(patient(bench, "001").adverse_events) == [1]


def test_a_corrected_assessment_replaces_exactly_the_one_it_corrects() -> None:
    bench = told("1P")
    p.reaction(bench, "001", 2)
    position = position_of(bench, s.ToxicityAssessed)
    report = {
        "adverse_event": 1,
        "assessed_at": bench.now.isoformat(),
        "findings": p.crs(1).model_dump(mode="json"),
    }
    correct(bench, CorrectRecord(position=position, kind="crs-assessment", report=report, patient="001"))
    assert patient(bench, "001").adverse_events[1].grade == 1
    with bench.refuses(no.NoSuchRecord):
        bench.ask(safety.ConfirmGrade(patient="001", adverse_event=1, assessment=position, grade=1))


def test_a_corrected_grade_above_the_limit_makes_a_candidate() -> None:
    bench = told("1P")
    p.reaction(bench, "001", 2)
    position = position_of(bench, s.ToxicityAssessed)
    report = {
        "adverse_event": 1,
        "assessed_at": bench.now.isoformat(),
        "findings": p.crs(4).model_dump(mode="json"),
    }
    command = CorrectRecord(position=position, kind="crs-assessment", report=report, patient="001")
    assert raised(correct(bench, command)) == {"adverse-event/1": "grade"}


def test_a_corrected_cause_of_death_holds_the_trial_after_all() -> None:
    bench = told("1P")
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"))
    assert bench.world.trial.held(None) is None
    correct(bench, correction(bench, position_of(bench, e.DeathRecorded), "death", cause="other"))
    assert bench.world.trial.held(None) is not None


def test_a_corrected_birth_month_asks_for_eligibility_anew() -> None:
    bench = trial()
    p.screen(bench, "001", "2016-03")
    position = position_of(bench, e.PatientScreened)
    report = {"site": SITE, "birth_year_month": "2011-01", "sex": "female"}
    correct(bench, CorrectRecord(position=position, kind="screening", report=report, patient="001"))
    with bench.refuses(no.ConsentNotValid):
        bench.ask(screening.ConfirmEligibility(patient="001"))
    for capacity in ("patient", "representative"):
        consent = screening.RecordConsent.model_validate(
            {
                "patient": "001",
                "form_version": "2.1",
                "capacity": capacity,
                "signed_at": bench.now,
                "obtained_by": "maria",
                "copy_given": True,
            }
        )
        bench.ask(consent)
    with bench.refuses(no.NotEligible):
        bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))
    with bench.refuses(no.CriteriaOpen):
        bench.ask(screening.ConfirmEligibility(patient="001"))
    p.find(bench, "001", pregnancy_test="negative", lactating=False)
    bench.ask(screening.ConfirmEligibility(patient="001"))
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date()))


def test_a_corrected_consent_counts_as_corrected() -> None:
    bench = trial()
    p.screen(bench, "001", "2012-02")
    position = position_of(bench, e.ConsentGiven)
    correct(bench, correction(bench, position, "consent", capacity="patient"))
    assert [given.capacity for given in patient(bench, "001").consents.values()] == ["patient"]
    with bench.refuses(no.ConsentNotValid):
        bench.ask(enrolment.ReserveSlot(patient="001", level=1))


def test_a_dose_corrected_below_the_minimum_leaves_the_determination_to_people() -> None:
    bench = told("1N")
    second = position_of(bench, i.InfusionCompleted, 0)
    correct(bench, cells(bench, 10_000_000, second))
    assert member(bench, "001").evaluable is True
    revised = dlt.DetermineEvaluability(patient="001", evaluable=False, reason="dose_below_minimum", revision=2)
    bench.ask(revised, PI)
    bench.ask(revised, INVESTIGATOR)
    assert member(bench, "001").evaluable is False

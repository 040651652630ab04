"""What the sponsor makes of an adverse event, when it learnt of it, what it sent, and by when (safety-3)."""

from datetime import date, timedelta
from typing import Any

import pytest

from ledger import refusals as no
from ledger.decisions import quarantine, reporting, safety, safety_reviews, screening, setup
from ledger.decisions.corrections import CorrectRecord
from ledger.patient import reporting as r
from ledger.patient.reporting_state import Case
from ledger.patient.review import QueryRaised
from ledger.patient.safety import AdverseEventReported, ToxicityAssessed
from ledger.record import Actor
from ledger.trial.events import ReportQuarantined
from ledger.trial.reviews import ReferenceSafetyInformationApproved
from ledger.types import Event
from projections.safety_clocks import safety_clocks
from tests import patients as p
from tests.bench import DRUG_SAFETY, INVESTIGATOR, NURSE, PI, SPONSOR, TRAINED, Bench
from tests.spec.story import amend, changed_protocol, deviations, has, named, only, patient, raised, told
from tests.spec.test_safety_reports import event, findings


def with_event(outcomes: str = "1P", **said: Any) -> Bench:
    """A trial with an adverse event of patient 001, and somebody for drug safety."""
    bench = told(outcomes)
    person = setup.DelegateRole(
        person="dora", role="drug_safety", site=None, from_on=date(2026, 1, 1), to_on=None, training=TRAINED
    )
    bench.ask(person, SPONSOR)
    bench.ask(event(bench, **said))
    return bench


def case(bench: Bench, number: int = 1) -> Case:
    return patient(bench, "001").reporting.case(number)


def classify(bench: Bench, by: Actor = DRUG_SAFETY, **said: Any) -> tuple[Event, ...]:
    content = {"adverse_event": 1, "revision": 1, "serious": False, "received_at": bench.now, **said}
    return bench.ask(reporting.ClassifySae.model_validate({"patient": "001", **content}), by)


def attribute(bench: Bench, relation: str, by: Actor = INVESTIGATOR) -> None:
    content = {"adverse_event": 1, "relation": relation, "rationale": bench.seal("another cause")}
    bench.ask(safety.AssessAttribution.model_validate({"patient": "001", **content}), by)


def list_approved(bench: Bench, version: str = "IB-3", effective_on: date = date(2026, 1, 5)) -> tuple[Event, ...]:
    command = safety_reviews.ApproveReferenceSafetyInformation(
        version=version, effective_on=effective_on, document_sha256="ab" * 32
    )
    return bench.ask(command, SPONSOR)


def clocks(bench: Bench) -> dict[str, date]:
    """When what is due of the only adverse event, as read now; further information by its first."""
    found: dict[str, date] = {}
    for each in safety_clocks(bench.world, bench.now):
        for clock in each.clocks:
            found.setdefault(clock.kind, clock.due_on)
    return found


LIFE_THREATENING: dict[str, Any] = {"serious": True, "criteria": ("life-threatening",)}
HOSPITAL: dict[str, Any] = {"serious": True, "criteria": ("hospitalisation",)}
EXPECTED: dict[str, Any] = {"expected": True, "reference_safety_information": "IB-3"}
UNEXPECTED: dict[str, Any] = {"expected": False, "reference_safety_information": "IB-3"}


def test_what_is_serious_meets_a_criterion_and_what_is_expected_stands_in_a_list() -> None:
    bench = with_event()
    contradictions: tuple[dict[str, Any], ...] = (
        {"serious": True},
        {"serious": False, "criteria": ("death",)},
        {"serious": True, "criteria": ("death", "death")},
        {"expected": True},
        {"reference_safety_information": "IB-3"},
    )
    for contradiction in contradictions:
        with bench.refuses(no.FindingsContradict):
            classify(bench, **contradiction)
    with bench.refuses(no.OccurrenceInTheFuture):
        classify(bench, received_at=bench.now + timedelta(hours=1))
    with bench.refuses(no.NoSuchAdverseEvent):
        classify(bench, adverse_event=2)


def test_a_classification_is_the_sponsors_and_keeps_what_the_investigator_had_said() -> None:
    bench = with_event()
    for other in (PI, INVESTIGATOR, NURSE):
        with bench.refuses(no.NotDelegated):
            classify(bench, other)
    attribute(bench, "possible")
    stored = only(r.SaeClassified, classify(bench, **HOSPITAL, sponsor_causality="probable"))
    assert (stored.investigator_causality, stored.sponsor_causality) == ("possible", "probable")
    assert case(bench).causality_in_force == "probable"
    assert patient(bench, "001").adverse_events[1].serious


def test_revisions_count_upwards_and_another_word_under_the_same_one_is_refused() -> None:
    bench = with_event()
    classify(bench, **HOSPITAL)
    assert classify(bench, **HOSPITAL) == ()
    attribute(bench, "possible")
    assert classify(bench, **HOSPITAL) == (), "what investigators say afterwards makes no other classification of it"
    with bench.refuses(no.AlreadyClassified):
        classify(bench, **LIFE_THREATENING)
    with bench.refuses(no.AlreadyClassified):
        classify(bench, revision=3, **LIFE_THREATENING)
    with pytest.raises(no.AlreadyClassified) as refused:
        classify(bench, **LIFE_THREATENING)
    known = case(bench).classification
    assert known is not None
    assert refused.value.on_record == known.position
    classify(bench, revision=2, **LIFE_THREATENING)
    known = case(bench).classification
    assert known is not None
    assert known.event.revision == 2


@pytest.mark.parametrize(
    ("investigator", "sponsor", "refused", "in_force"),
    [
        ("unlikely", "possible", False, "possible"),
        ("possible", "possible", False, "possible"),
        ("possible", "definite", False, "definite"),
        ("possible", "unlikely", True, "possible"),
        ("definite", "probable", True, "definite"),
        (None, "unrelated", False, "unrelated"),
        ("possible", None, False, "possible"),
    ],
)
def test_the_sponsor_upgrades_the_investigators_causality_and_never_downgrades_it(
    investigator: str | None, sponsor: str | None, refused: bool, in_force: str
) -> None:
    bench = with_event()
    if investigator:
        attribute(bench, investigator)
    if refused:
        with bench.refuses(no.BelowOnRecord):
            classify(bench, **HOSPITAL, sponsor_causality=sponsor)
    else:
        classify(bench, **HOSPITAL, sponsor_causality=sponsor)
    assert case(bench).causality_in_force == in_force


def test_what_was_signed_below_it_on_paper_is_stored_with_its_deviation_and_changes_nothing() -> None:
    bench = with_event()
    attribute(bench, "possible")
    command = reporting.ClassifySae(
        patient="001",
        adverse_event=1,
        revision=1,
        serious=True,
        criteria=("hospitalisation",),
        sponsor_causality="unrelated",
        received_at=bench.now,
    )
    events = bench.ask(command, DRUG_SAFETY, on_paper=True)
    assert deviations(events) == named(no.BelowOnRecord)
    assert case(bench).causality_in_force == "possible"
    assert "expedited" in clocks(bench)


def test_the_strongest_of_the_investigators_counts_and_each_may_change_his_own() -> None:
    bench = with_event()
    attribute(bench, "probable", INVESTIGATOR)
    attribute(bench, "unlikely", PI)
    assert case(bench).causality("investigator") == "probable"
    attribute(bench, "unlikely", INVESTIGATOR)
    assert (case(bench).causality("investigator"), case(bench).causality("sponsor")) == ("unlikely", "missing")
    attribute(bench, "possible", SPONSOR)
    assert (case(bench).causality("sponsor"), case(bench).causality_in_force) == ("possible", "possible")


def test_what_was_reported_as_serious_or_fatal_is_so_for_the_sponsor() -> None:
    bench = with_event(serious=True)
    with bench.refuses(no.BelowOnRecord):
        classify(bench)
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=1, outcome="fatal"))
    with bench.refuses(no.BelowOnRecord):
        classify(bench, **LIFE_THREATENING)
    classify(bench, serious=True, criteria=("death",))


def test_a_correction_takes_back_what_was_reported() -> None:
    bench = with_event(serious=True)
    known = patient(bench, "001").adverse_events[1]
    report = {"term": "Fever", "serious": False, "onset_at": known.report.onset_at}
    command = CorrectRecord(patient="001", position=known.position, kind="adverse-event", report=report)
    bench.ask(command, reason=bench.seal("another box"))
    classify(bench)
    assert set(clocks(bench)) == {"expedited"}, "what ran goes on"


def test_the_medical_monitor_upgrades_only() -> None:
    bench = with_event()
    list_approved(bench)
    with bench.refuses(no.BelowOnRecord):
        classify(bench, SPONSOR, **HOSPITAL, **EXPECTED)
    classify(bench, **LIFE_THREATENING, **UNEXPECTED, sponsor_causality="probable")
    second: dict[str, Any] = {"revision": 2, **UNEXPECTED, "sponsor_causality": "probable"}
    for lower in (HOSPITAL, {"serious": False}, {**LIFE_THREATENING, "sponsor_causality": "possible"}):
        with bench.refuses(no.BelowOnRecord):
            classify(bench, SPONSOR, **{**second, **lower})
    higher = ("death", "life-threatening")
    classify(bench, SPONSOR, **{**second, "serious": True, "criteria": higher, "sponsor_causality": "definite"})
    classify(bench, DRUG_SAFETY, revision=3, **HOSPITAL, **EXPECTED, sponsor_causality="probable")


@pytest.mark.parametrize(("days_after_onset", "refused"), [(-1, False), (0, False), (1, True)])
def test_an_event_is_expected_against_a_list_that_was_in_force_at_its_onset(
    days_after_onset: int, refused: bool
) -> None:
    bench = with_event()
    onset_on = patient(bench, "001").adverse_events[1].report.onset_at.date()
    with bench.refuses(no.NotExpectedThen):
        classify(bench, **HOSPITAL, **UNEXPECTED)
    list_approved(bench, effective_on=onset_on + timedelta(days=days_after_onset))
    if refused:
        with bench.refuses(no.NotExpectedThen):
            classify(bench, **HOSPITAL, **EXPECTED)
        classify(bench, **HOSPITAL, **UNEXPECTED)
    else:
        classify(bench, **HOSPITAL, **EXPECTED)


def test_a_version_of_the_list_is_approved_once_by_the_medical_monitor() -> None:
    bench = with_event()
    assert has(ReferenceSafetyInformationApproved, list_approved(bench))
    assert list_approved(bench) == ()
    with bench.refuses(no.AlreadyDetermined):
        list_approved(bench, effective_on=date(2026, 2, 1))
    command = safety_reviews.ApproveReferenceSafetyInformation(
        version="IB-4", effective_on=date(2026, 1, 5), document_sha256="ab" * 32
    )
    with bench.refuses(no.NotDelegated):
        bench.ask(command, PI)


def test_a_sponsors_call_that_it_is_serious_makes_an_ungraded_reaction_a_candidate() -> None:
    bench = with_event(term="Cytokine release syndrome", toxicity="CRS")
    assert raised(classify(bench, **HOSPITAL)) == {"adverse-event/1": "serious-ungraded"}


# what the clocks make of it


def test_a_serious_report_starts_the_clocks_of_site_and_sponsor() -> None:
    aware = timedelta(hours=5)
    bench = with_event(serious=False)
    bench.ask(event(bench, term="Sepsis", serious=True, site_aware_at=bench.now - aware, received_at=bench.now - aware))
    day = bench.now.date()
    assert clocks(bench) == {"investigator_to_sponsor": day + timedelta(days=1), "expedited": day + timedelta(days=15)}


def test_without_a_stated_receipt_it_was_received_when_it_was_recorded() -> None:
    bench = with_event(serious=True, onset_at=told("1P").now - timedelta(days=30))
    assert clocks(bench) == {"expedited": bench.now.date() + timedelta(days=15)}


def test_an_upgrade_starts_the_shorter_clock_from_its_own_receipt_beside_the_one_that_runs() -> None:
    bench = with_event(serious=True)
    first_on = bench.now.date()
    bench.pass_days(10)
    classify(bench, **LIFE_THREATENING)
    assert clocks(bench) == {
        "expedited": first_on + timedelta(days=15),
        "urgent": bench.now.date() + timedelta(days=7),
        "urgent_follow_up": bench.now.date() + timedelta(days=15),
        "new_information": bench.now.date() + timedelta(days=15),
    }


@pytest.mark.parametrize("days_earlier", [0, 2])
def test_a_classification_of_the_first_report_is_no_further_information(days_earlier: int) -> None:
    received_at = told("1P").now - timedelta(hours=3)
    bench = with_event(serious=True, received_at=received_at)
    classify(bench, **LIFE_THREATENING, received_at=received_at - timedelta(days=days_earlier))
    first_on = bench.now.date() - timedelta(days=days_earlier)
    assert clocks(bench) == {
        "expedited": bench.now.date() + timedelta(days=15),
        "urgent": first_on + timedelta(days=7),
        "urgent_follow_up": first_on + timedelta(days=15),
    }


@pytest.mark.parametrize("fatal", [{"outcome": "fatal"}, {"ctcae_grade": 5}])
def test_a_death_starts_the_urgent_clock_without_a_classification(fatal: dict[str, Any]) -> None:
    bench = with_event(serious=False)
    bench.ask(safety.UpdateAdverseEvent.model_validate({"patient": "001", "adverse_event": 1, **fatal}))
    assert clocks(bench)["urgent"] == bench.now.date() + timedelta(days=7)


def test_so_does_a_grade_5_from_findings_until_it_is_corrected_and_not_only_then() -> None:
    bench = with_event(term="Cytokine release syndrome", toxicity="CRS")
    assessed = {"patient": "001", "adverse_event": 1, "assessed_at": bench.now}
    bench.ask(safety.AssessCrs.model_validate({**assessed, "findings": p.crs(5)}))
    assert clocks(bench)["urgent"] == bench.now.date() + timedelta(days=7)
    position = next(at for at, record in enumerate(bench.records) if isinstance(record.event, ToxicityAssessed))
    report = {"adverse_event": 1, "assessed_at": bench.now.isoformat(), "findings": p.crs(3).model_dump(mode="json")}
    command = CorrectRecord(patient="001", position=position, kind="crs-assessment", report=report)
    bench.ask(command, reason=bench.seal("another child"))
    assert clocks(bench)["urgent"] == bench.now.date() + timedelta(days=7), "nothing takes a clock away"
    assert not case(bench).reported_fatal


def test_what_contradicts_the_record_was_received_all_the_same() -> None:
    bench = with_event(serious=False)
    known = patient(bench, "001").adverse_events[1].report
    assert clocks(bench) == {}
    contradicting = event(bench, serious=True, onset_at=known.onset_at)
    assert has(QueryRaised, bench.ask(contradicting))
    assert not patient(bench, "001").adverse_events[1].serious
    assert clocks(bench) == {"expedited": bench.now.date() + timedelta(days=15)}


def receipt(bench: Bench, days_ago: float, about: int | None = None) -> reporting.RecordReceipt:
    at = bench.now - timedelta(days=days_ago)
    return reporting.RecordReceipt(patient="001", adverse_event=1, about=about, received_at=at)


def test_an_earlier_true_receipt_moves_the_due_date_earlier_and_a_later_one_moves_nothing() -> None:
    bench = with_event(serious=True)
    position, first_on = patient(bench, "001").adverse_events[1].position, bench.now.date()
    bench.pass_days(3)
    bench.ask(receipt(bench, 5, about=position))
    assert clocks(bench) == {"expedited": first_on + timedelta(days=13)}
    bench.ask(receipt(bench, 1, about=position))
    assert clocks(bench) == {"expedited": first_on + timedelta(days=13)}


def test_further_information_has_a_clock_of_its_own() -> None:
    bench = with_event(serious=True)
    bench.pass_days(4)
    bench.ask(receipt(bench, 1))
    assert clocks(bench)["new_information"] == bench.now.date() + timedelta(days=14)


def test_a_receipt_is_about_information_on_record() -> None:
    bench = with_event(serious=True)
    for about in (0, 10**9):
        with bench.refuses(no.NoSuchRecord):
            bench.ask(receipt(bench, 1, about=about))


def send(bench: Bench, kind: str = "complete", to: str = "authority") -> tuple[Event, ...]:
    command = reporting.RecordExpeditedReport.model_validate(
        {
            "patient": "001",
            "adverse_event": 1,
            "kind": kind,
            "to": to,
            "recipient": "Roszdravnadzor",
            "submitted_at": bench.now,
        }
    )
    return bench.ask(command, DRUG_SAFETY)


def standing(bench: Bench) -> dict[str, str]:
    return {c.kind: c.standing for each in safety_clocks(bench.world, bench.now) for c in each.clocks}


@pytest.mark.parametrize(("days", "expected"), [(15, "met"), (16, "met_late")])
def test_a_report_to_the_authority_meets_its_clock_on_the_last_day_and_late_on_the_next(
    days: int, expected: str
) -> None:
    bench = with_event(serious=True)
    bench.pass_days(days)
    assert standing(bench) == {"expedited": "running" if days == 15 else "overdue"}
    send(bench, to="ethics-committee")
    send(bench, kind="further")
    assert "met" not in standing(bench)["expedited"]
    assert has(r.ExpeditedReportSubmitted, send(bench))
    assert standing(bench) == {"expedited": expected}


def test_a_downgrade_removes_neither_a_clock_nor_what_was_sent() -> None:
    bench = with_event(serious=True)
    list_approved(bench)
    bench.pass_days(1)
    send(bench)
    classify(bench, **HOSPITAL, **EXPECTED)
    assert standing(bench)["expedited"] == "met"
    (shown,) = safety_clocks(bench.world, bench.now)
    assert not shown.qualifies_now
    assert len(case(bench).reports) == 1


def test_a_report_sent_is_corrected_like_any_fact() -> None:
    bench = with_event(serious=True)
    bench.pass_days(16)
    send(bench)
    wrong = next(iter(case(bench).reports))
    sent = dict(case(bench).reports[wrong])
    report = {**sent, "submitted_at": bench.now - timedelta(days=2)}
    command = CorrectRecord(patient="001", position=wrong, kind="expedited-report", report=report)
    bench.ask(command, DRUG_SAFETY, reason=bench.seal("the day of the fax"))
    assert standing(bench)["expedited"] == "met"


def test_an_amendment_shortens_what_runs_and_never_lengthens_it() -> None:
    rules = changed_protocol().safety_clocks.model_dump()
    bench = with_event(serious=True)
    day = bench.now.date()
    bench.pass_days(2)
    amend(bench, changed_protocol(safety_clocks={**rules, "serious_unexpected_days": 20}))
    assert clocks(bench) == {"expedited": day + timedelta(days=15)}
    amend(bench, changed_protocol(safety_clocks={**rules, "serious_unexpected_days": 10}))
    assert clocks(bench) == {"expedited": day + timedelta(days=10)}


# reports that are odd


def test_a_quarantined_report_was_received_too_and_stays_so_when_it_is_resolved() -> None:
    bench = told("1P")
    bench.ask(event(bench, "O01", term="Sepsis", serious=True))
    due = {"expedited": bench.now.date() + timedelta(days=15)}
    assert clocks(bench) == due
    bench.pass_days(6)
    bench.ask(quarantine.ResolveQuarantine(quarantine=1, patient="001", resolution=bench.seal("letter O for zero")))
    assert clocks(bench) == due
    assert [each.patient for each in safety_clocks(bench.world, bench.now)] == ["001"]


def test_a_quarantined_report_of_an_event_on_record_moves_its_receipt_earlier() -> None:
    bench = told("1P")
    reported = event(bench, "O01", term="Sepsis", serious=True)
    bench.ask(reported)
    due = {"expedited": bench.now.date() + timedelta(days=15)}
    bench.pass_days(6)
    bench.ask(reported.model_copy(update={"patient": "001"}))
    events = bench.ask(quarantine.ResolveQuarantine(quarantine=1, patient="001", resolution=bench.seal("typing error")))
    assert has(r.SponsorInformed, events)
    assert clocks(bench) == due


def test_a_quarantined_report_that_is_nobodys_is_due_no_more() -> None:
    bench = told("1P")
    bench.ask(event(bench, "O01", term="Sepsis", serious=True))
    bench.ask(quarantine.ResolveQuarantine(quarantine=1, patient=None, resolution=bench.seal("another trial")))
    assert clocks(bench) == {}


def kinds(events: tuple[Event, ...]) -> list[str]:
    return [raised.kind for raised in events if isinstance(raised, QueryRaised)]


@pytest.mark.parametrize(
    ("lot", "asked"),
    [
        ("NK-001", []),
        ("NK-404", ["suspect product unknown"]),
        ("NK-002", ["suspect product not given to the patient"]),
        (None, []),
    ],
)
def test_a_report_on_an_unknown_product_is_stored_and_asked_about(lot: str | None, asked: list[str]) -> None:
    bench = told("1PP")
    events = bench.ask(event(bench, serious=True, suspect_product=lot))
    assert has(AdverseEventReported, events)
    assert kinds(events) == asked
    about = {query.about for query in events if isinstance(query, QueryRaised)}
    assert about <= {patient(bench, "001").adverse_events[1].position}


def test_a_report_after_withdrawal_and_off_study_is_stored_and_asked_about() -> None:
    bench = told("1P")
    bench.ask(screening.WithdrawConsent(patient="001", scope="all-participation"))
    bench.ask(safety.RecordOffStudy(patient="001", cause="withdrawal", off_on=bench.now.date()))
    events = bench.ask(event(bench, serious=True, suspect_product="NK-404"))
    assert kinds(events) == [
        "suspect product unknown",
        "reported after consent was withdrawn",
        "reported after the end of participation",
    ]
    assert len(patient(bench, "001").review.queries) == 3
    assert set(clocks(bench)) == {"expedited"}


def pregnancy(bench: Bench, number: str = "001", **said: Any) -> tuple[Event, ...]:
    content = {"pregnant": "partner", "known_on": bench.now.date(), **said}
    return bench.ask(reporting.ReportPregnancy.model_validate({"patient": number, **content}), NURSE)


def test_a_pregnancy_is_reported_of_anyone_and_never_refused() -> None:
    bench = told("1P")
    bench.ask(screening.WithdrawConsent(patient="001", scope="all-participation"))
    assert has(r.PregnancyReported, pregnancy(bench))
    assert pregnancy(bench) == ()
    assert has(r.PregnancyReported, pregnancy(bench, outcome="live-birth"))
    assert has(r.PregnancyReported, pregnancy(bench, pregnant="patient"))
    quarantined = only(ReportQuarantined, pregnancy(bench, "404"))
    assert (quarantined.term, quarantined.serious) == ("Pregnancy of the partner", False)
    assert pregnancy(bench, "404") == ()


@pytest.mark.parametrize("toxicity", ["reported", "assessed"])
def test_the_attribution_of_neurotoxicity_has_a_rationale(toxicity: str) -> None:
    bench = with_event(term="Confusion", toxicity="ICANS" if toxicity == "reported" else None)
    if toxicity == "assessed":
        bench.ask(
            safety.AssessIcans(patient="001", adverse_event=1, assessed_at=bench.now, findings=findings(capd_score=2))
        )
    definite = safety.AssessAttribution(patient="001", adverse_event=1, relation="definite")
    with bench.refuses(no.RationaleMissing):
        bench.ask(definite)
    bench.ask(definite.model_copy(update={"rationale": bench.seal("no busulfan; six hours after the cells")}))

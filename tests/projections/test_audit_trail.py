"""The audit trail: who, what, old value, new value, when, why."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from api.demo.findings import recorded
from ledger.decisions import given, infusion, safety, screening, setup
from ledger.decisions.corrections import CorrectRecord
from ledger.record import Record, Source
from ledger.store.rows import Refusal
from projections.audit_trail import AuditFilter, AuditRow, audit_csv, audit_json, audit_trail
from projections.tabular import cell, csv_lines
from tests.bench import INVESTIGATOR, SITE, SPONSOR, Bench, opened_trial
from tests.patients import authorise, crs, infuse, place, reaction, rule_not_a_dlt, screen, treat
from tests.projections.trials import level_2_exceeded, position, stream, three_treated


def streams(bench: Bench) -> Callable[[str], Iterable[Record]]:
    return lambda name: stream(bench, name)


def rows(bench: Bench, records: Iterable[Record] | None = None, **wanted: object) -> list[AuditRow]:
    found = bench.records if records is None else records
    chosen = AuditFilter.model_validate(wanted)
    return list(audit_trail(found, streams(bench), wanted=chosen, text=bench.text))


def last(bench: Bench) -> AuditRow:
    return rows(bench, bench.records[-1:])[0]


def changed(row: AuditRow) -> dict[str, tuple[object, object]]:
    return {change.member: (change.old, change.new) for change in row.changes}


def finding(bench: Bench, quantity: str) -> None:
    found = recorded("fvc_percent_of_predicted", quantity, bench.now.date())
    bench.ask(screening.RecordScreeningFindings.model_validate({"patient": "001", "findings": [found]}), INVESTIGATOR)


def test_every_record_is_a_row_in_the_order_of_the_log() -> None:
    bench = level_2_exceeded()
    assert [row.position for row in rows(bench)] == list(range(len(bench.records)))


def test_a_row_says_who_and_when_and_how_late() -> None:
    bench = three_treated()
    onset = bench.now - timedelta(days=2)
    reaction(bench, "001", grade=1, onset_at=onset)
    row = rows(bench, type="patient.adverse-event-reported.v1")[-1]
    assert (row.actor, row.role, row.site, row.authenticated) == ("ivan", "investigator", SITE, "test")
    assert (row.occurred_at, row.lag_seconds, row.late) == (onset, 2 * 86400, True)
    assert (row.stream, row.patient, row.protocol_version) == ("patient/001", "001", 1)
    assert row.content["term"] == "Cytokine release syndrome"


def test_a_machine_is_named_with_the_person_behind_it() -> None:
    bench = opened_trial()
    bench.ask(setup.RegisterSource(system="EDC", site=SITE, zone="Europe/Moscow"), SPONSOR)
    screen(bench, "001")
    source = Source("EDC", "A-17", "nina", "coordinator", bench.now)
    assent = screening.RecordAssent(patient="001", form_version="2.0", signed_at=bench.now)
    bench.ask(assent, INVESTIGATOR, source=source)
    reporter = last(bench).reporter
    assert reporter is not None
    assert (reporter.system, reporter.audit_id, reporter.originator) == ("EDC", "A-17", "nina")


def test_a_correction_shows_old_and_new_member_by_member_with_its_reason() -> None:
    bench = opened_trial()
    treat(bench, "001", 1)
    event = reaction(bench, "001")
    wrong = position(bench, "patient.toxicity-assessed")
    report = {"adverse_event": event, "assessed_at": bench.now.isoformat(), "findings": crs(2).model_dump(mode="json")}
    again = CorrectRecord(position=wrong, kind="crs-assessment", report=report, patient="001")
    bench.ask(again, INVESTIGATOR, reason=bench.seal("read from another chart"))
    row = next(row for row in rows(bench) if row.corrects is not None)
    assert changed(row)["computed_grade"] == (3, 2)
    assert "adverse_event" not in changed(row)
    assert (row.corrects, row.reason_text) == (wrong, "read from another chart")
    hidden = next(audit_trail([bench.records[row.position or 0]], streams(bench)))
    assert (hidden.reason, hidden.reason_text) == (row.reason, None)


def test_a_corrected_time_is_a_change_too() -> None:
    bench = three_treated()
    onset = bench.now - timedelta(days=1)
    reaction(bench, "001", grade=1, onset_at=onset)
    report = {
        "term": "Cytokine release syndrome",
        "toxicity": "CRS",
        "serious": False,
        "onset_at": (onset - timedelta(hours=3)).isoformat(),
    }
    wrong = position(bench, "patient.adverse-event-reported", -1)
    again = CorrectRecord(position=wrong, kind="adverse-event", report=report, patient="001")
    bench.ask(again, INVESTIGATOR, reason=bench.seal("time zone"))
    row = next(row for row in rows(bench) if row.corrects is not None)
    assert set(changed(row)) == {"onset_at", "occurred_at"}


def test_a_fact_said_anew_shows_what_it_replaces() -> None:
    bench = opened_trial()
    screen(bench, "001")
    finding(bench, "55")
    bench.pass_days(1)
    finding(bench, "60")
    seen = changed(last(bench))
    assert [found["quantity"] for found in seen["finding"]] == ["55", "60"]  # type: ignore[index]
    assert seen["found_on"] == ("2026-01-05", "2026-01-06")


def test_a_dose_planned_anew_a_revised_ruling_and_an_ended_delegation_show_what_they_replace() -> None:
    bench = three_treated()
    rule_not_a_dlt(bench, "002", 1, revision=2)
    ruling = rows(bench, type="patient.dlt-adjudicated.v1")[-1]
    assert changed(ruling) == {"is_dlt": (True, False), "revision": (1, 2)}
    plan = infusion.PlanDose(patient="001", ordinal=2, weight_kg="21", weighed_on=bench.now.date())
    bench.ask(plan, INVESTIGATOR)
    assert changed(last(bench))["weight_kg"] == ("20", "21")
    ends_on = bench.now.date()
    bench.ask(setup.RevokeRole(person="olga", role="safety_committee", site=None, ends_on=ends_on), SPONSOR)
    assert changed(last(bench)) == {"to_on": (None, ends_on.isoformat())}


def test_what_an_update_leaves_open_is_not_a_change() -> None:
    bench = three_treated()
    event = reaction(bench, "001", grade=1)
    update = safety.UpdateAdverseEvent(patient="001", adverse_event=event, ctcae_grade=2)
    bench.ask(update, INVESTIGATOR)
    assert changed(rows(bench, type="patient.adverse-event-updated.v1")[-1]) == {"ctcae_grade": (None, 2)}
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=event, ctcae_grade=4), INVESTIGATOR)
    assert changed(rows(bench, type="patient.adverse-event-updated.v1")[-1]) == {"ctcae_grade": (2, 4)}
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=event, serious=True), INVESTIGATOR)
    assert changed(rows(bench, type="patient.adverse-event-updated.v1")[-1]) == {"serious": (False, True)}


def test_a_moved_window_shows_its_old_end() -> None:
    """Without the second infusion the window ends 28 days after the first."""
    bench = opened_trial()
    screen(bench, "001")
    place(bench, "001", 1)
    authorise(bench, "001", 1)
    infuse(bench, "001", 1)
    ends_on = (bench.now + timedelta(days=28)).date()
    bench.pass_days(1)
    bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="readiness-not-met"), INVESTIGATOR)
    (moved,) = rows(bench, type="cohort.dlt-window-replanned.v1")
    assert changed(moved) == {"planned_to_on": ((ends_on + timedelta(days=17)).isoformat(), ends_on.isoformat())}


def test_a_contradicting_report_replaces_nothing() -> None:
    bench = three_treated()
    event = reaction(bench, "001", grade=1)
    again = safety.ReportAdverseEvent(
        patient="001", term="Cytokine release syndrome", toxicity="CRS", serious=True, onset_at=bench.now
    )
    bench.ask(again, INVESTIGATOR)
    row = next(row for row in rows(bench) if row.conflicts_with is not None)
    assert (row.type, row.changes) == ("patient.adverse-event-reported.v1", ())
    bench.ask(safety.UpdateAdverseEvent(patient="001", adverse_event=event, serious=True), INVESTIGATOR)
    assert changed(rows(bench, type="patient.adverse-event-updated.v1")[-1]) == {"serious": (False, True)}


def test_a_page_says_the_same_as_the_whole() -> None:
    bench = level_2_exceeded()
    whole = rows(bench)
    assert rows(bench, bench.records[200:250]) == whole[200:250]


@pytest.mark.parametrize(
    "wanted",
    [
        {"stream": "cohort/1"},
        {"actor": "ivan"},
        {"type": "cohort.dlt-counted.v1"},
    ],
)
def test_a_filter_takes_all_rows_of_its_kind_and_no_other(wanted: dict[str, Any]) -> None:
    bench = level_2_exceeded()
    (member, value) = next(iter(wanted.items()))
    chosen = rows(bench, **wanted)
    assert chosen
    assert [row.position for row in chosen] == [row.position for row in rows(bench) if getattr(row, member) == value]


def test_a_patient_s_rows_are_those_of_the_cohort_and_of_the_collection_too() -> None:
    found = rows(level_2_exceeded(), patient="002")
    assert {row.stream for row in found} == {"patient/002", "cohort/1", "product/NK-002"}
    assert {row.patient for row in found} == {"002"}


def test_a_span_of_time_holds_both_its_ends() -> None:
    bench = three_treated()
    first, second = bench.records[50].recorded_at, bench.records[60].recorded_at
    found = rows(bench, recorded_from=first, recorded_to=second)
    assert [row.position for row in found] == list(range(50, 61))


def refusal(bench: Bench, **about: object) -> Refusal:
    known = Refusal(bench.now.astimezone(UTC), "ivan", "investigator", "ReserveSlot", "G.4-1", "ab" * 32, 1)
    return replace(known, **about)  # type: ignore[arg-type]


def test_a_refused_command_stands_among_the_events_at_its_time() -> None:
    """G.4-13."""
    bench = three_treated()
    refused = refusal(bench, recorded_at=bench.records[60].recorded_at + timedelta(microseconds=0))
    found = list(audit_trail(bench.records, streams(bench), refusals=[refused]))
    at = next(place for place, row in enumerate(found) if row.kind == "refusal")
    row = found[at]
    assert (found[at - 1].position, found[at + 1].position) == (60, 61)
    assert (row.position, row.type, row.rule, row.actor) == (None, "ReserveSlot", "G.4-1", "ivan")
    assert row.title == "Refused by rule G.4-1"


def test_refusals_are_filtered_by_what_they_have() -> None:
    bench = three_treated()
    refused = [refusal(bench), refusal(bench, actor_id="nina")]

    def found(**wanted: object) -> int:
        chosen = audit_trail([], streams(bench), wanted=AuditFilter.model_validate(wanted), refusals=refused)
        return len(list(chosen))

    assert (found(), found(actor="nina"), found(type="ReserveSlot"), found(type="EnrolPatient")) == (2, 1, 2, 0)
    assert (found(patient="001"), found(stream="trial")) == (0, 0)
    assert found(recorded_to=bench.now - timedelta(days=1)) == 0


def test_the_csv_reads_back_row_by_row() -> None:
    bench = level_2_exceeded()
    text = "".join(audit_csv(rows(bench)))
    assert text.count("\r\n") == len(bench.records) + 1
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["position"] for row in read] == [str(record.position) for record in bench.records]
    assert read[-1]["actor"] == bench.records[-1].actor.id
    assert json.loads(read[5]["content"]) == json.loads(bench.records[5].event.model_dump_json())


def test_the_json_lines_read_back_as_the_rows() -> None:
    bench = three_treated()
    shown = rows(bench)
    assert [AuditRow.model_validate_json(line) for line in audit_json(shown)] == shown


def test_a_formula_in_a_report_stays_a_text_in_a_spreadsheet() -> None:
    bench = three_treated()
    formula = '=HYPERLINK("http://evil.example","x")'
    report = safety.ReportAdverseEvent(patient="001", term=formula, serious=False, onset_at=bench.now)
    bench.ask(report, INVESTIGATOR, reason=bench.seal("=1+1"))
    text = "".join(audit_csv(rows(bench)))
    (read,) = [row for row in csv.DictReader(io.StringIO(text, newline="")) if row["reason_text"].endswith("=1+1")]
    assert read["reason_text"] == "'=1+1"
    assert not [
        value for row in csv.reader(io.StringIO(text, newline="")) for value in row if value[:1] in "=+@" and value
    ]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        " =1",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0dx",
        "\uff20x",
        "-",
        "\tx",
    ],
)
def test_what_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(("value", "text"), [("-12", "-12"), ("-0.5", "-0.5"), ("5", "5"), ("a=b", "a=b"), (None, "")])
def test_what_it_would_not_is_left_alone(value: object, text: str) -> None:
    assert cell(value) == text


def test_quotes_commas_and_line_ends_are_written_as_rfc_4180_says() -> None:
    assert list(csv_lines(("a", "b"), [('say "x"', "1,2"), ("two\r\nlines", True)])) == [
        "a,b\r\n",
        '"say ""x""","1,2"\r\n',
        '"two\r\nlines",true\r\n',
    ]

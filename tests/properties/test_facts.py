"""What identifies a fact (decision 4): asked twice is once, in any order, with any salt."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.decisions import safety, screening, transplant
from ledger.decisions.docket import Command
from ledger.facts import contradiction_key, fact_key, same_fact
from ledger.patient.events import ConsentGiven
from ledger.patient.safety import AdverseEventReported
from ledger.record import patient_stream
from ledger.types import Event
from tests.bench import START, Bench
from tests.examples import examples
from tests.patients import crs, screen
from tests.simulation.beginnings import opened
from tests.simulation.history import difference, folded

AT = st.integers(0, 40).map(lambda hours: START + timedelta(days=30, hours=hours))
TERMS = st.sampled_from(["Fever", "Cytokine release syndrome", "Mucositis"])


def report_of(bench: Bench, kind: int, at: datetime, term: str, grade: int, said: str) -> Command:
    """One of the reports that may be made of a patient."""
    commands: tuple[Command, ...] = (
        safety.ReportAdverseEvent(
            patient="001", term=term, serious=grade > 2, onset_at=at, narrative=bench.seal(said), ctcae_grade=grade
        ),
        safety.AssessCrs(patient="001", adverse_event=1, assessed_at=at, findings=crs(grade)),
        safety.UpdateAdverseEvent(patient="001", adverse_event=1, ctcae_grade=grade),
        safety.RecordDeath(patient="001", died_on=at.date(), cause="other" if grade else "relapse"),
        transplant.RecordTransplant(patient="001", performed_at=at),
        screening.WithdrawConsent(patient="001", scope="treatment" if grade else "all-participation"),
        screening.RecordAssent(patient="001", form_version=str(grade), signed_at=at),
    )
    return commands[kind]


REPORTS = st.lists(
    st.tuples(st.integers(0, 6), AT, TERMS, st.integers(0, 4), st.sampled_from(["", "a word"])), max_size=8
)


def begun() -> Bench:
    bench = opened("as-registered")
    screen(bench, "001")
    bench.pass_days(60)
    bench.ask(safety.ReportAdverseEvent(patient="001", term="Fever", serious=False, onset_at=START))
    return bench


@settings(max_examples=examples(60), deadline=None)
@given(REPORTS)
def test_whatever_was_reported_is_known_when_it_is_reported_again(reports: list[tuple[Any, ...]]) -> None:
    bench = begun()
    for report in reports:
        bench.ask(report_of(bench, *report))
    size, world = bench.world.size, bench.world
    last_of_a_kind = {(kind, term if kind == 0 else ""): report for report in reports for kind, _, term, *_ in [report]}
    for report in last_of_a_kind.values():
        bench.ask(report_of(bench, *report))
    assert bench.world.size == size
    assert not difference(bench.world, world)


@settings(max_examples=examples(60), deadline=None)
@given(REPORTS, st.data())
def test_any_prefix_of_a_log_folds_to_the_state_that_it_had_then(reports: list[tuple[Any, ...]], data: Any) -> None:
    """G.4-7."""
    bench = begun()
    worlds = [bench.world]
    for report in reports:
        bench.ask(report_of(bench, *report))
        worlds.append(bench.world)
    world = data.draw(st.sampled_from(worlds))
    assert not difference(folded(bench.records[: world.size]), world)
    assert not difference(folded(bench.records[world.size :], world), worlds[-1])


def event_of(term: str, at: datetime, narrative: str | None, serious: bool) -> AdverseEventReported:
    return AdverseEventReported(
        adverse_event=1,
        term=term,
        toxicity=None,
        category=None,
        ctcae_term=None,
        ctcae_grade=None,
        haematologic=False,
        serious=serious,
        onset_at=at,
        relative_to_infusion=None,
        suspect_product=None,
        site_aware_at=None,
        received_at=None,
        narrative=narrative,
    )


@given(TERMS, TERMS, AT, AT, st.booleans(), st.booleans())
def test_the_key_of_a_fact_is_its_key_fields_and_nothing_else(
    term: str, other: str, at: datetime, later: datetime, serious: bool, graver: bool
) -> None:
    one, two = event_of(term, at, None, serious), event_of(other, later, None, graver)
    assert (fact_key(one, at) == fact_key(two, later)) == ((term, at) == (other, later))
    assert (contradiction_key(one) == contradiction_key(two)) == (one == two)


@given(AT, st.integers(-12, 14))
def test_the_offset_of_an_instant_is_no_part_of_the_key(at: datetime, hours: int) -> None:
    there = at.astimezone(_offset(hours))
    consents = [
        ConsentGiven(
            form_version="2.0",
            capacity="patient",
            signed_at=signed_at,
            relation=None,
            obtained_by="maria",
            copy_given=True,
            witness=False,
        )
        for signed_at in (at, there)
    ]
    assert len({fact_key(consent, at) for consent in consents}) == 1


def _offset(hours: int) -> Any:
    return datetime.fromisoformat(f"2026-01-01T00:00:00{hours:+03d}:00").tzinfo


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_two_salts_of_one_text_are_the_same_fact_and_two_texts_are_not(said: str, otherwise: str) -> None:
    bench = Bench()
    one, again, other = (event_of("Fever", START, bench.seal(text), True) for text in (said, said, otherwise))
    assert one.narrative != again.narrative
    assert same_fact(one, again, bench)
    assert same_fact(one, other, bench) == (said == otherwise)


def test_every_fact_of_a_log_is_found_again_by_its_key() -> None:
    bench = begun()
    for record in bench.records:
        event: Event = record.event
        assert bench.world.on_record(record.stream, event, record.occurred_at) is not None
    assert bench.world.on_record(patient_stream("002"), bench.records[-1].event, START) is None

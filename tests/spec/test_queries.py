"""Queries: asked, answered by the site, closed by another; a contradiction waits for a person."""

from ledger import refusals as no
from ledger.decisions import corrections, queries, safety
from ledger.patient import review as e
from ledger.patient.review_state import Query
from ledger.record import Actor
from ledger.types import Event
from tests import patients as p
from tests.bench import NURSE, PI, Bench, appoint, person
from tests.spec.story import only, trial

MONITOR = person("anton", "monitor")
DATA_MANAGER = person("denis", "data_manager", None)


def screened() -> Bench:
    bench = trial()
    appoint(bench, MONITOR, DATA_MANAGER)
    p.screen(bench, "001")
    return bench


def asked(bench: Bench, text: str = "Is the date right?", about: int | None = None) -> int:
    about = bench.world.size - 1 if about is None else about
    command = queries.RaiseQuery(patient="001", about=about, text=bench.seal(text))
    bench.ask(command, MONITOR)
    return len(bench.world.patients["001"].review.queries)


def answer(bench: Bench, text: str = "It is.", by: Actor = NURSE, query: int = 1) -> tuple[Event, ...]:
    return bench.ask(queries.AnswerQuery(patient="001", query=query, answer=bench.seal(text)), by)


def close(bench: Bench, resolution: e.Resolution = "stands", by: Actor = DATA_MANAGER) -> tuple[Event, ...]:
    return bench.ask(queries.CloseQuery(patient="001", query=1, resolution=resolution), by)


def reopen(bench: Bench, why: str = "Which date?") -> tuple[Event, ...]:
    return bench.ask(queries.ReopenQuery(patient="001", query=1, why=bench.seal(why)), MONITOR)


def query(bench: Bench) -> Query:
    return bench.world.patients["001"].review.queries[1]


def contradicted() -> tuple[Bench, int]:
    """001's death is on record, and then one on another day; the position of the first."""
    bench = screened()
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"))
    about = bench.world.size - 1
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="other"))
    return bench, about


def test_a_query_is_asked_answered_and_closed() -> None:
    bench = screened()
    asked(bench)
    assert (query(bench).state, query(bench).raised_by, query(bench).by_rule) == ("open", "anton", False)
    answer(bench)
    assert (query(bench).state, query(bench).answered_by) == ("answered", "nina")
    close(bench)
    assert (query(bench).state, query(bench).resolution) == ("closed", "stands")
    assert bench.world.patients["001"].review.open_queries == ()


def test_who_answered_does_not_close() -> None:
    bench = screened()
    asked(bench)
    answer(bench, by=DATA_MANAGER)
    with bench.refuses(no.NeedsSecondPerson):
        close(bench)
    close(bench, by=MONITOR)


def test_a_record_stands_only_when_the_site_has_answered() -> None:
    bench = screened()
    asked(bench)
    with bench.refuses(no.QueryNotSettled):
        close(bench)
    with bench.refuses(no.QueryNotSettled):
        close(bench, "corrected")
    close(bench, "withdrawn")


def test_a_query_is_closed_as_corrected_once_the_record_was_corrected_after_it() -> None:
    bench, about = contradicted()
    answer(bench, "The second report is right.")
    with bench.refuses(no.QueryNotSettled):
        close(bench, "corrected")
    report = {"died_on": bench.now.date(), "cause": "other"}
    correction = corrections.CorrectRecord(position=about, patient="001", kind="death", report=report)
    bench.ask(correction, PI, reason=bench.seal("Read from the letter."))
    close(bench, "corrected")
    assert query(bench).state == "closed"
    late = asked(bench, "And the hour?", about)
    with bench.refuses(no.QueryNotSettled):
        bench.ask(queries.CloseQuery(patient="001", query=late, resolution="corrected"), MONITOR)


def test_a_contradiction_is_not_withdrawn_but_judged_by_a_person() -> None:
    bench, about = contradicted()
    assert (query(bench).about, query(bench).by_rule) == (about, True)
    with bench.refuses(no.QueryNotSettled):
        close(bench, "withdrawn")
    answer(bench, "The second report was another child's.")
    close(bench, "stands")


def test_an_answer_that_does_not_suffice_is_asked_for_again() -> None:
    bench = screened()
    asked(bench)
    with bench.refuses(no.QueryIsOpen):
        reopen(bench)
    answer(bench)
    reopen(bench)
    assert query(bench).state == "open"
    with bench.refuses(no.QueryNotSettled):
        close(bench)
    assert only(e.QueryAnswered, answer(bench)).query == 1
    close(bench)
    with bench.refuses(no.QueryIsClosed):
        answer(bench, "It was the day after.")
    with bench.refuses(no.QueryIsClosed):
        close(bench, "withdrawn")
    reopen(bench)
    assert (query(bench).state, query(bench).resolution) == ("open", None)


def test_the_same_question_is_asked_once_while_it_is_open() -> None:
    bench = screened()
    about = bench.world.size - 1
    assert asked(bench, about=about) == asked(bench, about=about) == 1
    assert asked(bench, "Whose hand is this?", about) == 2
    answer(bench)
    close(bench)
    assert asked(bench, about=about) == 3


def test_a_query_is_about_a_record_of_the_patient() -> None:
    bench = screened()
    p.screen(bench, "002")
    p.place(bench, "002", 1)
    p.prepare_lot(bench, "002")
    theirs = {record.stream: record.position for record in bench.records}
    assert asked(bench, about=theirs["patient/001"]) == 1
    for about in (0, theirs["patient/002"], theirs["cohort/1"], theirs["product/NK-002"], bench.world.size):
        with bench.refuses(no.NoSuchRecord):
            asked(bench, about=about)
    for stream in ("patient/002", "cohort/1", "product/NK-002"):
        command = queries.RaiseQuery(patient="002", about=theirs[stream], text=bench.seal("Is it so?"))
        assert bench.ask(command, MONITOR)


def test_there_is_no_such_query() -> None:
    bench = screened()
    for ask in (answer, close, reopen):
        with bench.refuses(no.NoSuchQuery):
            ask(bench)

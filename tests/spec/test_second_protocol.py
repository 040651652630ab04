"""Another trial is another document: `tests/protocol/second_protocol.yaml` from registration to its MTD, and no code.

Its ladder has four levels and no reserve, one infusion gives the whole dose, only CRS of grade 4 is dose-limiting,
cohorts are judged whole, three patients without a DLT are enough, and the quorum is of six.
"""

from functools import cache
from pathlib import Path

import pytest

from ledger import refusals as no
from ledger.decisions import dose_decision, given, safety, setup
from ledger.decisions.dose_outcomes import advised_outcome
from ledger.decisions.standing import inputs_hash
from ledger.designs.base import DeclareMtd, DeclareMtdNotReached, Escalate, StopNoMtd, Treat
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.load import load_protocol
from ledger.record import Actor
from tests import patients as p
from tests.bench import COMMITTEE, COMMITTEE_2, INVESTIGATOR, PI, SPONSOR, TRAINED, Bench, opened_trial, person
from tests.spec.story import candidates, deviations, holds, named, replayed, says, window

PI_2 = person("petra", "principal_investigator")
COMMITTEE_3 = person("quinn", "safety_committee", None)
QUORUM = (PI, PI_2, SPONSOR, COMMITTEE, COMMITTEE_2, COMMITTEE_3)


@cache
def document() -> ProtocolDocument:
    path = Path(__file__).parents[1] / "protocol" / "second_protocol.yaml"
    return load_protocol(path.read_text(encoding="utf-8"))


@cache
def _opened() -> Bench:
    bench = opened_trial(document(), Bench(twice=True))
    for who in (PI_2, COMMITTEE_3):
        delegation = setup.DelegateRole(
            person=who.id,
            role=who.role,  # type: ignore[arg-type]
            site=who.site,
            from_on=bench.now.date(),
            to_on=None,
            training=TRAINED,
        )
        bench.ask(delegation, SPONSOR)
    return bench


def opened() -> Bench:
    return _opened().copy()


def decide(bench: Bench, members: tuple[Actor, ...] = QUORUM) -> int:
    """What the design advises, decided and circulated."""
    outcome, level = advised_outcome(says(bench), bench.world)
    dossier = inputs_hash(bench.world, bench.docket().version())
    bench.ask(dose_decision.ProposeDoseDecision(outcome=outcome, to_level=level, dossier_hash=dossier), SPONSOR)
    number = len(bench.world.trial.decisions)
    for who in members:
        if bench.world.trial.decisions[number].taken_at is None:
            p.sign(bench, number, who)
    if bench.world.trial.decisions[number].taken_at is not None:
        p.acknowledge(bench, number)
    return number


def cohort(bench: Bench, level: int, letters: str) -> None:
    """Patients treated at a level, one letter each, T with a DLT; then every window is closed."""
    numbers = []
    for letter in letters:
        number = f"{len(bench.world.patients) + 1:03}"
        numbers += [number] if letter == "N" else []
        p.screen(bench, number, "1980-03")
        p.place(bench, number, level, transplant_in_days=0)
        p.authorise(bench, number, 1, weight_kg="70")
        p.infuse(bench, number, 1, weight_kg="70")
        bench.pass_days(1)
        if letter == "T":
            p.rule(bench, number, p.reaction(bench, number, 4), grade=4)
        bench.pass_days(7)
    for number in numbers:
        p.close_window(bench, number)


def test_it_runs_from_registration_to_its_mtd() -> None:
    bench = opened()
    cohort(bench, 1, "NNN")
    assert says(bench) == Escalate(2)
    decide(bench)
    cohort(bench, 2, "NNT")
    assert says(bench) == Treat(2, 6)
    decide(bench)
    cohort(bench, 2, "NNN")
    decide(bench)
    cohort(bench, 3, "TTN")
    assert bench.world.cohort(3).exceeded
    assert says(bench) == DeclareMtd(2)
    decide(bench)
    assert (bench.world.trial.mtd, bench.world.trial.rp2d) == (2, 2)
    assert replayed(bench) == bench.world


def test_its_top_may_be_tolerated() -> None:
    bench = opened()
    for level in (1, 2, 3, 4):
        cohort(bench, level, "NNN")
        if level < 4:
            decide(bench)
    assert says(bench) == DeclareMtdNotReached(4)
    decide(bench)
    assert (bench.world.trial.mtd_not_reached, bench.world.trial.rp2d) == (True, 4)


def test_it_has_no_reserve_to_come_down_to() -> None:
    bench = opened()
    cohort(bench, 1, "TTN")
    assert says(bench) == StopNoMtd()
    decide(bench)
    assert bench.world.trial.stopped


def test_its_cohorts_are_judged_whole() -> None:
    bench = opened()
    cohort(bench, 1, "NNN")
    decide(bench)
    cohort(bench, 2, "TT")
    assert (bench.world.cohort(2).dlts, bench.world.cohort(2).exceeded) == (2, False)
    cohort(bench, 2, "N")
    assert bench.world.cohort(2).exceeded


def test_its_window_is_21_days_and_its_dose_one_infusion() -> None:
    bench = opened()
    p.screen(bench, "001", "1980-03")
    p.place(bench, "001", 1, transplant_in_days=0)
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    assert (window(bench, "001").planned_to_on - window(bench, "001").from_on).days == 21
    with bench.refuses(no.NotInProtocol):
        bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="other"))


def test_its_dlt_is_crs_of_grade_4() -> None:
    bench = opened()
    p.screen(bench, "001", "1980-03")
    p.place(bench, "001", 1, transplant_in_days=0)
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    report = safety.ReportAdverseEvent(patient="001", term="CRS", toxicity="CRS", serious=False, onset_at=bench.now)
    bench.ask(report, INVESTIGATOR)
    for grade, found in ((3, ()), (4, ("adverse-event/1",))):
        bench.pass_days(1)
        command = safety.AssessCrs(patient="001", adverse_event=1, assessed_at=bench.now, findings=p.crs(grade))
        bench.ask(command, INVESTIGATOR)
        assert candidates(bench, "001") == found


def test_its_overdose_begins_above_120_percent() -> None:
    bench = opened()
    for number, percent, broken in (("001", 119, set()), ("002", 121, named(no.Overdose))):
        p.screen(bench, number, "1980-03")
        p.place(bench, number, 1, transplant_in_days=0)
        p.authorise(bench, number, 1)
        assert deviations(p.infuse(bench, number, 1, percent=percent)) == broken
        bench.pass_days(7)


def test_its_quorum_is_of_six_and_more_than_half_of_it_decide() -> None:
    bench = opened()
    cohort(bench, 1, "NNN")
    number = decide(bench, QUORUM[:3])
    assert bench.world.trial.decisions[number].taken_at is None
    p.sign(bench, number, COMMITTEE_3)
    assert bench.world.cohort(2).opened


def test_its_patients_are_adults_who_sign_alone() -> None:
    bench = opened()
    p.screen(bench, "001", "1980-03")
    assert {consent.capacity for consent in bench.world.patients["001"].consents.values()} == {"patient"}
    with pytest.raises(no.CriteriaOpen):
        p.screen(bench, "002", "2010-01")
    with pytest.raises(no.CriteriaOpen):
        p.screen(bench, "003", "1949-01")
    assert holds(bench) == []

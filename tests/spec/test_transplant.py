"""What a patient is given around the graft, and the day of the graft: reported whatever it broke, moved by nobody's
permission."""

from datetime import date, timedelta
from typing import Any

import pytest

from ledger import refusals as no
from ledger.cohort.events import DltWindowReplanned, ReservationKept, ReservationReleased
from ledger.decisions import conditioning as c
from ledger.decisions import enrolment, given, holds, screening, transplant
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.standing import advice, day_zero_on, planned_on
from ledger.errors import LedgerError
from ledger.patient import transplant as t
from tests import donors
from tests import patients as p
from tests.bench import COMMITTEE, INVESTIGATOR, NURSE, PI, Bench
from tests.spec.story import deviations, has, named, only, patient, told, trial, window

GRAFT = "g-csf-mobilised-cd3-depleted-pbsc"


def placed(**said: Any) -> tuple[Bench, date]:
    """A patient with a level and a donor, and day 0 twenty days ahead."""
    bench = trial()
    p.screen(bench, "001")
    if said:
        bench.ask(donors.candidate("001", "D-001", **said), NURSE)
    p.place(bench, "001", 1, transplant_in_days=20)
    return bench, bench.now.date() + timedelta(days=20)


def on_day(bench: Bench, zero: date, day: int) -> date:
    """The clock stands at a protocol day at the earliest."""
    on = zero + timedelta(days=day)
    bench.pass_days(max(0, (on - bench.now.date()).days))
    return on


def give(bench: Bench, zero: date, agent: str, day: int, dose: str, unit: str, late: int = 0) -> set[str]:
    """What the report of an agent broke; `late`: so many days after its day."""
    on = on_day(bench, zero, day + late)
    kind = c.RecordProphylaxis if agent in ("tocilizumab", "abatacept") else c.RecordConditioning
    content = {"agent": agent, "protocol_day": day, "dose": dose, "unit": unit, "given_on": on}
    return deviations(bench.ask(kind.model_validate({"patient": "001", **content}), NURSE))


def choose(bench: Bench, agent: str = "treosulfan") -> None:
    bench.ask(c.ChooseBackbone(patient="001", agent=agent, reason=bench.seal("below three years")), INVESTIGATOR)


def graft(bench: Bench, **said: Any) -> set[str]:
    content = {"performed_at": bench.now, "donor": "D-001", "graft": GRAFT, **said}
    return deviations(bench.ask(transplant.RecordTransplant.model_validate({"patient": "001", **content}), NURSE))


DAY_TABLE = (
    ("fludarabine", (-14, -13, -4, -3), "40", "mg/m2"),
    ("thiotepa", (-14, -13), "5", "mg/kg"),
    ("cyclophosphamide", (-14,), "500", "mg/m2"),
    ("treosulfan", (-4, -3, -2), "14", "g/m2"),
    ("tocilizumab", (-1,), "8", "mg/kg"),
    ("abatacept", (-1, 7, 14, 28), "10", "mg/kg"),
)


def test_the_day_table_as_it_stands_breaks_nothing() -> None:
    """P9, P10, P12: domain A.2, with treosulfan and a haploidentical donor."""
    bench, zero = placed()
    choose(bench)
    doses = sorted((day, agent, dose, unit) for agent, days, dose, unit in DAY_TABLE for day in days)
    assert len(doses) == 15
    for day, agent, dose, unit in doses:
        assert give(bench, zero, agent, day, dose, unit) == set()


@pytest.mark.parametrize(
    ("agent", "day", "dose", "unit", "late", "broken"),
    [
        ("fludarabine", -14, "36", "mg/m2", 0, ()),
        ("fludarabine", -14, "44", "mg/m2", 0, ()),
        ("fludarabine", -14, "35.99", "mg/m2", 0, (no.DoseNotAsScheduled,)),
        ("fludarabine", -14, "44.01", "mg/m2", 0, (no.DoseNotAsScheduled,)),
        ("fludarabine", -14, "40", "mg/m2", 1, (no.NotOnScheduledDay,)),
        ("fludarabine", -12, "40", "mg/m2", 0, (no.NotInDayTable,)),
        ("melphalan", -2, "140", "mg/m2", 0, (no.NotInDayTable,)),
        ("thiotepa", -14, "10", "mg/kg", 1, (no.DoseNotAsScheduled, no.NotOnScheduledDay)),
        ("tocilizumab", 0, "8", "mg/kg", 0, (no.NotInDayTable,)),
        ("abatacept", 28, "0", "mg/kg", 0, (no.DoseNotAsScheduled,)),
    ],
)
def test_what_was_given_otherwise_is_stored_and_a_deviation(
    agent: str, day: int, dose: str, unit: str, late: int, broken: tuple[type[LedgerError], ...]
) -> None:
    bench, zero = placed()
    before = advice(bench.world, bench.docket().protocol())
    assert give(bench, zero, agent, day, dose, unit, late) == named(*broken)
    treatment = patient(bench, "001").treatment
    agents = [told.event.agent for told in treatment.conditioning]
    assert agents + [told.event.agent for told in treatment.prophylaxis] == [agent]
    assert advice(bench.world, bench.docket().protocol()) == before


def test_a_dose_in_another_unit_than_the_day_table_cannot_be_compared() -> None:
    bench, zero = placed()
    with bench.refuses(no.DoseInAnotherUnit):
        give(bench, zero, "thiotepa", -14, "5", "mg/m2")


def test_a_dose_of_tomorrow_is_not_given_today() -> None:
    bench, _ = placed()
    ahead = bench.now.date() + timedelta(days=2)
    content = {"agent": "thiotepa", "protocol_day": -14, "dose": "5", "unit": "mg/kg", "given_on": ahead}
    with bench.refuses(no.OccurrenceInTheFuture):
        bench.ask(c.RecordConditioning.model_validate({"patient": "001", **content}), NURSE)


def test_exactly_one_backbone_is_given_and_its_reason_is_on_record() -> None:
    bench, zero = placed()
    assert give(bench, zero, "treosulfan", -4, "14", "g/m2") == named(no.BackboneNotChosen)
    choose(bench)
    assert give(bench, zero, "treosulfan", -3, "14", "g/m2") == set()
    assert give(bench, zero, "busulfan", -2, "4", "mg/kg") == named(no.SecondBackbone)


def test_another_backbone_than_the_one_chosen_is_the_second_one() -> None:
    bench, zero = placed()
    choose(bench, "total_body_irradiation")
    assert give(bench, zero, "busulfan", -4, "4", "mg/kg") == named(no.SecondBackbone)
    choose(bench, "busulfan")
    assert patient(bench, "001").treatment.backbone == "busulfan"
    assert give(bench, zero, "busulfan", -3, "4", "mg/kg") == set()


def test_only_an_agent_of_a_choice_is_chosen() -> None:
    bench, _ = placed()
    with bench.refuses(no.NotInProtocol):
        choose(bench, "fludarabine")


def test_the_last_abatacept_is_for_a_haploidentical_donor_only() -> None:
    bench, zero = placed(type="matched_related")
    assert give(bench, zero, "abatacept", 14, "10", "mg/kg") == set()
    assert give(bench, zero, "abatacept", 28, "10", "mg/kg") == named(no.NotForThisDonor)


def test_one_agent_on_one_day_is_one_fact_and_its_correction_breaks_only_what_is_new() -> None:
    bench, zero = placed()
    assert give(bench, zero, "fludarabine", -14, "30", "mg/m2") == named(no.DoseNotAsScheduled)
    assert give(bench, zero, "fludarabine", -14, "40", "mg/m2") == set()
    position = patient(bench, "001").treatment.conditioning[0].position
    assert bench.records[-2].conflicts_with == position
    report = {"agent": "fludarabine", "protocol_day": -14, "dose": "31", "unit": "mg/m2"}
    for days, broken in ((0, set()), (1, named(no.NotOnScheduledDay))):
        given_on = zero - timedelta(days=14 - days)
        bench.pass_days(1)
        said = {**report, "given_on": given_on.isoformat()}
        again = CorrectRecord(position=position, kind="conditioning", report=said, patient="001")
        assert deviations(bench.ask(again, NURSE, reason=bench.seal("chart"))) == broken
        position = bench.world.corrected[position]


def test_no_hold_withdrawal_or_stop_holds_up_conditioning_graft_or_prophylaxis() -> None:
    bench, zero = placed()
    choose(bench)
    hold = holds.ApplyHold(scope="trial", cause="safety-concern")
    bench.ask(hold, COMMITTEE)
    bench.ask(screening.WithdrawConsent(patient="001", scope="treatment"))
    assert give(bench, zero, "fludarabine", -4, "40", "mg/m2") == set()
    bench.ask(transplant.RescheduleTransplant(patient="001", to_on=zero, reason=bench.seal("as planned")), PI)
    on_day(bench, zero, 0)
    assert graft(bench) == set()
    assert give(bench, zero, "abatacept", 7, "10", "mg/kg") == set()


@pytest.mark.parametrize(
    ("said", "broken"),
    [
        ({}, ()),
        ({"cd34_cells_per_kg": "9400000", "cd3_cells_per_kg": "18500.5", "product_code": "S2598V00"}, ()),
        ({"graft": None}, ()),
        ({"donor": "D-OTHER"}, (no.GraftOfAnotherDonor, no.BloodGroupNotConfirmed)),
        ({"donor": None}, (no.GraftOfAnotherDonor,)),
        ({"graft": "other"}, (no.GraftNotAsPlanned,)),
    ],
)
def test_the_graft_is_of_the_selected_donor_and_of_the_planned_kind(
    said: dict[str, Any], broken: tuple[type[LedgerError], ...]
) -> None:
    bench, zero = placed()
    on_day(bench, zero, 0)
    assert graft(bench, **said) == named(*broken)
    assert day_zero_on(patient(bench, "001")) == zero


def test_a_graft_without_a_donor_or_without_blood_groups_is_a_deviation() -> None:
    bench = trial()
    p.screen(bench, "001")
    bench.ask(donors.sample(bench, "001", "D-001", 9, abo="AB"), NURSE)
    assert graft(bench) == named(no.BloodGroupNotConfirmed)
    nobody = screening.ScreenPatient(number="002", site="NDGOI", birth_year_month="2016-03", sex="male")
    bench.ask(nobody)
    events = bench.ask(transplant.RecordTransplant(patient="002", performed_at=bench.now), NURSE)
    assert deviations(events) == named(no.DonorNotSelected, no.BloodGroupNotConfirmed)


def test_the_recipients_blood_group_after_the_graft_contradicts_nothing() -> None:
    bench, zero = placed()
    on_day(bench, zero, 0)
    graft(bench)
    bench.pass_days(40)
    assert len(bench.ask(donors.sample(bench, "001", None, 7, abo="O"), NURSE)) == 1


def test_cells_are_of_the_donor_of_the_graft_once_it_was_infused() -> None:
    """A graft of another donor than the selected one: the second infusion of the first one's cells is refused."""
    bench = trial()
    p.screen(bench, "001")
    p.place(bench, "001", 1)
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.pass_days(12)
    bench.ask(donors.candidate("001", "D-OTHER"), NURSE)
    assert graft(bench, donor="D-OTHER") == named(no.GraftOfAnotherDonor, no.BloodGroupNotConfirmed)
    bench.pass_days(5)
    with pytest.raises(no.CellsOfAnotherDonor):
        p.authorise(bench, "001", 2)


def reschedule(bench: Bench, to_on: date) -> Any:
    return bench.ask(transplant.RescheduleTransplant(patient="001", to_on=to_on, reason=bench.seal("a cold")), NURSE)


def test_a_transplant_on_another_day_moves_every_date_that_depends_on_it_and_says_which() -> None:
    bench = told("1A")
    zero = day_zero_on(patient(bench, "001"))
    assert zero is not None
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    before = window(bench, "001").planned_to_on
    bench.pass_days(1)
    events = reschedule(bench, zero + timedelta(days=3))
    moved = {each.what: (each.from_on, each.to_on) for each in only(t.TransplantRescheduled, events).moved}
    assert moved["infusion 2"] == (zero + timedelta(days=5), zero + timedelta(days=8))
    assert moved["graft"] == (zero, zero + timedelta(days=3))
    assert "infusion 1" not in moved
    assert only(DltWindowReplanned, events).planned_to_on == before + timedelta(days=3)
    assert planned_on(patient(bench, "001"), bench.docket().protocol(), 2) == zero + timedelta(days=8)
    assert reschedule(bench, zero) != ()
    assert window(bench, "001").planned_to_on == before


def test_the_day_it_is_planned_for_already_is_no_news() -> None:
    bench, zero = placed()
    assert reschedule(bench, zero) == ()


def test_a_dose_is_judged_by_the_day_that_was_planned_last() -> None:
    bench, zero = placed()
    reschedule(bench, zero + timedelta(days=7))
    assert give(bench, zero, "thiotepa", -14, "5", "mg/kg") == named(no.NotOnScheduledDay)


def test_day_zero_is_a_fact_once_the_graft_was_infused() -> None:
    bench, zero = placed()
    reschedule(bench, zero + timedelta(days=1))
    on_day(bench, zero, 0)
    graft(bench)
    assert day_zero_on(patient(bench, "001")) == zero
    with bench.refuses(no.AlreadyTransplanted):
        reschedule(bench, zero + timedelta(days=7))


def test_without_an_enrolment_there_is_no_day_to_move() -> None:
    bench = trial()
    p.screen(bench, "001")
    with bench.refuses(no.NotEnrolled):
        reschedule(bench, bench.now.date())


def reserved(days: int = 20) -> Bench:
    """In screening, with a slot kept for fourteen days."""
    bench = trial()
    p.screen(bench, "001")
    bench.ask(enrolment.ReserveSlot(patient="001", level=1))
    bench.ask(enrolment.EnrolPatient(patient="001", planned_transplant_on=bench.now.date() + timedelta(days=days)))
    return bench


@pytest.mark.parametrize("begins", ["conditioning", "manufacture", None])
def test_a_reservation_lapses_only_before_conditioning_or_manufacture_began(begins: str | None) -> None:
    bench = reserved()
    bench.pass_days(6)
    if begins == "conditioning":
        give(bench, bench.now.date() + timedelta(days=14), "thiotepa", -14, "5", "mg/kg")
    if begins == "manufacture":
        p.prepare_lot(bench, "001")
    bench.pass_days(20)
    cohort = bench.world.cohort(1)
    assert cohort.keeps_slot("001", bench.now.date()) is (begins is not None)
    assert cohort.free_slots(bench.now.date(), "I") == (2 if begins else 3)
    if begins is None:
        with bench.refuses(no.NoReservation):
            bench.ask(enrolment.AssignDoseLevel(patient="001", level=1))
        return
    p.screen(bench, "002")
    assert not has(ReservationKept, bench.ask(enrolment.ReserveSlot(patient="002", level=1)))
    assert "001" in bench.world.cohort(1).reservations
    bench.ask(enrolment.ReleaseReservation(patient="001", level=1))
    assert bench.world.cohort(1).free_slots(bench.now.date(), "I") == 2


def test_a_reservation_that_had_lapsed_before_is_not_kept_by_what_begins_later() -> None:
    bench = reserved(40)
    bench.pass_days(26)
    give(bench, bench.now.date() + timedelta(days=14), "thiotepa", -14, "5", "mg/kg")
    assert not bench.world.cohort(1).keeps_slot("001", bench.now.date())


def test_a_slot_reserved_after_manufacture_began_never_lapses() -> None:
    bench = trial()
    p.screen(bench, "001")
    p.prepare_lot(bench, "001")
    assert has(ReservationKept, bench.ask(enrolment.ReserveSlot(patient="001", level=1)))


def test_an_omitted_infusion_moves_no_more() -> None:
    bench = told("1A")
    p.authorise(bench, "001", 1)
    p.infuse(bench, "001", 1)
    bench.ask(given.OmitInfusion(patient="001", ordinal=2, cause="patient-decision"))
    before = window(bench, "001").planned_to_on
    zero = day_zero_on(patient(bench, "001"))
    assert zero is not None
    assert not has(DltWindowReplanned, reschedule(bench, zero + timedelta(days=4)))
    assert window(bench, "001").planned_to_on == before


def test_who_was_dosed_elsewhere_in_error_holds_no_slot_any_more() -> None:
    bench = reserved()
    p.prepare_lot(bench, "001")
    began = given.RecordInfusionStart(patient="001", ordinal=1, product="NK-001", level=0, started_at=bench.now)
    events = bench.ask(began)
    assert only(ReservationReleased, events).cause == "placed"
    assert (patient(bench, "001").level, dict(bench.world.cohort(1).reservations)) == (0, {})

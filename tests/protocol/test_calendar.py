"""A patient's own calendar: the day table, the infusions and the follow-up, on dates."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.protocol.calendar import (
    NoSuchAlternative,
    ScheduledItem,
    follow_up,
    follow_up_ends_on,
    moved,
    schedule,
)
from ledger.protocol.document import ProtocolDocument
from ledger.protocol.load import bundled, load_protocol

TRIAL = load_protocol(bundled("nct07256210"))
DAY_ZERO = date(2026, 3, 15)
HAPLOIDENTICAL: dict[str, Any] = {"donor_type": "haploidentical", "backbone": "treosulfan"}


def on(day: int) -> date:
    return DAY_ZERO + timedelta(days=day)


def days_of(items: tuple[ScheduledItem, ...], what: str) -> list[int]:
    return [item.day for item in items if item.what == what]


def test_the_whole_day_table_of_a_patient_with_a_haploidentical_donor() -> None:
    """P5, P9, P10, P11, P12."""
    items = schedule(TRIAL, DAY_ZERO, **HAPLOIDENTICAL)
    assert [(item.day, item.what, item.dose, item.unit) for item in items] == [
        (-14, "fludarabine", "40", "mg/m2"),
        (-14, "thiotepa", "5", "mg/kg"),
        (-14, "cyclophosphamide", "500", "mg/m2"),
        (-13, "fludarabine", "40", "mg/m2"),
        (-13, "thiotepa", "5", "mg/kg"),
        (-12, "infusion 1", "2/3", "of the level's total"),
        (-4, "fludarabine", "40", "mg/m2"),
        (-4, "treosulfan", "14", "g/m2"),
        (-3, "fludarabine", "40", "mg/m2"),
        (-3, "treosulfan", "14", "g/m2"),
        (-2, "treosulfan", "14", "g/m2"),
        (-1, "tocilizumab", "8", "mg/kg"),
        (-1, "abatacept", "10", "mg/kg"),
        (0, "graft", None, None),
        (5, "infusion 2", "1/3", "of the level's total"),
        (7, "abatacept", "10", "mg/kg"),
        (14, "abatacept", "10", "mg/kg"),
        (28, "abatacept", "10", "mg/kg"),
    ]
    assert all(item.on == on(item.day) for item in items)


def test_nothing_is_conditional_any_more_but_the_window_of_infusion_2() -> None:
    conditions = {item.what: item.condition for item in schedule(TRIAL, DAY_ZERO, **HAPLOIDENTICAL) if item.condition}
    assert conditions == {"infusion 2": "from day +3 to day +7"}


def test_the_last_abatacept_is_for_a_haploidentical_donor_only() -> None:
    """P12, A.3-24."""
    matched = schedule(TRIAL, DAY_ZERO, donor_type="matched_related", backbone="treosulfan")
    assert days_of(matched, "abatacept") == [-1, 7, 14]


def test_before_the_donor_is_known_the_last_abatacept_is_conditional() -> None:
    items = schedule(TRIAL, DAY_ZERO, backbone="treosulfan")
    found = [(item.day, item.condition) for item in items if item.what == "abatacept"]
    assert found == [(-1, None), (7, None), (14, None), (28, "only if the donor is haploidentical")]


BACKBONES = ("treosulfan", "busulfan", "total_body_irradiation")


@pytest.mark.parametrize("backbone", BACKBONES)
def test_exactly_the_chosen_backbone_is_given(backbone: str) -> None:
    """P10, A.3-18."""
    items = schedule(TRIAL, DAY_ZERO, backbone=backbone)
    assert {each: days_of(items, each) for each in BACKBONES} == {
        each: [-4, -3, -2] if each == backbone else [] for each in BACKBONES
    }


def test_before_the_choice_every_backbone_stands_with_its_condition() -> None:
    items = [item for item in schedule(TRIAL, DAY_ZERO) if item.what in BACKBONES]
    assert len(items) == 9
    assert {item.condition for item in items} == {"exactly one backbone is given"}


@pytest.mark.parametrize("agent", ["melphalan", "fludarabine", ""])
def test_an_agent_that_no_choice_has_is_refused(agent: str) -> None:
    with pytest.raises(NoSuchAlternative):
        schedule(TRIAL, DAY_ZERO, backbone=agent)


def with_schedule(*doses: dict[str, Any]) -> ProtocolDocument:
    tree = TRIAL.model_dump(mode="json")
    return ProtocolDocument.model_validate({**tree, "schedule": list(doses)})


def alternative(agent: str, choice: str, **more: Any) -> dict[str, Any]:
    dose = {"treatment": "conditioning_1", "agent": agent, "dose_per_day": "1.5", "unit": "Gy", "route": "IV"}
    return {**dose, "days": [-5], "choice": choice, "only_if_donor": None, **more}


def test_one_choice_leaves_another_open() -> None:
    protocol = with_schedule(
        alternative("a", "first"),
        alternative("b", "first"),
        alternative("c", "second", only_if_donor="haploidentical"),
        alternative("d", "second"),
    )
    items = [item for item in schedule(protocol, DAY_ZERO, backbone="b") if item.day == -5]
    assert [(item.what, item.condition) for item in items] == [
        ("b", None),
        ("c", "exactly one second is given; only if the donor is haploidentical"),
        ("d", "exactly one second is given"),
    ]


def test_a_postponed_graft_moves_all_that_is_counted_from_it() -> None:
    """P11."""
    before, after = (schedule(TRIAL, day_zero, **HAPLOIDENTICAL) for day_zero in (on(0), on(3)))
    changes = moved(before, after)
    assert len(changes) == len(before)
    assert {(change.to_on - change.from_on).days for change in changes if change.from_on and change.to_on} == {3}
    assert [change.day for change in changes] == sorted(change.day for change in changes)


def test_what_is_behind_does_not_move() -> None:
    """Postponed on day -1: of that day's doses and all later ones new dates are named."""
    before, after = (schedule(TRIAL, day_zero, **HAPLOIDENTICAL) for day_zero in (on(0), on(2)))
    changes = moved(before, after, today=on(-1))
    assert [(change.what, change.from_on, change.to_on) for change in changes] == [
        ("abatacept", on(-1), on(1)),
        ("tocilizumab", on(-1), on(1)),
        ("graft", on(0), on(2)),
        ("infusion 2", on(5), on(7)),
        ("abatacept", on(7), on(9)),
        ("abatacept", on(14), on(16)),
        ("abatacept", on(28), on(30)),
    ]


def test_the_same_day_zero_moves_nothing() -> None:
    items = schedule(TRIAL, DAY_ZERO, **HAPLOIDENTICAL)
    assert moved(items, items) == ()


def test_a_dose_that_falls_away_or_is_added_has_one_date() -> None:
    haploidentical = schedule(TRIAL, DAY_ZERO, **HAPLOIDENTICAL)
    matched = schedule(TRIAL, DAY_ZERO, donor_type="matched_related", backbone="busulfan")
    changes = moved(haploidentical, matched)
    assert {(change.what, change.from_on, change.to_on) for change in changes} == {
        *(("treosulfan", on(day), None) for day in (-4, -3, -2)),
        *(("busulfan", None, on(day)) for day in (-4, -3, -2)),
        ("abatacept", on(28), None),
    }


def statuses(today: date, **more: Any) -> dict[int, str]:
    return {visit.day: visit.status for visit in follow_up(TRIAL, DAY_ZERO, today=today, **more)}


def test_the_visits_of_two_years() -> None:
    """P14."""
    visits = follow_up(TRIAL, DAY_ZERO, today=DAY_ZERO)
    assert [visit.day for visit in visits] == [28, 60, 100, 180, 365, 545, 730]
    assert all(visit.on == on(visit.day) for visit in visits)
    assert {visit.status for visit in visits} == {"ahead"}


@pytest.mark.parametrize(
    ("day", "status"), [(24, "ahead"), (25, "due"), (28, "due"), (31, "due"), (32, "overdue"), (900, "overdue")]
)
def test_a_visit_is_due_in_its_window_and_overdue_after(day: int, status: str) -> None:
    assert statuses(on(day))[28] == status


def test_a_visit_that_was_made_is_never_due() -> None:
    found = statuses(on(70), visited={28: on(27)})
    assert (found[28], found[60], found[100]) == ("done", "overdue", "ahead")


@pytest.mark.parametrize(("ended", "status"), [(30, "not_needed"), (31, "not_needed"), (32, "overdue")])
def test_a_visit_whose_window_was_open_when_follow_up_ended_is_not_needed(ended: int, status: str) -> None:
    found = statuses(on(400), ended_on=on(ended))
    assert found[28] == status
    assert {found[day] for day in (60, 100, 180, 365, 545, 730)} == {"not_needed"}


@pytest.mark.parametrize("day_zero", [date(2024, 2, 29), date(2023, 3, 1), date(2025, 12, 31)])
def test_two_years_hold_the_last_visit_in_leap_years_too(day_zero: date) -> None:
    assert [visit.day for visit in follow_up(TRIAL, day_zero, today=day_zero)][-1] == 730


def test_visits_end_with_the_protocol_s_years() -> None:
    one_year = TRIAL.model_copy(update={"follow_up_years": 1})
    assert [visit.day for visit in follow_up(one_year, DAY_ZERO, today=DAY_ZERO)] == [28, 60, 100, 180, 365]


def test_a_visit_that_was_missed_is_not_overdue_but_missed() -> None:
    found = statuses(on(70), missed={28})
    assert (found[28], found[60]) == ("missed", "overdue")
    assert statuses(on(70), missed={28}, visited={28: on(30)})[28] == "done"


def test_the_visits_are_those_of_the_document_with_what_is_assessed() -> None:
    tree = TRIAL.model_dump(mode="json")
    tree["follow_up"]["visits"] = [{"day": 10, "window_days": 1, "assess": ["mrd"]}]
    (visit,) = follow_up(ProtocolDocument.model_validate(tree), DAY_ZERO, today=on(11))
    assert (visit.from_on, visit.through_on, visit.status) == (on(9), on(11), "due")
    assert (visit.assess, visit.visited_on) == (("mrd",), None)


def test_windows_that_touch_are_refused() -> None:
    tree = TRIAL.model_dump(mode="json")
    tree["follow_up"]["visits"] = [
        {"day": 10, "window_days": 2, "assess": []},
        {"day": 15, "window_days": 3, "assess": []},
    ]
    with pytest.raises(ValueError, match="do not touch"):
        ProtocolDocument.model_validate(tree)
    tree["follow_up"]["visits"][1]["window_days"] = 2
    assert len(ProtocolDocument.model_validate(tree).follow_up.visits) == 2


def test_a_disease_has_one_set_of_response_criteria() -> None:
    tree = TRIAL.model_dump(mode="json")
    tree["follow_up"]["responses"].append({"disease": "AML", "criteria": "OTHER", "responses": ["CR"]})
    with pytest.raises(ValueError, match="one set of criteria"):
        ProtocolDocument.model_validate(tree)


@pytest.mark.parametrize(
    ("day_zero", "ends_on"),
    [
        (date(2024, 2, 29), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2028, 2, 28)),
        (date(2025, 12, 31), date(2027, 12, 31)),
    ],
)
def test_the_years_end_on_the_same_day_number_clamped_to_the_month(day_zero: date, ends_on: date) -> None:
    assert follow_up_ends_on(TRIAL, day_zero) == ends_on


@given(st.dates(date(2024, 1, 1), date(2032, 12, 31)), st.integers(-40, 800))
def test_a_visit_is_due_on_exactly_the_days_of_its_window(day_zero: date, days: int) -> None:
    today = day_zero + timedelta(days=days)
    for visit in follow_up(TRIAL, day_zero, today=today):
        assert (visit.status == "due") == (abs(days - visit.day) <= planned_window(visit.day))
        assert (visit.status == "overdue") == (days - visit.day > planned_window(visit.day))


def planned_window(day: int) -> int:
    planned = TRIAL.follow_up.visit(day)
    assert planned is not None
    return planned.window_days

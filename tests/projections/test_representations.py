"""One cohort and one patient, as they are represented under their own versions."""

import pytest

from ledger.catalogue import EVENTS
from ledger.decisions import safety
from ledger.types import Event
from ledger.world import World
from projections.audit_trail import AuditRow
from projections.base import View, world_at
from projections.cohorts import CohortView, cohort, cohorts
from projections.deviations import Deviation
from projections.dlt_register import DltRegister
from projections.dossier import Dossier
from projections.escalation import Board
from projections.explain import Explanation
from projections.patient_timeline import Timeline
from projections.patients import PatientView, patient, patients
from projections.titles import TITLES, title
from projections.worklists import Worklists
from tests.bench import INVESTIGATOR, opened_trial
from tests.patients import authorise, infuse, place, screen
from tests.projections.trials import level_2_exceeded, three_treated


def test_a_cohort_changes_only_with_its_version() -> None:
    """So that an entity tag made of level and version names one representation."""
    seen: dict[tuple[int, int], CohortView] = {}
    records, world = level_2_exceeded().records, World()
    for record in records:
        world = world.apply(record)
        for shown in cohorts(world):
            assert seen.setdefault((shown.level, shown.version), shown) == shown
    assert {level for level, _ in seen} == {1, 2}


def test_a_patient_changes_only_with_its_version() -> None:
    seen: dict[tuple[str, int], PatientView] = {}
    records, world = three_treated().records, World()
    for record in records:
        world = world.apply(record)
        for number in world.patients:
            shown = patient(world, number)
            assert shown is not None
            assert seen.setdefault((shown.number, shown.version), shown) == shown
    assert {number for number, _ in seen} == {"001", "002", "003"}


def test_a_cohort_says_who_counts_and_by_which_ruling() -> None:
    bench = level_2_exceeded()
    shown = cohort(bench.world, 1)
    assert (shown.state, shown.slots, shown.evaluable, shown.dlt, shown.pending) == ("cleared", 6, 6, 1, 0)
    by_number = {member.patient: member for member in shown.members}
    assert (by_number["002"].dlt is not None, by_number["001"].dlt) == (True, None)
    assert (by_number["001"].reason, by_number["001"].sentinel) == ("completed", True)
    assert shown.version == bench.world.stream_version("cohort/1")


def test_a_level_that_never_opened_is_empty() -> None:
    shown = cohort(three_treated().world, 3)
    assert (shown.version, shown.state, shown.members) == (0, "not_opened", ())


def test_the_state_of_a_patient_goes_from_screening_to_the_way_out() -> None:
    bench = opened_trial()
    seen = []
    screen(bench, "001")
    seen.append(next(patients(bench.world)).status)
    place(bench, "001", 1)
    seen.append(next(patients(bench.world)).status)
    authorise(bench, "001", 1)
    infuse(bench, "001", 1)
    seen.append(next(patients(bench.world)).status)
    bench.ask(safety.RecordOffStudy(patient="001", cause="other", off_on=bench.now.date()), INVESTIGATOR)
    seen.append(next(patients(bench.world)).status)
    bench.ask(safety.RecordDeath(patient="001", died_on=bench.now.date(), cause="relapse"), INVESTIGATOR)
    seen.append(next(patients(bench.world)).status)
    assert seen == ["screening", "assigned", "dosed", "off_study", "dead"]
    assert "enrolled" in {
        next(patients(world_at(bench.records, as_of_position=p))).status for p in range(14, len(bench.records))
    }


def test_a_patient_shows_what_was_planned_and_what_was_given() -> None:
    shown = patient(three_treated().world, "001")
    assert shown is not None
    first, second = shown.infusions
    assert (first.planned_cells, first.cells, second.ordinal) == ("400000000/3", 133333333, 2)
    assert first.percent_of_plan == "399999999/4000000"
    assert (shown.level, shown.phase, shown.has_dlt, shown.eligible_under) == (1, "I", False, 1)
    assert len(shown.criteria) == 7


def test_an_unknown_patient_is_none() -> None:
    assert patient(three_treated().world, "099") is None


def test_every_event_has_a_title_in_plain_words() -> None:
    assert set(TITLES) == set(EVENTS)


def test_a_title_uses_the_members_of_its_event() -> None:
    for name, template in TITLES.items():
        members = [*EVENTS[name].model_fields, *(["shown"] if hasattr(EVENTS[name], "shown") else [])]
        template.format_map(dict.fromkeys(members, "x"))
    bench = three_treated()
    said = [title(record.event) for record in bench.records]
    assert "Ruling 1 on adverse-event/1: DLT yes" in said
    assert "Criterion X1 assessed: met no" in said
    assert not [each for each in said if "{" in each]


def test_an_event_that_has_no_title_yet_goes_by_its_stored_name() -> None:
    class NewEvent(Event):
        NAME = "patient.new.v1"

    assert title(NewEvent()) == "patient.new.v1"


@pytest.mark.parametrize(
    "model",
    [Board, Explanation, Timeline, DltRegister, Worklists, Dossier, Deviation, AuditRow, CohortView, PatientView],
)
def test_every_answer_describes_itself(model: type[View]) -> None:
    schema = model.model_json_schema(mode="serialization")
    parts = [schema, *schema.get("$defs", {}).values()]
    assert [part["title"] for part in parts if part.get("type") == "object" and not part.get("description")] == []


def test_a_member_s_sentence_is_its_description() -> None:
    assert "entity tag" in CohortView.model_json_schema()["properties"]["version"]["description"]

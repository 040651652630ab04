"""Any sequence of a few commands, searched and shrunk by hypothesis; the simulator's watch holds every invariant."""

from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ledger.decisions import dlt, enrolment, safety
from ledger.decisions.corrections import CorrectRecord
from ledger.patient.infusions import InfusionStarted
from ledger.record import Actor
from tests.bench import COMMITTEE, INVESTIGATOR, PI, SPONSOR
from tests.examples import examples
from tests.patients import crs
from tests.simulation.committee import circulate, decide_next, lift_next
from tests.simulation.dosing import begin, finish, next_ordinal, omit
from tests.simulation.usual import arrive, go_on
from tests.simulation.walk import Temper, Walk

MOST_PATIENTS = 4
CALM = Temper("as-registered", steps=0, mishaps=0, nonsense=0, toxicity=0, phase_two=False)
WHICH = st.integers(0, MOST_PATIENTS - 1)
SIGNERS = st.sampled_from([PI, INVESTIGATOR, SPONSOR, COMMITTEE])


def has_patients(machine: "AnyTrial") -> bool:
    return bool(machine.walk.world.patients)


class AnyTrial(RuleBasedStateMachine):
    """Few patients and few commands. Every answer is watched; a violation raises `Found`."""

    @initialize()
    def open(self) -> None:
        self.walk = Walk(0, CALM)

    def number(self, which: int) -> str:
        numbers = self.walk.numbers()
        return numbers[which % len(numbers)]

    @precondition(lambda machine: len(machine.walk.world.patients) < MOST_PATIENTS)
    @rule()
    def a_patient_arrives(self) -> None:
        arrive(self.walk)

    @precondition(has_patients)
    @rule(which=WHICH, steps=st.integers(1, 9))
    def a_patient_goes_on(self, which: int, steps: int) -> None:
        for _ in range(steps):
            if not go_on(self.walk, self.number(which)):
                return

    @rule(days=st.sampled_from([1, 5, 17, 34]))
    def time_passes(self, days: int) -> None:
        self.walk.wait(days=days)

    @precondition(has_patients)
    @rule(which=WHICH, level=st.integers(0, 3), percent=st.sampled_from([50, 100, 120]))
    def a_dose_nobody_permitted(self, which: int, level: int, percent: int) -> None:
        number = self.number(which)
        ordinal = next_ordinal(self.walk, self.walk.patient(number))
        if ordinal is not None:
            begin(self.walk, number, ordinal, level)
            finish(self.walk, self.walk.patient(number), ordinal, percent)

    @precondition(has_patients)
    @rule(which=WHICH)
    def an_infusion_is_omitted(self, which: int) -> None:
        ordinal = next_ordinal(self.walk, self.walk.patient(self.number(which)))
        if ordinal is not None:
            omit(self.walk, self.number(which), ordinal)

    @precondition(has_patients)
    @rule(which=WHICH, grade=st.integers(1, 4), days_ago=st.integers(0, 40))
    def a_toxicity(self, which: int, grade: int, days_ago: int) -> None:
        number = self.number(which)
        onset = self.walk.here(number) - timedelta(days=days_ago)
        report = {"patient": number, "term": "CRS", "toxicity": "CRS", "serious": grade > 2, "onset_at": onset}
        self.walk.ask(safety.ReportAdverseEvent.model_validate(report), INVESTIGATOR)
        event = max(self.walk.patient(number).adverse_events)
        found = {"patient": number, "adverse_event": event, "assessed_at": onset, "findings": crs(grade)}
        self.walk.ask(safety.AssessCrs.model_validate(found), INVESTIGATOR)

    @precondition(has_patients)
    @rule(which=WHICH, event=st.integers(1, 2), is_dlt=st.booleans(), revision=st.integers(1, 3), by=SIGNERS)
    def a_ruling(self, which: int, event: int, is_dlt: bool, revision: int, by: Actor) -> None:
        command = dlt.RuleOnDlt(
            patient=self.number(which),
            subject=f"adverse-event/{event}",
            is_dlt=is_dlt,
            revision=revision,
            toxicity="CRS",
            grade=3,
            rationale=self.walk.text("as discussed"),
        )
        self.walk.ask(command, by)

    @precondition(has_patients)
    @rule(which=WHICH, cause=st.sampled_from(["relapse", "other"]), days_ago=st.integers(0, 9))
    def a_death(self, which: int, cause: str, days_ago: int) -> None:
        died_on = self.walk.today(self.number(which)) - timedelta(days=days_ago)
        death = {"patient": self.number(which), "died_on": died_on, "cause": cause}
        self.walk.ask(safety.RecordDeath.model_validate(death), INVESTIGATOR)

    @rule(of=st.integers(0, 9), days=st.integers(-5, 5))
    def a_start_is_corrected(self, of: int, days: int) -> None:
        starts = [record for record in self.walk.bench.records if isinstance(record.event, InfusionStarted)]
        if not starts:
            return
        record = starts[of % len(starts)]
        assert isinstance(record.event, InfusionStarted)
        moved = min(record.event.started_at + timedelta(days=days), self.walk.bench.now)
        report = {**record.event.model_dump(), "started_at": moved}
        command = CorrectRecord(
            position=record.position, kind="infusion-start", report=report, patient=record.patient or ""
        )
        self.walk.ask(command, INVESTIGATOR, reason=self.walk.text("read again"))

    @precondition(has_patients)
    @rule(which=WHICH)
    def an_assignment_is_cancelled(self, which: int) -> None:
        self.walk.ask(enrolment.CancelAssignment(patient=self.number(which), cause="not manufactured"), PI)

    @rule()
    def the_committee_sits(self) -> None:
        if not (decide_next(self.walk) or circulate(self.walk)):
            lift_next(self.walk)

    def teardown(self) -> None:
        self.walk.watch.look_back(self.walk.bench.records, self.walk.world, self.walk.chance)


TestAnyTrial = AnyTrial.TestCase
TestAnyTrial.settings = settings(
    max_examples=examples(40), stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)

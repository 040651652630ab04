"""A walk through one trial: a seeded chance, the bench it is played on, and who watches."""

import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from ledger.decisions.carry_out import CarriedOut, carry_out
from ledger.decisions.conditioning import ChooseBackbone, RecordConditioning, RecordProphylaxis
from ledger.decisions.consent import RecordDissent
from ledger.decisions.docket import Command, Docket
from ledger.decisions.donor import RecordBloodGroup, RecordDonorCandidate, RecordDonorConsent
from ledger.decisions.follow_up import RecordContactAttempt, RecordVisit, ReportMissedVisit
from ledger.decisions.given import OmitInfusion, RecordInfusion, RecordInfusionStart
from ledger.decisions.infusion import AuthoriseInfusion
from ledger.decisions.infusion_record import RecordInfusionVitals, RecordInterruption, RecordResumption
from ledger.decisions.outcomes import RecordOutcomes, StageAcuteGvhd
from ledger.decisions.products import (
    ReceiveCollection,
    RecordDestruction,
    RecordExcursion,
    RecordManufacture,
    RecordThaw,
    ReportLateSterility,
    TransferCustody,
)
from ledger.decisions.products_release import RecordReleaseTest
from ledger.decisions.readiness import AssessReadiness
from ledger.decisions.reporting import RecordExpeditedReport, RecordReceipt, ReportPregnancy
from ledger.decisions.safety import (
    AssessCrs,
    AssessIcans,
    RecordDeath,
    RecordOffStudy,
    ReportAdverseEvent,
    UpdateAdverseEvent,
)
from ledger.decisions.screening import (
    AssessCriteria,
    RecordAssent,
    RecordConsent,
    RecordScreeningFindings,
    WithdrawConsent,
)
from ledger.decisions.transplant import RecordTransplant
from ledger.decisions.ward import RecordMedication, RecordWardSheet, StopMedication
from ledger.errors import Contradicted, LedgerError, Refused
from ledger.facts import free_texts
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.record import Actor
from ledger.refusals import AuditIdReused, CriterionIsComputed, NoProtocolInForce, NotRegistered, SourceUnknown
from ledger.world import World, site_zone
from tests.bench import PI, SITE, Bench
from tests.simulation import beginnings
from tests.simulation.found import Found, claim
from tests.simulation.watch import Watch

T = TypeVar("T")
Answer = CarriedOut | LedgerError

REPORTS: Final = (
    RecordConsent,
    RecordAssent,
    WithdrawConsent,
    RecordScreeningFindings,
    AssessCriteria,
    AssessReadiness,
    RecordInfusionStart,
    RecordInfusion,
    RecordInterruption,
    RecordResumption,
    RecordInfusionVitals,
    OmitInfusion,
    ReportAdverseEvent,
    RecordReceipt,
    RecordExpeditedReport,
    ReportPregnancy,
    UpdateAdverseEvent,
    AssessCrs,
    AssessIcans,
    RecordDeath,
    RecordOffStudy,
    RecordTransplant,
    RecordDissent,
    RecordDonorCandidate,
    RecordDonorConsent,
    RecordBloodGroup,
    RecordConditioning,
    ChooseBackbone,
    RecordProphylaxis,
    ReceiveCollection,
    RecordManufacture,
    RecordReleaseTest,
    ReportLateSterility,
    TransferCustody,
    RecordThaw,
    RecordExcursion,
    RecordDestruction,
    RecordWardSheet,
    RecordMedication,
    StopMedication,
    RecordOutcomes,
    StageAcuteGvhd,
    RecordVisit,
    ReportMissedVisit,
    RecordContactAttempt,
)
"""What has happened, which is never refused for a business reason."""

ALLOWED_TO_REFUSE: Final = (NotRegistered, NoProtocolInForce, SourceUnknown, AuditIdReused, CriterionIsComputed)
"""Before there is a trial to report to, of a machine that is not heard, and a verdict that is no one's to give."""

NEW_EACH_TIME: Final = (AuthoriseInfusion,)
"""Asked again, it is a permission of its own: the last one holds."""

STEPS_SHOWN: Final = 60
LOOK_BACK_EVERY: Final = 40


@dataclass(frozen=True)
class Temper:
    """What kind of trial it is: its protocol, how long it is walked, how often things go wrong."""

    kind: str
    steps: int
    mishaps: float
    nonsense: float
    toxicity: float
    phase_two: bool

    @classmethod
    def drawn(cls, chance: random.Random) -> "Temper":
        return cls(
            kind=chance.choices(beginnings.KINDS, beginnings.WEIGHTS)[0],
            steps=chance.choice((60, 120, 180, 240)),
            mishaps=chance.choice((0.02, 0.1, 0.2, 0.35)),
            nonsense=chance.choice((0.0, 0.05, 0.15)),
            toxicity=chance.choice((0.03, 0.1, 0.2, 0.35)),
            phase_two=chance.random() < 0.6,
        )


@dataclass
class Walk:
    """`ask` is the only way to change anything."""

    seed: int
    temper: Temper
    chance: random.Random = field(init=False)
    bench: Bench = field(init=False)
    watch: Watch = field(default_factory=Watch)
    refused: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    shown: deque[tuple[object, ...]] = field(default_factory=lambda: deque(maxlen=STEPS_SHOWN))
    said: list[tuple[Command, Actor]] = field(default_factory=list)

    @classmethod
    def drawn(cls, seed: int) -> "Walk":
        """A walk of which the seed says everything, the temper too."""
        return cls(seed, Temper.drawn(random.Random(seed)))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.bench = beginnings.opened(self.temper.kind)
        self.watch.begin(self.bench.records)

    @property
    def world(self) -> World:
        return self.bench.world

    @property
    def protocol(self) -> ProtocolDocument:
        return self.bench.docket().protocol()

    def patient(self, number: str) -> Patient:
        return self.world.patients[number]

    def numbers(self) -> list[str]:
        return sorted(self.world.patients)

    def today(self, number: str) -> date:
        """The day at the patient's site."""
        return self.world.patient_day(number, self.bench.now)

    def here(self, number: str) -> datetime:
        """Now, by the clock of the patient's site."""
        screened = self.patient(number).screened
        offset = self.world.trial.sites.get(screened.site if screened else "", "+00:00")
        return self.bench.now.astimezone(site_zone(offset))

    def doctor(self, number: str) -> Actor:
        """An investigator of the patient's site."""
        screened = self.patient(number).screened
        assert screened is not None
        return self.pick(beginnings.DOCTORS.get(screened.site, beginnings.DOCTORS[SITE]))

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability

    def pick(self, among: Sequence[T]) -> T:
        return self.chance.choice(among)

    def text(self, words: str) -> str:
        """A commitment to a free text."""
        return self.bench.seal(words)

    def wait(self, **time: float) -> None:
        """The clock goes forward."""
        self.bench.now += timedelta(**time)

    def ask(self, command: Command, by: Actor = PI, **asked: Any) -> Answer:
        """Ask, and have the answer watched. Now and then the same is asked again at once."""
        self.wait(seconds=self.chance.randrange(300))
        answer = self._ask(command, by, asked)
        if isinstance(answer, CarriedOut) and not isinstance(command, NEW_EACH_TIME) and self.maybe(0.2):
            again = self._ask(self._sealed_anew(command), by, asked)
            new = () if isinstance(again, LedgerError) else again.records
            claim(not new, f"asked again, it gave {[record.event for record in new]}")
        if isinstance(answer, CarriedOut) and isinstance(command, REPORTS) and not asked:
            self.said.append((command, by))
        return answer

    def done(self, command: Command, by: Actor = PI, **asked: Any) -> bool:
        """Ask; whether it was so, or is so now."""
        return isinstance(self.ask(command, by, **asked), CarriedOut)

    def _ask(self, command: Command, by: Actor, asked: dict[str, Any]) -> Answer:
        self.asked += 1
        docket = self.bench.docket(by, **asked)
        self.shown.append((f"{self.asked}. {docket.now:%Y-%m-%d %H:%M:%S} {by.id}:", command, asked or ""))
        try:
            done = carry_out(docket, command)
        except LedgerError as refusal:
            self._refuse(command, refusal)
            return refusal
        except Exception as broken:
            raise Found(f"{type(broken).__name__}: {broken}") from broken
        self._take(docket, command, done)
        return done

    def _refuse(self, command: Command, refusal: LedgerError) -> None:
        self.refused[type(refusal).__name__] += 1
        self.shown.append(("      refused:", type(refusal).__name__, refusal))
        business = isinstance(command, REPORTS) and isinstance(refusal, Refused | Contradicted)
        business = business and not isinstance(refusal, ALLOWED_TO_REFUSE)
        claim(not business, f"a report was refused: {type(refusal).__name__}: {refusal}")

    def _take(self, docket: Docket, command: Command, done: CarriedOut) -> None:
        claim(bool(done.records) or done.already is not None, "nothing was recorded, and nothing stood")
        self.bench.world = done.world
        self.bench.records.extend(done.records)
        self.shown.extend((f"      {record.position} {record.stream}:", record.event) for record in done.records)
        if done.records:
            self.watch.follow(docket, command, done.world, done.records)

    def _sealed_anew(self, command: Command) -> Command:
        """The same with its free texts sealed under new salts, as a second asking would bring them."""
        names = free_texts(type(command))
        texts = {name: self.bench.texts.get(getattr(command, name) or "") for name in names}
        anew = {name: self.bench.seal(text) for name, text in texts.items() if text is not None}
        return command.model_copy(update=anew)

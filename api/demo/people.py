"""Who plays in the demo: one account for each role that the story needs."""

from dataclasses import dataclass
from typing import Final

from ledger.types import Role

SITE: Final = "NDGOI"


@dataclass(frozen=True, slots=True)
class Player:
    """A person or a system: the account, the role, and the site, unless the role is of the whole trial."""

    name: str
    role: Role
    site: str | None = SITE
    does: str = ""


MONITOR_OF_SAFETY: Final = Player("vera", "medical_monitor", None, "registers the trial for the sponsor, signs")
PI: Final = Player("maria", "principal_investigator", does="leads the site, rules, signs")
INVESTIGATOR: Final = Player("ivan", "investigator", does="confirms, authorises, assesses")
COORDINATOR: Final = Player("nina", "coordinator", does="enrols, corrects, checks at the bedside")
CHECKER: Final = Player("boris", "bedside_checker", does="checks at the bedside")
COMMITTEE: Final = Player("olga", "safety_committee", None, "signs for the committee, lifts holds")
DRUG_SAFETY: Final = Player("dora", "drug_safety", None, "classifies serious events, sends reports")
QA: Final = Player("galina", "cell_processing_qa", does="makes the cells, signs their release")
EDC: Final = Player("edc-ndgoi", "edc_system", does="reports what was entered at the site")
CRA: Final = Player("anton", "monitor", does="compares the data with their source")
STATISTICIAN: Final = Player("lena", "statistician", None, "reads the board")
ADMINISTRATOR: Final = Player("arkady", "administrator", None, "registers machines, keeps accounts")
INSPECTOR: Final = Player("irina", "inspector", None, "replays and verifies")

PLAYERS: Final = (
    MONITOR_OF_SAFETY,
    PI,
    INVESTIGATOR,
    COORDINATOR,
    CHECKER,
    COMMITTEE,
    DRUG_SAFETY,
    QA,
    EDC,
    CRA,
    STATISTICIAN,
    INSPECTOR,
    ADMINISTRATOR,
)

APPOINTED_BY_SPONSOR: Final = (PI, COMMITTEE, QA)
APPOINTED_BY_PI: Final = (INVESTIGATOR, COORDINATOR, CHECKER)

"""Who plays in the demo: one account for each role that the story needs."""

from dataclasses import dataclass
from typing import Final

from ledger.types import Role

SITE: Final = "NDGOI"


@dataclass(frozen=True, slots=True)
class Player:
    """A person or a system: the account, the role, and the site, unless the role is of the whole trial. A person signs
    under a printed name."""

    name: str
    role: Role
    site: str | None = SITE
    does: str = ""
    printed_name: str | None = None


MONITOR_OF_SAFETY: Final = Player(
    "vera", "medical_monitor", None, "registers the trial for the sponsor, signs", printed_name="Vera Sokolova"
)
PI: Final = Player(
    "maria", "principal_investigator", does="leads the site, rules, signs", printed_name="Dr Maria Orlova"
)
INVESTIGATOR: Final = Player(
    "ivan", "investigator", does="confirms, authorises, assesses", printed_name="Dr Ivan Belov"
)
COORDINATOR: Final = Player(
    "nina", "coordinator", does="enrols, corrects, checks at the bedside", printed_name="Nina Kuzmina"
)
CHECKER: Final = Player("boris", "bedside_checker", does="checks at the bedside", printed_name="Boris Zaitsev")
COMMITTEE: Final = Player(
    "olga", "safety_committee", None, "signs for the committee, lifts holds", printed_name="Prof. Olga Lebedeva"
)
DRUG_SAFETY: Final = Player(
    "dora", "drug_safety", None, "classifies serious events, sends reports", printed_name="Dr Dora Klein"
)
QA: Final = Player(
    "galina", "cell_processing_qa", does="makes the cells, signs their release", printed_name="Galina Titova"
)
EDC: Final = Player("edc-ndgoi", "edc_system", does="reports what was entered at the site")
CRA: Final = Player("anton", "monitor", does="compares the data with their source", printed_name="Anton Frolov")
STATISTICIAN: Final = Player("lena", "statistician", None, "reads the board", printed_name="Lena Gromova")
ADMINISTRATOR: Final = Player(
    "arkady", "administrator", None, "registers machines, keeps accounts", printed_name="Arkady Vlasov"
)
INSPECTOR: Final = Player("irina", "inspector", None, "replays and verifies", printed_name="Irina Markova")

PASSWORD: Final = "seven grey geese fly south"  # noqa: S105 - nobody of the story exists
"""With which everybody of the story signs."""

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

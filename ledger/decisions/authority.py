"""Who may act: every command of a delegated role is compared with the delegations in force when it comes.

What needs authority is refused without it, also where it was decided on paper: somebody who holds the role enters it.
What has happened is never refused, by whomever it is told: the report stands, with a deviation beside it (domain G.4-9;
ICH E6(R3) 2.3.3). An inspector, a machine and an administrator hold no delegation: the first writes nothing, the second
is heard where it is registered, the third has no clinical command.
"""

from collections.abc import Callable
from typing import Final

from ledger import refusals as no
from ledger.decisions import corrections, evidence, installation, notices, quarantine, screening, setup
from ledger.decisions.docket import AlreadySo, Command, Docket, Follows, deviation

DELEGATED: Final = setup.SPONSOR_GRANTS | setup.SITE_GRANTS
"""The roles that somebody has to be given."""

FACTS: Final[frozenset[type[Command]]] = frozenset(
    {
        *corrections.REPORTS.values(),
        notices.AcknowledgeNotice,
        quarantine.ResolveQuarantine,
        screening.FailScreening,
        screening.WithdrawConsent,
        setup.RecordEthicsApproval,
    }
)
"""What reports something that has happened; every other command asks for something."""

BEFORE_ANY_ROLE: Final[frozenset[type[Command]]] = frozenset(
    {setup.RegisterTrial, *installation.DECISIONS, *evidence.BY_THE_LEDGER}
)
"""What is done before anybody holds a role, or by nobody."""


def holds_role(docket: Docket) -> bool:
    """Whether who asks needs no delegation for the role, or has one today."""
    by = docket.asked.by
    return by.role not in DELEGATED or docket.world.trial.delegated(by.id, by.role, by.site, docket.today)


def with_authority(docket: Docket, command: Command, decide: Callable[[], Follows]) -> Follows:
    """What is decided, if who asks holds the role; else a refusal, or the report with its deviation (domain G.4-9,
    11.10(g))."""
    if type(command) in BEFORE_ANY_ROLE or holds_role(docket):
        return decide()
    missing = no.NotDelegated(f"{docket.asked.by.id} as {docket.asked.by.role}")
    if type(command) not in FACTS:
        raise missing
    follows = decide()
    return follows if isinstance(follows, AlreadySo) else (*follows, deviation(follows[0].stream, missing))

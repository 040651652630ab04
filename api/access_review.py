"""Who may come in, to be gone through from time to time: every account, when it was used last, and which roles its
person holds in which trials (11.300(b), 11.10(d); EMA guideline on computerised systems, annex 3)."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from api.auth import Account, read_accounts
from ledger.decisions.authority import DELEGATED
from ledger.installation.state import NOBODY_SEEN, LastSeen
from ledger.types import Day, Instant
from ledger.world import World
from projections.base import View


class AccountReview(View):
    """An account as it is reviewed. `delegations` and `ending` name trial, role and site, and the last day."""

    client: str
    id: str
    role: str
    site: str | None
    trials: tuple[str, ...] | None
    expires_on: Day | None
    last_log_in_at: Instant | None
    last_used_at: Instant | None
    delegations: tuple[str, ...]
    """In force today."""
    ending: tuple[str, ...]
    """What of it ends soon, the account itself included."""
    without_delegation: bool
    """The role has to be given, and nobody has given it: the account has no use."""


def review(
    accounts: Path, seen: Mapping[str, LastSeen], worlds: Mapping[str, World], today: date, within_days: int
) -> Iterator[AccountReview]:
    """Every account of a file, in the order of the file."""
    soon = today + timedelta(days=within_days)
    for account in read_accounts(accounts):
        held = tuple(_held(account, worlds, today))
        last = seen.get(account.id, NOBODY_SEEN)
        ends = [("account", account.expires_on), *held]
        yield AccountReview(
            client=account.client,
            id=account.id,
            role=account.role,
            site=account.site,
            trials=account.trials,
            expires_on=account.expires_on,
            last_log_in_at=last.logged_in_at,
            last_used_at=last.used_at,
            delegations=tuple(_said(what, until) for what, until in held),
            ending=tuple(_said(what, until) for what, until in ends if until is not None and until <= soon),
            without_delegation=account.role in DELEGATED and not held,
        )


def _held(account: Account, worlds: Mapping[str, World], today: date) -> Iterator[tuple[str, date | None]]:
    """The roles that the account's person holds today, each with its last day."""
    for trial, world in worlds.items():
        for (person, role, site), times in world.trial.delegations.items():
            if person == account.id and account.may_see(trial):
                place = trial if site is None else f"{trial} {site}"
                yield from ((f"{place} {role}", each.to_on) for each in times if each.covers(today))


def _said(what: str, until: date | None) -> str:
    return what if until is None else f"{what} until {until.isoformat()}"

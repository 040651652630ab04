"""A caller, and what exists for it: an account with what a route grants to its role."""

from dataclasses import dataclass

from api.auth import Account
from api.problems import Refused
from api.roles import ENTRIES, OWN, Needed
from ledger.decisions.products_standing import patients_of_lot
from ledger.record import Actor, Record
from ledger.refusals import NoSuchPatient, NoSuchProduct
from ledger.world import World

ADMINISTRATION = frozenset(
    {
        "trial.registered.v1",
        "trial.site-opened.v1",
        "trial.source-registered.v1",
        "trial.role-delegated.v2",
        "trial.role-revoked.v1",
    }
)
"""Events without clinical content."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which role, with which rights on what is asked for."""

    account: Account
    actor: Actor
    rights: frozenset[str]

    @property
    def own(self) -> bool:
        """Whether the rights end at the own site."""
        return OWN in self.rights

    @property
    def own_entries(self) -> bool:
        return ENTRIES in self.rights

    def sees_site(self, site: str | None) -> bool:
        return not self.own or (site is not None and site == self.account.site)

    def sees(self, world: World, number: str | None) -> bool:
        """Whether a patient exists for the caller; one whom the ledger does not know is nobody's."""
        known = world.patients.get(number) if number is not None else None
        if known is None or known.screened is None:
            return True
        return self.sees_site(known.screened.site)

    def seen(self, world: World, number: str | None) -> None:
        """`NoSuchPatient` for a patient of another site, as for one who does not exist."""
        if not self.sees(world, number):
            raise NoSuchPatient(f"patient {number}")

    def sees_lot(self, world: World, lot: str | None) -> bool:
        """Whether a lot exists for the caller: one for a patient who does, or given to one, or for nobody known."""
        if not self.own or lot is None:
            return True
        known = [number for number in patients_of_lot(world, lot) if number in world.patients]
        return not known or any(self.sees(world, number) for number in known)

    def seen_lot(self, world: World, lot: str | None) -> None:
        """`NoSuchProduct` for a lot of another site's patient, as for one that does not exist."""
        if not self.sees_lot(world, lot):
            raise NoSuchProduct(f"lot {lot}")

    def may_read(self, world: World, record: Record) -> bool:
        """Whether an event of the log exists for the caller."""
        if "received" in self.rights:
            return record.actor.id == self.account.id
        if "setup" in self.rights:
            return record.event.NAME in ADMINISTRATION
        if record.lot is not None:
            return self.sees_lot(world, record.lot)
        named = record.patient or getattr(record.event, "patient", None)
        return self.sees(world, named)


def admitted(account: Account, actor: Actor, may: Needed) -> Caller:
    """The caller with the rights of its role; refused where it has none of those that are needed."""
    rights = may.granted.get(account.role)
    if rights is None:
        raise Refused("forbidden", f"{account.role.replace('_', ' ')}: {may.resource}")
    return Caller(account, actor, rights)

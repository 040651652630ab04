"""A caller, and what exists for it: an account with what a route grants to its role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from api.auth import Account
from api.problems import CHALLENGE, Refused
from api.roles import ENTRIES, OWN, Needed
from ledger.decisions.products_standing import patients_of_lot
from ledger.record import Actor, Record
from ledger.refusals import NoSuchPatient, NoSuchProduct
from ledger.trial.signatures import RecordSigned
from ledger.world import World

E = TypeVar("E", bound=Exception)

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


ACROSS_SITES: Final = "across-sites"
"""The note on a refusal that hides what there is at another site, and the rule by which it is in the access log."""

SCOPES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "ledger.read": frozenset({"R", "V", "received", "setup"}),
        "ledger.write": frozenset({"W", "findings", "raise", "answer", "custody", "set"}),
        "ledger.sign": frozenset({"S", "approval", "lift", "vouch"}),
    }
)
"""What each scope of a token leaves of a role's rights."""


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
        if not self.own:
            return True
        known = world.patients.get(number) if number is not None else None
        if known is None or known.screened is None:
            return True
        return self.sees_site(known.screened.site)

    def seen(self, world: World, number: str | None) -> None:
        """`NoSuchPatient` for a patient of another site, as for one who does not exist."""
        if not self.sees(world, number):
            raise across_sites(NoSuchPatient(f"patient {number}"))

    def sees_lot(self, world: World, lot: str | None) -> bool:
        """Whether a lot exists for the caller: one for a patient who does, or given to one, or for nobody known."""
        if not self.own or lot is None:
            return True
        known = [number for number in patients_of_lot(world, lot) if number in world.patients]
        return not known or any(self.sees(world, number) for number in known)

    def seen_lot(self, world: World, lot: str | None) -> None:
        """`NoSuchProduct` for a lot of another site's patient, as for one that does not exist."""
        if not self.sees_lot(world, lot):
            raise across_sites(NoSuchProduct(f"lot {lot}"))

    def sees_signature(self, world: World, event: RecordSigned) -> bool:
        """Whether a signature exists for the caller: where what it signs does."""
        kind, _, lot = event.about.partition("/")
        return self.sees_lot(world, lot) if kind == "product" else self.sees(world, event.patient)

    def may_read(self, world: World, record: Record) -> bool:
        """Whether an event of the log exists for the caller."""
        if "received" in self.rights:
            return record.actor.id == self.account.id
        if "setup" in self.rights:
            return record.event.NAME in ADMINISTRATION
        if isinstance(record.event, RecordSigned):
            return self.sees_signature(world, record.event)
        if record.lot is not None:
            return self.sees_lot(world, record.lot)
        named = record.patient or getattr(record.event, "patient", None)
        return self.sees(world, named)


def across_sites(error: E) -> E:
    """A refusal, marked as one that hides something."""
    error.add_note(ACROSS_SITES)
    return error


def hides_another_site(error: Exception) -> bool:
    return ACROSS_SITES in getattr(error, "__notes__", ())


def admitted(account: Account, actor: Actor, may: Needed, scopes: Iterable[str] | None = None) -> Caller:
    """The caller with the rights of its role, as far as a token's scopes leave them; refused without any needed."""
    rights = may.granted.get(account.role)
    if rights is None:
        raise Refused("forbidden", f"{account.role.replace('_', ' ')}: {may.resource}")
    if scopes is not None:
        rights = narrowed(rights, scopes)
        if rights.isdisjoint(may.rights):
            challenge = f'{CHALLENGE}, error="insufficient_scope"'
            raise Refused("scope-too-narrow", may.resource, headers={"WWW-Authenticate": challenge})
    return Caller(account, actor, rights)


def narrowed(rights: frozenset[str], scopes: Iterable[str]) -> frozenset[str]:
    """What scopes leave of rights; where they end stays as it is."""
    return rights & frozenset({OWN, ENTRIES}).union(*(SCOPES[scope] for scope in scopes))

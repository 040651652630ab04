"""Who may do what: one table, and nothing is permitted that is not in it.

    R         read
    W         report, or command
    S         sign
    V         verify and replay
    approval  an ethics committee's own approval
    findings  findings only, no signature
    raise     a query: ask about a record, ask once more
    answer    a query of the own site
    custody   what happens to a lot once it leaves manufacture: who holds it, how warm it was, thawed, destroyed
    set lift  a hold
    vouch     that somebody has her account again
    own       whatever the cell grants, at the own site only; another site's patients do not exist (404)
    entries   whatever the cell grants, on one's own entries only
    received  what this machine itself reported
    setup     what holds no clinical content

The table is that of `docs/roles.md`, which `tests/api` reads and walks. Whoever may ask is not thereby right: decisions
look at delegations, quorum and distinct people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, get_args

from ledger.types import Role

ROLES: Final[tuple[str, ...]] = get_args(Role)
OWN: Final = "own"
ENTRIES: Final = "entries"

_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pi": "principal_investigator",
        "inv": "investigator",
        "coord": "coordinator",
        "check": "bedside_checker",
        "mm": "medical_monitor",
        "sc": "safety_committee",
        "ds": "drug_safety",
        "qa": "cell_processing_qa",
        "dm": "data_manager",
        "cra": "monitor",
        "stat": "statistician",
        "ec": "ethics_committee",
        "insp": "inspector",
        "edc": "edc_system",
        "admin": "administrator",
    }
)

_GRANTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "trial": "pi inv sc: R S; mm: R W S; ec: R approval; coord check ds qa dm cra stat: R; insp: R V",
        "delegations": "pi: R W S own; mm: R W S; dm cra insp admin: R",
        "sources": "admin: R W; mm insp: R",
        "accounts": "admin: R W; mm: R vouch; insp: R; pi: vouch own",
        "patient": "pi inv coord check: R W own; mm sc ds dm stat ec: R; cra: R own; insp: R V; edc: W own",
        "eligibility": "pi inv: R S own; mm sc dm stat: R; cra: R own; insp: R V",
        "slots": "pi inv coord check: R W own; mm: R W; sc ds qa dm stat: R; cra: R own; insp: R V",
        "product": "pi inv: R own; coord check: R custody; mm sc ds dm: R; qa: R W S; cra: R own; insp: R V;"
        " edc: W own",
        "readiness": "pi inv: R S own; coord check: R findings own; mm sc ds qa dm: R; cra: R own; insp: R V;"
        " edc: findings own",
        "bedside-check": "pi inv coord check: S own; insp: V",
        "infusion": "pi inv coord check: R W own; mm sc ds qa dm stat: R; cra: R own; insp: R V; edc: W own",
        "adverse-event": "pi inv coord check: R W own; ds: R W; mm sc qa dm stat ec: R; cra: R own; insp: R V;"
        " edc: W own",
        "serious": "pi inv: R S own; mm: R S; ds: R W S; coord check sc dm stat ec: R; cra: R own; insp: R V",
        "dlt": "pi inv: R S own; mm sc: R S; ds dm cra stat: R; insp: R V",
        "evaluability": "pi inv: R S own; mm sc: R S; dm cra stat: R; insp: R V",
        "dose-decision": "pi sc: R S; mm: R W S; inv coord check ds qa dm cra stat ec: R; insp: R V",
        "hold": "pi inv mm qa ec: set; sc: set lift S; insp: R V",
        "correction": "pi inv coord check edc: W own; mm sc ds qa: W entries; insp: R V",
        "query": "pi inv coord check: R answer own; mm ds: R raise; dm: R W; cra: R W own; sc stat: R; insp: R V",
        "source-verification": "pi inv coord check: R own; dm: R W; cra: R W own; mm sc stat: R; insp: R V",
        "endorsement": "pi inv: R S own; coord: R own; mm sc dm stat: R; cra: R own; insp: R V",
        "notice": "pi inv coord check: R W own; qa: R W; mm sc ds dm stat ec: R; cra: R own; insp: R V",
        "events": "pi inv: R V own; coord check qa cra: R own; mm sc stat: R V; ds dm ec: R; insp: R V;"
        " edc: received own; admin: setup",
        "access-log": "pi inv: R V own; coord check qa cra: R own; mm sc stat: R V; ds dm ec: R; insp: R V;"
        " edc: received own; admin: setup",
        "texts": "pi inv coord check cra: R own; mm sc ds dm: R; insp: R",
        "erasure": "pi: R W S own; mm: R W S; dm cra: R; insp: R V",
        "redaction": "pi: W S own; mm: W S; inv coord check cra: W own; dm ds sc: W",
        "evidence": "mm: R W S; pi: R W; inv coord check sc ds qa dm cra stat ec insp edc admin: R",
        "clock": "mm admin: W",
    }
)


def _read(line: str) -> Mapping[str, frozenset[str]]:
    grants: dict[str, frozenset[str]] = {}
    for grant in line.split(";"):
        columns, _, rights = grant.partition(":")
        for column in columns.split():
            assert _COLUMNS[column] not in grants, (line, column)
            grants[_COLUMNS[column]] = frozenset(rights.split())
    return MappingProxyType(grants)


TABLE: Final[Mapping[str, Mapping[str, frozenset[str]]]] = MappingProxyType(
    {resource: _read(line) for resource, line in _GRANTS.items()}
)
"""Resource -> role -> rights. A role that is not named has none."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What a route asks for: one of some rights on a resource. `granted` is the answer for every role that has one."""

    resource: str
    rights: tuple[str, ...]
    granted: Mapping[str, frozenset[str]]


def needs(resource: str, *rights: str) -> Needed:
    """One of these rights on the resource."""
    row = TABLE[resource]
    granted = {role: cell for role, cell in row.items() if not cell.isdisjoint(rights)}
    return Needed(resource, rights, MappingProxyType(granted))

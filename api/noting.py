"""What of a request is kept in the installation's log: reads of clinical records, exports, refusals, changes of roles.

It is decided from the answer's status and from what the request left in its scope on the way: the account, the resource
whose right it used, the problem by which it was refused. Never from a body, a query, or a path that leads nowhere.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from starlette.datastructures import Headers

from api.auth import Account
from api.happenings import Happening
from api.problems import Problem
from api.settings import Readers
from ledger.record import Actor

OVERSEERS: Final = frozenset({"inspector", "monitor"})
MACHINES: Final = frozenset({"edc_system"})
NOT_CLINICAL: Final = frozenset({"trial", "delegations", "sources", "accounts", "access-log", "evidence", "clock"})
"""Resources without a clinical record."""

ROLE_CHANGES: Final = frozenset({"delegate_role", "revoke_role"})
COPIES: Final = frozenset({"replay", "show_audit_trail", "show_tile", "show_committee_pack", "show_decision_pack"})
"""Reads that hand out the whole of something, in whatever form."""

COPIED_AS: Final = ("text/csv", "text/html", "application/zip", "application/pdf")
"""A read in one of these forms is a copy that lives on without us."""

OPERATION, ACCOUNT, RESOURCE, REFUSED = "ledger.operation", "ledger.account", "ledger.resource", "ledger.refused"
TEMPLATE, WHY, NOTED, ACTOR = "ledger.template", "ledger.why", "ledger.noted", "ledger.actor"
"""Where a request's scope holds the operation and the template of its path, where no route does, the account, the
resource whose right was used, and the problem with its rule; why it was refused where the answer does not tell; and
whether whoever refused it notes that himself; and who acts, with how that is known."""


def leave_refusal(scope: Any, problem: Problem, rule: str = "", *, by_rule: bool = False) -> None:
    """Leave in a request's scope why it was refused; `by_rule`: a command, by a rule of the ledger."""
    scope[REFUSED] = (problem.name, rule or None, by_rule)


def happening_of(scope: Mapping[str, Any], status: int, headers: Headers, readers: Readers) -> Happening | None:
    """What is kept of a request that is answered with this status; none, where nothing is."""
    if not scope["path"].startswith("/v1/"):
        return None
    account: Account | None = scope.get(ACCOUNT)
    if status >= 500 or (status in (401, 403) and NOTED in scope):
        return None
    if status >= 400:
        return _refused(scope, status, account)
    if account is None:
        return None
    operation = _operation(scope)
    if scope["method"] == "POST":
        return _request("role-changed", scope, status, account) if _new_role(operation, status) else None
    if operation in COPIES or headers.get("content-type", "").startswith(COPIED_AS):
        return _request("exported", scope, status, account)
    clinical = scope.get(RESOURCE) not in NOT_CLINICAL
    return _request("read", scope, status, account) if clinical and _is_kept(account, readers) else None


def _is_kept(account: Account, readers: Readers) -> bool:
    return account.role in OVERSEERS or (readers == "people" and account.role not in MACHINES)


def _new_role(operation: str, status: int) -> bool:
    return operation in ROLE_CHANGES and status == 201


def _refused(scope: Mapping[str, Any], status: int, account: Account | None) -> Happening:
    problem, rule, by_rule = scope.get(REFUSED, ("request-unreadable", None, False))
    kind: Literal["command-refused", "request-refused"] = "command-refused" if by_rule else "request-refused"
    return _request(kind, scope, status, account, problem=problem, rule=scope.get(WHY, rule))


def _request(kind: Any, scope: Mapping[str, Any], status: int, account: Account | None, **why: Any) -> Happening:
    at: dict[str, str] = dict(scope.get("path_params", {}))
    trial, patient = at.pop("trial", None), at.pop("patient", None)
    by: Actor | None = None if account is None else scope.get(ACTOR, account.actor)
    return Happening(
        kind,
        None if by is None else by.id,
        _operation(scope),
        role=None if by is None else by.role,
        site=None if by is None else by.site,
        authenticated=None if by is None else by.authenticated,
        trial=trial,
        patient=patient,
        resource=_resource(scope, at),
        status=status,
        request_id=scope.get("request_id"),
        **why,
    )


def _operation(scope: Mapping[str, Any]) -> str:
    """The operationId of the route; of a path that leads nowhere nothing is told."""
    route = scope.get("route")
    return scope.get(OPERATION, "no-such-route") if route is None else str(route.name)


def _resource(scope: Mapping[str, Any], at: Mapping[str, str]) -> str | None:
    """What of the trial, by the names and numbers in the path; of a request that was refused nothing, since these may
    be anything."""
    named = ", ".join(f"{name} {text}" for name, text in sorted(at.items()))
    return None if REFUSED in scope else named or None

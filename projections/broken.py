"""A broken rule as a reader sees it."""

from inspect import cleandoc

from ledger import refusals
from ledger.errors import LedgerError
from projections.base import View


class BrokenRule(View):
    """A rule that stands against something."""

    rule: str
    """The rule as the protocol or `docs/rules.md` numbers it."""
    refusal: str
    """The name of the refusal that a command would get."""
    title: str
    detail: str
    """What it is about: identifiers only."""

    @classmethod
    def of(cls, error: LedgerError) -> "BrokenRule":
        kind = type(error)
        return cls(rule=error.rule, refusal=kind.__name__, title=title_of(kind), detail=error.detail)


def title_of(kind: type[LedgerError]) -> str:
    """The sentence that says what a refusal means."""
    return cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def title_named(name: str) -> str:
    """The sentence of a refusal that is known by its name, as a deviation records it; its name, where it is gone."""
    kind = getattr(refusals, name, None)
    return title_of(kind) if isinstance(kind, type) and issubclass(kind, LedgerError) else name

"""What a write's body has to look like, made from its command once, and how such a body becomes the command.

A body has the command's fields but those in the path. A free text, which the command names by its commitment, is sent
as a text and sealed on the way in; so are free texts inside a list or a correction's report. Around the command stand
what surrounds it: when it happened, why, which machine reported it, and whether it was decided on paper. (A command
whose own field has one of these names keeps it.)
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, TypeAdapter, create_model

from ledger.decisions.corrections import REPORTS, CorrectRecord
from ledger.decisions.docket import Command, ProductCommand
from ledger.types import FreeText, Frozen, Instant, Line, Name, PatientNumber

LONGEST_TEXT: Final = 10_000


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"),
    AfterValidator(_nfc),
]
"""A free text, kept beside the log; the log holds its salted commitment."""


class SourceBody(Frozen):
    """The machine's own account of a report. The system is the one whose token was sent."""

    system: Name | None = None
    audit_id: Line | None = None
    originator: Name | None = None
    originator_role: Line | None = None
    entered_at: Instant | None = None


SURROUNDINGS: Final[Mapping[str, Any]] = {
    "occurred_at": (Instant | None, Field(None, description="When it happened; now, unless it is said.")),
    "reason": (Text | None, Field(None, description="Why; kept as a free text.")),
    "source": (SourceBody | None, Field(None, description="For systems: the entry of their own audit trail.")),
    "on_paper": (bool, Field(False, description="Decided outside the ledger before; broken rules become deviations.")),
}

Plan = dict[str, Any]
"""Which fields hold free texts: `None` for a text, a plan for the models of a field."""

Seal = Callable[[str], str]
"""Keeps a free text, and gives its commitment."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A body: its validator, and how the validated body becomes the content of a command."""

    fields: tuple[str, ...]
    plan: Plan
    adapter: TypeAdapter[Any] = field(repr=False)
    gives_reason: bool = True
    """Whether the body's `reason` is that of the asking, not a field of the command."""
    reports: Mapping[str, Plan] = field(default_factory=dict)

    def content(self, body: Any, seal: Seal) -> dict[str, Any]:
        """The command's fields, with every free text sealed."""
        given = vars(body)
        content = {name: given[name] for name in self.fields if name in given}
        _seal_into(content, self.plan, seal)
        if self.reports:
            report = dict(content["report"])
            _seal_into(report, self.reports[content["kind"]], seal)
            content["report"] = report
        return content


def _seal_into(content: dict[str, Any], plan: Plan, seal: Seal) -> None:
    for name, inside in plan.items():
        found = content[name]
        if found is None:
            continue
        if inside is None:
            content[name] = seal(found)
        else:
            content[name] = tuple(_sealed(each, inside, seal) for each in found)


def _sealed(model: BaseModel, plan: Plan, seal: Seal) -> dict[str, Any]:
    content = dict(model)
    _seal_into(content, plan, seal)
    return content


def shape_of(command: type[Command], without: Iterable[str] = ()) -> Shape:
    """The body of a command whose fields `without` are said elsewhere."""
    if command is CorrectRecord:
        return _correction()
    members = _members(command, without)
    around = {name: member for name, member in SURROUNDINGS.items() if name not in command.model_fields}
    model = _model(f"{command.__name__}Body", command.__doc__, {**members, **around})
    return Shape(tuple(members), _plan(command, without), TypeAdapter(model), "reason" in around)


def _correction() -> Shape:
    """One body for each kind of report that can be corrected; the kind tells which."""
    models = [_correction_of(kind, report) for kind, report in REPORTS.items()]
    union: Any = Annotated[Union[tuple(models)], Field(discriminator="kind")]  # noqa: UP007 - made of a list
    plans = {kind: _plan(report, (_subject(report),)) for kind, report in REPORTS.items()}
    return Shape(tuple(CorrectRecord.model_fields), {}, TypeAdapter(union), reports=plans)


def _subject(report: type[Command]) -> str:
    """What a report is about, and its correction names beside it."""
    return "lot" if issubclass(report, ProductCommand) else "patient"


def _correction_of(kind: str, report: type[Command]) -> type[BaseModel]:
    name = "".join(part.title() for part in kind.split("-"))
    subject = _subject(report)
    content = _model(f"{name}Report", report.__doc__, _members(report, (subject,)))
    members = {
        "position": (CorrectRecord.model_fields["position"].rebuild_annotation(), ...),
        subject: (PatientNumber if subject == "patient" else Name, ...),
        "kind": (Literal[kind], ...),
        "report": (content, ...),
        **SURROUNDINGS,
        "reason": (Text, Field(..., description="Why it is corrected; a machine may say that its source gave none.")),
    }
    return _model(f"{name}Correction", f"Correct a report: {(report.__doc__ or '').lower()}", members)


def _model(name: str, doc: str | None, members: Mapping[str, Any]) -> type[BaseModel]:
    made = create_model(name, __base__=Frozen, **dict(members))
    made.__doc__ = doc
    return cast(type[BaseModel], made)


def _members(model: type[BaseModel], without: Iterable[str]) -> dict[str, Any]:
    """The fields of a model with their defaults, free texts as texts."""
    hints = get_type_hints(model, include_extras=True)
    return {
        name: (_opened(hints[name]), ... if info.is_required() else info.default)
        for name, info in model.model_fields.items()
        if name not in without
    }


def _opened(annotation: Any) -> Any:
    """The type as it is sent: a text for each commitment to one."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if any(isinstance(mark, FreeText) for mark in arguments[1:]):
            return Text
        return Annotated[(_opened(arguments[0]), *arguments[1:])]
    if origin in (Union, UnionType):
        return Union[tuple(map(_opened, arguments))]  # noqa: UP007 - made of a list
    if origin is tuple:
        return tuple[tuple(map(_opened, arguments))]  # type: ignore[misc]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and _plan(annotation, ()):
        return _model(f"{annotation.__name__}Body", annotation.__doc__, _members(annotation, ()))
    return annotation


def _plan(model: type[BaseModel], without: Iterable[str]) -> Plan:
    hints = get_type_hints(model, include_extras=True)
    found = {name: _texts_in(hints[name]) for name in model.model_fields if name not in without}
    return {name: inside for name, inside in found.items() if inside != {}}


def _texts_in(annotation: Any) -> Plan | None:
    """`None` where the type is a free text, the plan of the models in it where these hold some, else nothing."""
    if any(isinstance(mark, FreeText) for mark in getattr(annotation, "__metadata__", ())):
        return None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _plan(annotation, ())
    inside = [_texts_in(each) for each in get_args(annotation)]
    return None if None in inside else next((plan for plan in inside if plan), {})

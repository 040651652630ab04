"""The committee's pack as one page to read and to print: HTML without scripts or anything from elsewhere.

Everything that comes from the log is escaped. The numbers are those of the pack, with fractions shown to one decimal.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from html import escape
from typing import Final

from projections.base import View
from projections.dossier import PatientListing
from projections.pack import Pack
from projections.signatures import Manifestation, printed

STYLE: Final = """
body { font: 11pt/1.4 Georgia, "Times New Roman", serif; color: #111; max-width: 62em; margin: 2em auto;
  padding: 0 1em }
h1 { font-size: 1.5em; margin: 0 0 .2em }
h2 { font-size: 1.15em; margin: 1.8em 0 .4em; border-bottom: 1px solid #999 }
p { margin: .3em 0 }
ul { margin: .2em 0 .6em 1.2em; padding: 0 }
.quiet { color: #555 }
.hash { font-family: monospace; font-size: .85em; word-break: break-all }
.banner { border: 2px solid #a00; color: #a00; padding: .3em .6em; font-weight: bold }
table { border-collapse: collapse; width: 100%; font-size: .88em; margin: .4em 0 1em }
caption { text-align: left; font-weight: bold; padding: .3em 0 }
th, td { border-bottom: 1px solid #ddd; padding: .2em .5em .2em 0; text-align: left; vertical-align: top }
th { border-bottom: 1px solid #666; font-weight: normal; color: #555 }
td.n, th.n { text-align: right; padding-right: 1.4em }
@page { size: A4 landscape; margin: 15mm }
@media print {
  body { max-width: none; margin: 0 }
  h2 { break-after: avoid }
  tr { break-inside: avoid }
  thead { display: table-header-group }
}
"""
LETTERS: Final = {
    "N": "no DLT",
    "T": "DLT",
    "C": "candidate DLT, not ruled on",
    "P": "under observation",
    "x": "not evaluable, replaced",
}
Row = Iterable[object]


def pack_document(pack: Pack, signed: Sequence[Manifestation] = ()) -> str:
    """The whole page. `signed` are the signatures on the decision itself, given on the pack and therefore after it."""
    name = f"Dose decision {pack.proposal.decision}" if pack.proposal else "Dose decision"
    body = "\n".join((*_body(pack, name), *_signed(signed)))
    head = f'<meta charset="utf-8"><title>{_text(name)}, {_text(pack.trial.trial_id)}</title><style>{STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n'


def _body(pack: Pack, name: str) -> Iterator[str]:
    yield f"<h1>{_text(name)}: the committee's pack</h1>"
    if pack.trial.training:
        yield '<p class="banner">Training ledger: no real patient.</p>'
    yield from _head(pack)
    yield from _advice(pack)
    yield from _levels(pack)
    yield from _patients(pack)
    yield from _events(pack)
    yield from _open_items(pack)
    yield _signatures("Given until the cut-off", pack.signatures, "<h2>Signatures</h2>")
    yield from _foot(pack)


def _head(pack: Pack) -> Iterator[str]:
    trial = pack.trial
    yield _line(
        f"{trial.trial_id}: {trial.title}. Sponsor: {trial.sponsor}. Protocol version {trial.protocol_version}."
    )
    yield _line(f"Data cut-off: {pack.events} events of the log, seen at {_at(pack.seen_at)}.")
    if (put := pack.proposal) is not None:
        level = "" if put.to_level is None else f", level {put.to_level}"
        yield _line(f"Proposed by {put.proposed_by} at {_at(put.proposed_at)}: {_words(put.outcome)}{level}.")
        if put.override is not None:
            yield _line("The outcome is another than the advice; why is recorded with the proposal.")
        if put.inputs_hash != pack.dossier.inputs_hash:
            yield '<p class="banner">The proposal names other inputs than these.</p>'
    yield f'<p>Hash of the inputs: <span class="hash">{_text(pack.dossier.inputs_hash)}</span></p>'


def _advice(pack: Pack) -> Iterator[str]:
    yield "<h2>What the design advises</h2>"
    yield f"<p><strong>{_text(pack.dossier.inputs['advice'])}</strong></p>"
    yield _list(pack.dossier.advice_because)


def _levels(pack: Pack) -> Iterator[str]:
    yield "<h2>Levels</h2>"
    heads = "Level | 10⁶ cells/kg | State | Patients | #n | #DLT | #pending | #slots | Takes patients | Why not"
    explained = {each.level: each for each in pack.explanations}
    rows = []
    for level in pack.levels:
        why = explained.get(level.level)
        broken = [rule.title for rule in why.rules if rule.kept is False] if why else []
        total = _decimal(Fraction(level.total_cells_per_kg) / 1_000_000)
        counts = (level.evaluable, level.dlt, level.pending, level.slots)
        takes = None if why is None else why.takes_patients
        rows.append(
            (
                level.level,
                total,
                _words(level.state),
                level.notation if level.patients else None,
                *counts,
                takes,
                " ".join(broken),
            )
        )
    yield _table("", heads, rows)
    yield _line("One letter a patient: " + "; ".join(f"{letter} {means}" for letter, means in LETTERS.items()) + ".")


def _patients(pack: Pack) -> Iterator[str]:
    yield "<h2>Patients</h2>"
    heads = "Patient | #Level |  | Evaluable | Why | DLT window | Window | #% of plan"
    yield _table("Patients with a dose level", heads, map(_patient, pack.dossier.patients))
    heads = "Patient | #Level | #Infusion | Product | Ended | #Planned 10⁶/kg | #Given 10⁶/kg | #% of plan | Omitted"
    rows = [
        (
            given.patient,
            given.level,
            given.ordinal,
            given.product,
            given.ended_at and _at(given.ended_at),
            given.planned_cells_per_kg and _decimal(Fraction(given.planned_cells_per_kg) / 1_000_000, 2),
            given.cells_per_kg and _decimal(Fraction(given.cells_per_kg) / 1_000_000, 2),
            given.percent_of_plan and _decimal(Fraction(given.percent_of_plan)),
            given.omitted,
        )
        for given in pack.infusions
    ]
    yield _table("Infusions", heads, rows)


def _patient(known: PatientListing) -> Row:
    window = known.window
    days = f"{window.from_on} to {window.planned_to_on}" if window else None
    closed = ("closed" if window.closed_on else "open") if window else None
    share = _decimal(Fraction(known.percent_of_plan))
    return (known.patient, known.level, LETTERS[known.letter], known.evaluable, known.reason, days, closed, share)


def _events(pack: Pack) -> Iterator[str]:
    yield "<h2>Safety</h2>"
    heads = "Patient | #Level | Subject | Term | Onset | In window | #Grade | Candidate | Ruling | Counted"
    rows: list[Row] = [
        (
            entry.patient,
            entry.level,
            entry.subject,
            entry.term,
            entry.onset_at and _at(entry.onset_at),
            entry.in_window,
            entry.grade,
            entry.candidate,
            ("DLT" if entry.ruling.is_dlt else "not a DLT") if entry.ruling else None,
            entry.counted,
        )
        for entry in pack.dossier.toxicities
    ]
    yield _table("DLT assessments", heads, rows)
    heads = "Patient | #Level | #No | Term | Onset | #ASTCT | #CTCAE | Serious | Related | Attribution | Outcome"
    rows = [
        (
            event.patient,
            event.level,
            event.adverse_event,
            event.term,
            _at(event.onset_at),
            event.grade,
            event.ctcae_grade,
            event.serious,
            event.related,
            ", ".join(f"{who}: {relation}" for who, relation in event.attributions.items()) or "nobody yet",
            event.outcome,
        )
        for event in pack.adverse_events
    ]
    yield _table("Adverse events", heads, rows)
    heads = "#Event | Patient | Rule | What | When | Importance"
    rows = [(d.position, d.patient, d.rule, d.title, _at(d.occurred_at), d.importance) for d in pack.deviations]
    yield _table("Deviations", heads, rows)


def _open_items(pack: Pack) -> Iterator[str]:
    items = pack.open_items
    yield "<h2>Open at the cut-off</h2>"
    yield _items("Candidate DLTs to be ruled on", items.candidates, "patient", "level", "subject", "signatures")
    yield _items("DLT windows", items.windows, "patient", "level", "planned_to_on", "state", "days_left")
    yield _items("Evaluability to be determined", items.evaluability, "patient", "level", "closed_on")
    yield _items("Holds in force", items.holds, "hold", "scope", "level", "cause", "cause_stands")
    yield _items("Queries", items.queries, "patient", "query", "state", "kind", "about", "age_days")
    yield _items("Source verification", items.source_verification, "patient", "critical", "verified", "again")
    yield _items(
        "Reports on unknown patients", items.quarantined, "quarantine", "patient_as_reported", "term", "serious"
    )
    yield _items("Notices not acknowledged", items.unacknowledged, "position", "title", "waits_for", "age_hours")
    yield _items("Entered late", items.late_entries, "position", "patient", "title", "occurred_at", "recorded_at")


def _foot(pack: Pack) -> Iterator[str]:
    yield "<h2>This document</h2>"
    yield _line("It shows what was on record at the cut-off and nothing later. Free texts are in the ledger, not here.")
    yield f'<p>Hash of the pack: <span class="hash">{_text(pack.pack_hash)}</span></p>'


def _signed(signed: Sequence[Manifestation]) -> Iterator[str]:
    """What was signed on the pack; it is not part of it."""
    if signed:
        yield _signatures("As the ledger shows them now", signed, "<h2>Signatures on this decision</h2>")


def _signatures(caption: str, signatures: Iterable[Manifestation], title: str) -> str:
    """Signatures with printed name, date and time, meaning (21 CFR 11.50), and whether they still stand."""
    heads = "#Event | Signed by | Name | Role | When | Meaning | #Signs | Status"
    rows = [
        (
            each.position,
            each.signer,
            each.name,
            _words(each.role),
            printed(each.signed_at),
            each.meaning,
            each.signs,
            each.status if each.because is None else f"stale: {each.because} by event {each.stale_since}",
        )
        for each in signatures
    ]
    return title + _table(caption, heads, rows)


def _items(caption: str, found: Iterable[View], *members: str) -> str:
    """A list of open items, by some of their members."""
    rows = [[getattr(each, member) for member in members] for each in found]
    return _table(caption, " | ".join(_words(member).capitalize() for member in members), rows)


def _table(caption: str, heads: str, rows: Iterable[Row]) -> str:
    """A table; a column whose head begins with # holds numbers. Without rows, one line says so."""
    names, told = heads.split(" | "), [list(row) for row in rows]
    if not told:
        return f'<p>{_text(caption)}: <span class="quiet">none.</span></p>'
    marks = [' class="n"' if head.startswith("#") else "" for head in names]
    head = "".join(f"<th{mark}>{_text(name.lstrip('#'))}</th>" for name, mark in zip(names, marks, strict=True))
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{mark}>{_text(_said(cell))}</td>" for cell, mark in zip(row, marks, strict=True))
        + "</tr>"
        for row in told
    )
    title = f"<caption>{_text(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_text(line)}</li>" for line in lines) + "</ul>"


def _line(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _text(value: object) -> str:
    return escape("" if value is None else str(value))


def _said(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _at(value)
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return value


def _at(instant: datetime) -> str:
    """To the minute, with the offset of the place."""
    return instant.isoformat(sep=" ", timespec="minutes")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _decimal(value: Fraction, places: int = 1) -> str:
    """A fraction that is not negative, rounded half up to some decimals."""
    scaled = (value * 10**places * 2 + 1) // 2
    whole, rest = divmod(scaled, 10**places)
    return f"{whole}.{rest:0{places}d}"

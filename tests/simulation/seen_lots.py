"""A lot of cells as a plain reader of the log sees it."""

from dataclasses import dataclass, field

from ledger.product import events as e
from ledger.record import Record


@dataclass
class LotSeen:
    """What was signed last, and what was found that bars it: by the positions that say so."""

    disposition: str | None = None
    patients: dict[int, str | None] = field(default_factory=dict)
    donors: dict[int, str] = field(default_factory=dict)
    excursions: set[int] = field(default_factory=set)
    positive: set[int] = field(default_factory=set)
    destroyed: set[int] = field(default_factory=set)

    def take(self, record: Record) -> None:
        if record.corrects is not None:
            self.patients.pop(record.corrects, None)
            self.donors.pop(record.corrects, None)
            for kept in (self.excursions, self.positive, self.destroyed):
                kept.discard(record.corrects)
        match record.event:
            case e.CollectionReceived(patient=patient, donor=donor):
                self.patients[record.position], self.donors[record.position] = patient, donor
            case e.ProductDispositionSet(disposition=disposition):
                self.disposition = disposition
                self.excursions.clear()
            case e.TemperatureExcursion():
                self.excursions.add(record.position)
            case e.LateSterilityReported(result="positive"):
                self.positive.add(record.position)
            case e.ProductDestroyed(bag=None, cells=None):
                self.destroyed.add(record.position)
            case _:
                pass

    def bars(self, patient: str, donor: str | None) -> str:
        """Why it may not be given to a patient; the empty text where nothing bars it."""
        barred = {
            f"its disposition is {self.disposition}": self.disposition not in ("released", "conditional"),
            "it was too warm": bool(self.excursions),
            "it is not sterile": bool(self.positive),
            "it is destroyed": bool(self.destroyed),
            "it is of another donor": donor is not None and set(self.donors.values()) != {donor},
            "it is another patient's": set(self.patients.values()) - {None} != {patient},
        }
        return "; ".join(why for why, holds in barred.items() if holds)

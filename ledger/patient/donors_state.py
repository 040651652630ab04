"""What the events around a donor amount to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from ledger.patient import donors as d
from ledger.patient.told import Told, keeping, latest
from ledger.record import Record
from ledger.types import Event


@dataclass(frozen=True, slots=True)
class BloodGroup:
    """What the samples of one person say: how many there are, and each group that one of them gave."""

    samples: int
    groups: frozenset[tuple[d.Abo, d.Rh]]

    @property
    def disagree(self) -> bool:
        return len(self.groups) > 1

    def confirmed(self, samples: int) -> bool:
        """Whether so many independent samples agree."""
        return self.samples >= samples and not self.disagree


@dataclass(frozen=True, slots=True)
class Donors:
    """A patient's donors."""

    candidates: tuple[Told[d.DonorCandidateRecorded], ...] = ()
    consents: tuple[Told[d.DonorConsentGiven], ...] = ()
    determinations: tuple[Told[d.DonorEligibilityDetermined], ...] = ()
    selections: tuple[Told[d.DonorSelected], ...] = ()
    blood_groups: tuple[Told[d.BloodGroupDetermined], ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """The candidates, in the order in which they were first recorded."""
        return tuple(dict.fromkeys(told.event.donor for told in self.candidates))

    def candidate(self, donor: str) -> d.DonorCandidateRecorded | None:
        """What was said last of a candidate."""
        found = latest(tuple(told for told in self.candidates if told.event.donor == donor))
        return found.event if found else None

    def consents_of(self, donor: str) -> tuple[d.DonorConsentGiven, ...]:
        return tuple(told.event for told in self.consents if told.event.donor == donor)

    def determination(self, donor: str) -> Told[d.DonorEligibilityDetermined] | None:
        """The determination in force."""
        return latest(tuple(told for told in self.determinations if told.event.donor == donor))

    @property
    def selected(self) -> Told[d.DonorSelected] | None:
        """The selection in force: the last one signed."""
        return self.selections[-1] if self.selections else None

    def blood_group(self, donor: str | None, until: date) -> BloodGroup:
        """The samples of a donor, or of the recipient, that were taken by a day."""
        taken = [told.event for told in self.blood_groups if told.event.donor == donor]
        by_then = [event for event in taken if event.sampled_on <= until]
        groups = frozenset((event.abo, event.rh) for event in by_then)
        return BloodGroup(len({event.sample for event in by_then}), groups)


NO_DONORS: Final = Donors()

STEPS: Mapping[type[Event], Callable[[Any, Any, Record], Any]] = MappingProxyType(
    {
        d.DonorCandidateRecorded: keeping("candidates"),
        d.DonorConsentGiven: keeping("consents"),
        d.DonorEligibilityDetermined: keeping("determinations"),
        d.DonorSelected: keeping("selections"),
        d.BloodGroupDetermined: keeping("blood_groups"),
    }
)

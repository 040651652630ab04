"""Who stands behind a patient's data: the monitor who compared them with the source, the investigator who signs them.

Source: ICH E6(R3) 3.11.4 (monitoring), 2.12.4 (the investigator's endorsement of reported data); 21 CFR 11.70 (a
signature is linked to its record).
"""

from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field

from ledger import refusals as no
from ledger.decisions.docket import AlreadySo, Decisions, Docket, Follows, PatientCommand, decided_here, report
from ledger.decisions.standing import canonical_hash
from ledger.patient import review as e
from ledger.patient.state import Patient
from ledger.types import Day, Line, Position, Several, Sha256, instant_text, utc
from ledger.world import Log


class VerifySource(PatientCommand):
    """Report that records of a patient were compared with the source documents, and agree."""

    positions: Annotated[Several[Position], Field(min_length=1, max_length=500)]
    verified_on: Day


class EndorseData(PatientCommand):
    """Sign a patient's data, exactly as the manifest with this hash lists them."""

    manifest_hash: Sha256
    meaning: Line


def verify_source(docket: Docket, command: VerifySource) -> Follows:
    """Of the patient's own records. One that is corrected afterwards has to be verified again."""
    patient, positions = docket.patient(command.patient), tuple(sorted(set(command.positions)))
    for position in positions:
        if position >= docket.world.size or docket.archive.record(position).stream != patient.stream:
            raise no.NoSuchRecord(f"position {position} of patient {patient.number}")
    return report(docket, patient.stream, e.SourceVerified(positions=positions, verified_on=command.verified_on))


def manifest(patient: Patient, archive: Log) -> dict[str, Any]:
    """What an endorsement signs: every record of the patient in force, as the log holds it, free texts as commitments.

    What was corrected is left out, its correction is listed; a report that contradicts the record says so.
    """
    records = (archive.record(position) for position in sorted(patient.review.said))
    return {
        "patient": patient.number,
        "records": [
            {
                "position": record.position,
                "type": record.event.NAME,
                "occurred_at": instant_text(utc(record.occurred_at)),
                "conflicts_with": record.conflicts_with,
                "said": record.event.model_dump(mode="json"),
            }
            for record in records
        ],
    }


def endorse_data(docket: Docket, command: EndorseData) -> Follows:
    """By an investigator, who signs for himself; refused where something was recorded since he looked."""
    docket.signer("principal_investigator", "investigator")
    patient, by = docket.patient(command.patient), docket.asked.by
    for position, signed in patient.review.endorsements.items():
        if (signed.event.manifest_hash, signed.event.member) == (command.manifest_hash, by.id):
            return AlreadySo(position)
    if canonical_hash(manifest(patient, docket.archive)) != command.manifest_hash:
        raise no.DataMoved(f"patient {patient.number}")
    event = e.InvestigatorEndorsed(
        member=by.id,
        role=by.role,  # type: ignore[arg-type]
        up_to_position=max(patient.review.said),
        records_count=len(patient.review.said),
        manifest_hash=command.manifest_hash,
        meaning=command.meaning,
    )
    return decided_here(docket, patient.stream, event, ())


DECISIONS: Final[Decisions] = MappingProxyType({VerifySource: verify_source, EndorseData: endorse_data})

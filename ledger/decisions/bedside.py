"""Two people compare patient, product and chain of identity at the bedside, and each signs for herself.

The authorisation names who is to check; the bag comes to the bedside later. So a check is signed by who made it, when
it was made, and no infusion waits for it here: what was given is a report, and the record shows whose signature is
missing.
"""

from types import MappingProxyType
from typing import Final

from ledger import refusals as no
from ledger.decisions.docket import Decisions, Docket, Follows, PatientCommand, decided_here
from ledger.decisions.permits import Broken, in_plan
from ledger.decisions.product_permits import against_identity
from ledger.patient.infusion_record import BedsideCheckSigned
from ledger.patient.state import Patient
from ledger.protocol.document import ProtocolDocument
from ledger.types import Name, Ordinal


class SignBedsideCheck(PatientCommand):
    """Sign that patient, product and chain of identity match, as read at the bedside before one infusion."""

    ordinal: Ordinal
    product: Name
    chain_of_identity: Name


def sign_bedside_check(docket: Docket, command: SignBedsideCheck) -> Follows:
    """Refused where what was read is not what is on record: then it does not match, and nobody signs that it does."""
    docket.signer("principal_investigator", "investigator", "coordinator", "bedside_checker")
    patient, protocol = docket.patient(command.patient), in_plan(docket, command.ordinal)
    event = BedsideCheckSigned(**command.model_dump(exclude={"patient"}), checker=docket.asked.by.id)
    return decided_here(docket, patient.stream, event, _against_match(docket, patient, protocol, command))


def _against_match(docket: Docket, patient: Patient, protocol: ProtocolDocument, command: SignBedsideCheck) -> Broken:
    product = docket.world.products.get(command.product)
    if product is None:
        yield no.ProductUnknown("the product")
    else:
        yield from against_identity(product, patient, protocol, command.chain_of_identity)


DECISIONS: Final[Decisions] = MappingProxyType({SignBedsideCheck: sign_bedside_check})

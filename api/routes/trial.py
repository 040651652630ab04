"""The trial itself: its protocol, sites, machines, people, and the end of enrolment."""

from functools import cache
from typing import Any, Final

from api.roles import needs
from api.table import Write
from ledger.decisions import setup
from ledger.decisions.standing import canonical_hash
from ledger.protocol.load import bundled, load_protocol

REGISTER: Final = Write(
    "",
    setup.RegisterTrial,
    needs("trial", "W"),
    {
        "trial_id": "NCT07256210",
        "title": "Donor-derived NK-cell infusions for relapse prophylaxis after HSCT",
        "sponsor": "Federal Research Institute of Pediatric Hematology, Oncology and Immunology",
        "origin": "ledger.example/NCT07256210",
        "training": True,
    },
    tag="trial",
)
"""`POST /v1/trials`: the one write that stands above a trial."""


@cache
def bundled_document() -> dict[str, Any]:
    """The protocol that comes with the ledger, as it is proposed."""
    document: dict[str, Any] = load_protocol(bundled("nct07256210")).model_dump(mode="json")
    return document


def _proposal() -> dict[str, Any]:
    return {"version": 1, "effective_on": "2026-01-12", "document": bundled_document()}


def _approval() -> dict[str, Any]:
    return {"document_sha256": canonical_hash(bundled_document())}


WRITES: Final[tuple[Write, ...]] = (
    Write("/protocol-versions", setup.ProposeProtocolVersion, needs("trial", "W", "S"), _proposal),
    Write(
        "/protocol-versions/{version}/ethics-approvals",
        setup.RecordEthicsApproval,
        needs("trial", "W", "approval"),
        {"body": "Local ethics committee of the NDGOI", "approved_on": "2026-01-12"},
        at={"version": "1"},
    ),
    Write(
        "/protocol-versions/{version}/approvals",
        setup.ApproveProtocolVersion,
        needs("trial", "S"),
        _approval,
        at={"version": "1"},
    ),
    Write(
        "/interpretations",
        setup.SignInterpretation,
        needs("trial", "S"),
        {
            "item": "A.3-1",
            "reading": "one-month-flagged-below-one-year",
            "basis": "Discussed with the sponsor on 12 January; the registry's lower limit holds.",
        },
    ),
    Write("/sites", setup.OpenSite, needs("trial", "W"), {"site": "NDGOI", "utc_offset": "+03:00"}),
    Write(
        "/sources",
        setup.RegisterSource,
        needs("sources", "W"),
        {"system": "edc-ndgoi", "site": "NDGOI", "zone": "Europe/Moscow"},
    ),
    Write(
        "/delegations",
        setup.DelegateRole,
        needs("delegations", "W"),
        {
            "person": "maria",
            "role": "principal_investigator",
            "site": "NDGOI",
            "from_on": "2026-01-12",
            "to_on": None,
            "training": {"reference": "GCP-2025-114", "completed_on": "2025-11-03"},
        },
    ),
    Write(
        "/delegations/ends",
        setup.RevokeRole,
        needs("delegations", "W"),
        {"person": "boris", "role": "bedside_checker", "site": "NDGOI", "ends_on": "2026-12-31"},
    ),
    Write(
        "/enrolment-closure",
        setup.CloseEnrolment,
        needs("trial", "W", "S"),
        {"cause": "The sponsor ends recruitment"},
    ),
)

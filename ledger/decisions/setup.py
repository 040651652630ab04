"""A trial begins: registration, protocol versions, interpretations, sites, sources and delegations."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

from pydantic import Field, ValidationError

from ledger import refusals as no
from ledger.decisions.docket import AlreadySo, Command, Decisions, Docket, Follows, decided_here, report
from ledger.decisions.standing import canonical_hash
from ledger.errors import Refused
from ledger.protocol.document import ProtocolDocument
from ledger.record import INSTALLATION, TRIAL, Entry
from ledger.trial import events as e
from ledger.trial.state import Delegation
from ledger.types import Commitment, Day, Line, Name, Role, Sha256

EVENT_SCHEMA: Final = "trial-ledger/1"
SPONSOR_GRANTS: Final[frozenset[Role]] = frozenset(
    {
        "principal_investigator",
        "medical_monitor",
        "safety_committee",
        "drug_safety",
        "cell_processing_qa",
        "data_manager",
        "monitor",
        "statistician",
        "ethics_committee",
    }
)
"""The medical monitor appoints for the sponsor (`api.md`: delegations)."""

SITE_GRANTS: Final[frozenset[Role]] = frozenset({"investigator", "coordinator", "bedside_checker"})
"""The principal investigator delegates at his own site (ICH E6(R3) 2.3.3)."""


class RegisterTrial(Command):
    """Begin the ledger of a trial."""

    trial_id: Name
    title: Line
    sponsor: Line
    origin: Line
    training: bool


class ProposeProtocolVersion(Command):
    """Put a whole protocol version on the table, with the day from which it is to hold."""

    version: int = Field(ge=1)
    effective_on: Day
    document: dict[str, Any]


class RecordEthicsApproval(Command):
    """Record that an ethics committee approved a version."""

    version: int
    body: Line
    approved_on: Day


class ApproveProtocolVersion(Command):
    """Sign a proposed version as the second person."""

    version: int
    document_sha256: Sha256


class SignInterpretation(Command):
    """Sign a reading of an ambiguous line; the second of two people puts it in force."""

    item: Line
    reading: Line
    basis: Commitment


class OpenSite(Command):
    """Let a site take part. Its calendar days are those of `utc_offset`."""

    site: Name
    utc_offset: e.UtcOffset


class RegisterSource(Command):
    """Let a machine report for a site."""

    system: Name
    site: Name
    zone: Line


class DelegateRole(Command):
    """Delegate a role to a person, at a site or (`null`) for the whole trial, on a training that is on file."""

    person: Name
    role: Role
    site: Name | None
    from_on: Day
    to_on: Day | None
    training: e.TrainingRecord


class RevokeRole(Command):
    """End a delegation."""

    person: Name
    role: Role
    site: Name | None
    ends_on: Day


class CloseEnrolment(Command):
    """Enrol no further patient."""

    cause: Line


def register_trial(docket: Docket, command: RegisterTrial) -> Follows:
    """The first event of a ledger. Whoever registers acts for the sponsor and holds the medical monitor's role."""
    if command.trial_id == INSTALLATION:
        raise no.NameOfTheInstallation(command.trial_id)
    event = e.TrialRegistered(**command.model_dump(), event_schema=EVENT_SCHEMA)
    follows = decided_here(docket, TRIAL, event, _if(docket.world.trial.registered, no.AlreadyRegistered("the trial")))
    if isinstance(follows, AlreadySo):
        return follows
    by = docket.asked.by
    mine = e.RoleDelegated(
        person=by.id, role="medical_monitor", site=None, from_on=docket.today, to_on=None, training=None
    )
    return (*follows, Entry(TRIAL, mine))


def _if(broken: object, refusal: Refused) -> Iterator[Refused]:
    if broken:
        yield refusal


def propose_protocol_version(docket: Docket, command: ProposeProtocolVersion) -> Follows:
    """A version as its author proposes it; the document is checked whole."""
    docket.signer("medical_monitor", "principal_investigator")
    try:
        document = ProtocolDocument.model_validate(command.document)
    except ValidationError as fault:
        where = sorted({".".join(str(part) for part in each["loc"]) for each in fault.errors()})
        raise no.UnreadableCommand(f"the protocol document is not valid at: {', '.join(where[:10])}") from None
    content = document.model_dump(mode="json")
    event = e.ProtocolVersionProposed(
        version=command.version,
        document=content,
        document_sha256=canonical_hash(content),
        effective_on=command.effective_on,
    )
    _keeps_what_is_in_use(docket, document)
    out_of_order = command.version != len(docket.world.trial.versions) + 1
    return decided_here(docket, TRIAL, event, _if(out_of_order, no.VersionOutOfOrder(f"version {command.version}")))


def _keeps_what_is_in_use(docket: Docket, document: ProtocolDocument) -> None:
    """No version leaves out a level or an infusion that was used: what happens there has to stay reportable."""
    world = docket.world
    levels = {cohort.level for cohort in world.cohorts.values() if cohort.opened or cohort.counted}
    ordinals = {ordinal for patient in world.participants.values() for ordinal in patient.infusions}
    for what, used, kept in (("level", levels, document.levels()), ("infusion", ordinals, document.ordinals())):
        if missing := sorted(used - set(kept)):
            raise no.NotInProtocol(f"{what} {missing[0]} is in use")


def record_ethics_approval(docket: Docket, command: RecordEthicsApproval) -> Follows:
    """An ethics committee's approval, as reported."""
    _version(docket, command.version)
    return report(docket, TRIAL, e.EthicsApprovalRecorded(**command.model_dump()))


def _version(docket: Docket, number: int) -> Any:
    version = docket.world.trial.versions.get(number)
    if version is None:
        raise no.VersionNotProposed(f"version {number}")
    return version


def approve_protocol_version(docket: Docket, command: ApproveProtocolVersion) -> Follows:
    """The second signature, by another person and after the ethics approval, on exactly the proposed document."""
    docket.signer("medical_monitor", "principal_investigator")
    version = _version(docket, command.version)

    def broken() -> Iterator[Refused]:
        yield from _if(version.proposed_by == docket.asked.by.id, no.NeedsSecondPerson(f"version {version.number}"))
        yield from _if(not version.ethics, no.EthicsApprovalMissing(f"version {version.number}"))
        moved = version.sha256 != command.document_sha256
        yield from _if(moved, no.DossierMoved(f"version {version.number} is another document"))

    event = e.ProtocolVersionApproved(version=command.version, document_sha256=command.document_sha256)
    return decided_here(docket, TRIAL, event, broken())


def sign_interpretation(docket: Docket, command: SignInterpretation) -> Follows:
    """The first signature proposes a reading; the same reading signed by another person records it. A reading less
    cautious than the protocol's is an amendment, with its ethics approval (A.3-28)."""
    docket.signer("medical_monitor", "principal_investigator")
    trial, interpretation = docket.world.trial, docket.protocol().interpretation(command.item)
    if interpretation is None:
        raise no.NotInProtocol(f"interpretation {command.item}")
    if interpretation.is_less_cautious(command.reading):
        raise no.EthicsApprovalMissing(f"{command.item}: a less cautious reading is an amendment")
    recorded = e.ProtocolInterpretationRecorded(**command.model_dump())
    position = docket.world.on_record(TRIAL, recorded, docket.now)
    if position is not None and trial.interpretations.get(command.item) == command.reading:
        return AlreadySo(position)
    proposed = trial.interpretations_proposed.get(command.item)
    if proposed is None or proposed[0] != command.reading:
        return report(docket, TRIAL, e.ProtocolInterpretationProposed(**command.model_dump()))
    if proposed[1] == docket.asked.by.id:
        raise no.NeedsSecondPerson(command.item)
    return (Entry(TRIAL, recorded),)


def open_site(docket: Docket, command: OpenSite) -> Follows:
    docket.signer("medical_monitor")
    return report(docket, TRIAL, e.SiteOpened(**command.model_dump()))


def register_source(docket: Docket, command: RegisterSource) -> Follows:
    """A machine may report for one site."""
    if command.site not in docket.world.trial.sites:
        raise no.SiteNotOpen(command.site)
    return report(docket, TRIAL, e.SourceRegistered(**command.model_dump()))


def delegate_role(docket: Docket, command: DelegateRole) -> Follows:
    """A delegation by the one who may give it, never to himself, to somebody trained for it by then (11.10(i))."""
    event = e.RoleDelegated.model_validate(command.model_dump())
    _may_grant(docket, command.person, command.role, command.site)
    asked = (command.from_on, command.to_on, command.training)
    stands = any((each.from_on, each.to_on, each.training) == asked for each in _given(docket, command))
    untrained = command.training.completed_on > command.from_on
    return decided_here(docket, TRIAL, event, _if(untrained, no.NotTrainedYet(command.person)), stands=stands)


def _given(docket: Docket, command: DelegateRole | RevokeRole) -> tuple[Delegation, ...]:
    """Every time for which the person was given the role at the place."""
    return docket.world.trial.delegations.get((command.person, command.role, command.site), ())


def _may_grant(docket: Docket, person: str, role: Role, site: str | None) -> None:
    by = docket.asked.by
    grants = SPONSOR_GRANTS if by.role == "medical_monitor" else SITE_GRANTS
    own = by.role == "medical_monitor" or (by.site is not None and by.site == site)
    if person == by.id or role not in grants or not own:
        raise no.MayNotDelegate(f"{by.id} to {person}: {role}")
    docket.signer("medical_monitor", "principal_investigator")


def revoke_role(docket: Docket, command: RevokeRole) -> Follows:
    """A delegation ends on a day, that day included; what ends by then anyway is no longer there to be ended."""
    _may_grant(docket, command.person, command.role, command.site)
    goes_on = any(each.reaches_beyond(command.ends_on) for each in _given(docket, command))
    nothing = _if(not goes_on, no.NothingToTake(f"{command.person}: {command.role}"))
    return decided_here(docket, TRIAL, e.RoleRevoked(**command.model_dump()), nothing, stands=not goes_on)


def close_enrolment(docket: Docket, command: CloseEnrolment) -> Follows:
    docket.signer("medical_monitor", "principal_investigator")
    closed = _if(docket.world.trial.enrolment_closed, no.EnrolmentIsClosed("enrolment is closed"))
    return decided_here(docket, TRIAL, e.EnrolmentClosed(cause=command.cause), closed)


DECISIONS: Final[Decisions] = MappingProxyType(
    {
        RegisterTrial: register_trial,
        ProposeProtocolVersion: propose_protocol_version,
        RecordEthicsApproval: record_ethics_approval,
        ApproveProtocolVersion: approve_protocol_version,
        SignInterpretation: sign_interpretation,
        OpenSite: open_site,
        RegisterSource: register_source,
        DelegateRole: delegate_role,
        RevokeRole: revoke_role,
        CloseEnrolment: close_enrolment,
    }
)

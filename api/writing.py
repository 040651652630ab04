"""One way to write for all rows of the route table: authenticate, authorise, key, precondition, decide, answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller, across_sites
from api.bodies import Shape, shape_of
from api.incoming import dry_run, expected_version, idempotency_key, read_body, tree_of
from api.noting import OPERATION
from api.problems import Refused, faults
from api.replies import reply
from api.service import TRAINING, Service, service_of
from api.signings import failed, signed
from api.table import Write, parameter
from ledger.application import TrialLedger
from ledger.decisions.corrections import CorrectRecord
from ledger.decisions.docket import Command, ProductCommand
from ledger.decisions.notices import AcknowledgeNotice
from ledger.decisions.privacy import ConfirmRedaction, RequestRedaction
from ledger.decisions.screening import ScreenPatient
from ledger.errors import SignatureMissing
from ledger.record import TRIAL, Asked, Source
from ledger.refusals import NoSuchRecord, VersionMovedOn
from ledger.store.texts import SealedText
from ledger.submission import Receipt, Submission, command_id
from projections.base import patient_of
from projections.ward import SheetGrade

_QUIET: Final[dict[str, bool]] = {"include_url": False, "include_context": False, "include_input": False}


@dataclass(frozen=True)
class Writing:
    """A row of the table, ready to serve."""

    write: Write
    shape: Shape

    @classmethod
    def of(cls, write: Write) -> "Writing":
        return cls(write, shape_of(write.command, write.parameters))

    @property
    def answer(self) -> Callable[[Request], Awaitable[Response]]:
        """How a request of this row is answered."""
        return self.register if self.write.registers else self.serve

    async def serve(self, request: Request) -> Response:
        """Carry a command out on the trial in the path."""
        request.scope[OPERATION] = self.write.operation
        service = service_of(request)
        caller = service.caller(request, self.write.may)
        key = idempotency_key(request.headers)
        at = {name: parameter(name, text) for name, text in request.path_params.items()}
        trial = at.pop("trial")
        ledger = await service.ledger(trial, caller)
        submission, stream = await self._submission(request, caller, at, key)
        await _in_sight(caller, ledger, submission.command)
        receipt = await self._carried_out(request, caller, ledger, trial, submission)
        _count(service, receipt)
        return reply(trial, stream, receipt, ledger, await self._grades(ledger, receipt))

    async def _carried_out(
        self, request: Request, caller: Caller, ledger: TrialLedger, trial: str, submission: Submission
    ) -> Receipt:
        """The ledger's answer. What was answered before under the key needs no second signing: so the ledger is asked
        also where the signing is not good, and only its refusal tells why."""
        service, not_valid = service_of(request), None
        if self.write.signs and not submission.dry_run:
            try:
                submission = signed(request, caller, service.signings, submission)
            except Refused as refused:
                not_valid = refused
        try:
            return await ledger.submit_async(submission)
        except SignatureMissing as missing:
            rule = not_valid.detail if not_valid is not None else missing.rule
            service.note(failed(caller, self.write.operation, rule, trial))
            raise (not_valid or missing) from None

    async def _grades(self, ledger: TrialLedger, receipt: Receipt) -> tuple[SheetGrade, ...] | None:
        """What the row has computed for its answer; of what was on record before, the read models tell."""
        if self.write.grades is None or receipt.already:
            return None
        return await asyncio.to_thread(self.write.grades, ledger, receipt)

    async def register(self, request: Request) -> Response:
        """Begin a trial. This makes a file and so runs beside the event loop."""
        request.scope[OPERATION] = self.write.operation
        service = service_of(request)
        caller = service.caller(request, self.write.may)
        submission, _ = await self._submission(request, caller, {}, idempotency_key(request.headers))
        trial: str = getattr(submission.command, "trial_id")  # noqa: B009 - of the one command that is registered
        if not caller.account.may_see(trial):
            raise Refused("forbidden", "the account is for other trials")
        receipt = await asyncio.to_thread(service.shelf.register, submission)
        _count(service, receipt)
        answer = reply(trial, TRIAL, receipt, None if submission.dry_run else await service.ledger(trial, caller))
        if service.is_training(trial):
            answer.headers[TRAINING] = "true"
        return answer

    async def _submission(
        self, request: Request, caller: Caller, at: dict[str, Any], key: str
    ) -> tuple[Submission, str]:
        """What is asked of the ledger, and the stream of the aggregate that it concerns."""
        trying = dry_run(request)
        body = await read_body(request, service_of(request).settings.max_body_bytes)
        given = self._given(request, body)
        texts: list[SealedText] = []

        def seal(text: str) -> str:
            texts.append(TrialLedger.seal(text))
            return texts[-1].commitment

        content = {**at, **self.shape.content(given, seal)}
        command, stream = self._command(content), self.write.stream(content)
        reason = given.reason if self.shape.gives_reason else None
        asked = Asked(
            by=caller.actor,
            command_id=command_id(caller.account.client, key),
            occurred_at=given.occurred_at,
            reason=None if reason is None else seal(reason),
            source=_source(caller, given.source),
            on_paper=given.on_paper,
        )
        expected = self._expected(request, stream)
        return Submission(command, asked, request_hash(request, body), expected, trying, tuple(texts)), stream

    def _given(self, request: Request, body: bytes) -> Any:
        try:
            return self.shape.adapter.validate_python(tree_of(request.headers, body))
        except ValidationError as found:
            raise Refused("request-invalid", faults=faults(found.errors(**_QUIET))) from None

    def _command(self, content: dict[str, Any]) -> Command:
        try:
            return self.write.command.model_validate(content)
        except ValidationError as found:
            raise Refused("request-invalid", faults=faults(found.errors(**_QUIET))) from None

    def _expected(self, request: Request, stream: str) -> tuple[str, int] | None:
        expected = expected_version(request.headers)
        if expected is None and self.write.rests_on is not None:
            raise Refused("if-match-missing", f"If-Match has to name a version of {stream}")
        if expected is not None and expected[0] != stream:
            raise VersionMovedOn(f"If-Match has to name a version of {stream}")
        return expected


def request_hash(request: Request, body: bytes) -> str:
    """SHA-256, in hex, of the method, the path with its query, and the body, a line feed between them."""
    target: bytes = request.scope["path"].encode() + b"?" + request.scope["query_string"]
    return sha256(b"\n".join((request.method.encode(), target, body))).hexdigest()


def _source(caller: Caller, given: Any) -> Source | None:
    """The machine whose token was sent; only a machine has an audit trail of its own."""
    machine = caller.account.role == "edc_system"
    if given is not None and (not machine or given.system not in (None, caller.account.id)):
        raise Refused("request-invalid", faults=[{"at": "source", "fault": "is for the system whose token is sent"}])
    if not machine:
        return None
    told = {} if given is None else {name: value for name, value in given if name != "system"}
    return Source(caller.account.id, **told)


async def _in_sight(caller: Caller, ledger: TrialLedger, command: Command) -> None:
    """`not-found` for what does not exist for the caller: another site, its patients, and their records."""
    if isinstance(command, ScreenPatient):
        if not caller.sees_site(command.site):
            raise across_sites(Refused("not-found", "no such site"))
        return
    caller.seen(ledger.world, getattr(command, "patient", None))
    if isinstance(command, RequestRedaction | ConfirmRedaction):
        await asyncio.to_thread(_text_in_sight, caller, ledger, command)
    if isinstance(command, AcknowledgeNotice) and command.about in ledger.world.notices:
        caller.seen(ledger.world, patient_of(ledger.world.notices[command.about]))
    if isinstance(command, ProductCommand | CorrectRecord):
        caller.seen_lot(ledger.world, command.lot)
    if isinstance(command, CorrectRecord) and caller.own_entries:
        await asyncio.to_thread(_own_entry, caller, ledger, command)


def _text_in_sight(caller: Caller, ledger: TrialLedger, command: RequestRedaction | ConfirmRedaction) -> None:
    """`NoSuchRecord` where the event of a text does not exist for the caller."""
    asked = ledger.world.trial.privacy.redactions
    known = asked.get(command.redaction) if isinstance(command, ConfirmRedaction) else None
    about = command.about if isinstance(command, RequestRedaction) else None if known is None else known.about
    if about is not None and not caller.may_read(ledger.world, ledger.store.record(about)):
        raise NoSuchRecord(f"position {about}")


def _own_entry(caller: Caller, ledger: TrialLedger, command: CorrectRecord) -> None:
    if ledger.store.record(command.position).actor.id != caller.account.id:
        raise Refused("forbidden", "the role corrects its own entries only")


def _count(service: Service, receipt: Receipt) -> None:
    outcome = "already" if receipt.already else "tried" if receipt.dry_run else "appended"
    service.counts["commands", outcome] += 1

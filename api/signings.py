"""Signings: that a person has just shown who she is, for one signature.

`POST /v1/signings` gives a signing for fresh authentication; a write that is signed carries it in `Ledger-Signing`. It
is good for two minutes, for the account that it was given to, and for one request: from its first use on it belongs to
that request, so that the same may be sent again when the answer was lost.

Where the installation permits runs (`LEDGER_SIGNING_RUN_MINUTES`), the first signing of a session needs everything that
the account has, and those that follow within that time need the password alone (21 CFR 11.200(a)(1)(i)). A session that
ends, ends the run. Of an identity provider's token, the authentication that it tells of is good for one signature, or
for those of a run.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request

from api.access import Caller
from api.auth import Account, new_token, token_hash
from api.happenings import Happening
from api.identity.proof import Proof
from api.identity.provider import AUTHENTICATED
from api.problems import Refused
from ledger.application import TrialLedger
from ledger.decisions.signing import Signing
from ledger.submission import Submission

HEADER: Final = "Ledger-Signing"
PREFIX: Final = "sg_"
GOOD_FOR: Final = timedelta(minutes=2)
MOST_OF_ONE: Final = 20
"""Signings of one account that wait for their request; a further one takes the place of the oldest."""


@dataclass(slots=True)
class Given:
    """A signing as it was given, and the request that used it: its command and the hash of what it said."""

    account: Account
    proof: Proof
    run: bool
    until: datetime
    used_by: tuple[str, str] | None = None


class Signings:
    """The signings of this process, by the SHA-256 of their tokens; a restart ends them all."""

    def __init__(self, clock: Callable[[], datetime], run: timedelta) -> None:
        self._clock = clock
        self._run = run
        self._given: dict[str, Given] = {}
        self._runs: dict[str, datetime] = {}
        self._seen: dict[str, datetime] = {}
        """When an identity provider saw a person, of the last signing that rested on it."""

    def continues(self, session: str | None) -> bool:
        """Whether a run goes on in a session, so that its next signature needs the password alone."""
        begun = self._runs.get(token_hash(session)) if session is not None else None
        return begun is not None and self._clock() < begun + self._run

    def give(
        self, account: Account, proof: Proof, session: str | None, *, run: bool = False
    ) -> tuple[str, Given] | None:
        """A signing for who proved himself, and its token; a whole proof in a session begins a run there.

        That an identity provider saw somebody is good for one signature, and for a run where runs are permitted; none
        where it is used up.
        """
        now = self._clock()
        self._sweep(now)
        if proof.method[0] == AUTHENTICATED:
            run = self._seen.get(account.id) == proof.at
            if run and now >= proof.at + self._run:
                return None
            self._seen[account.id] = proof.at
        if session is not None and not run and self._run:
            self._runs[token_hash(session)] = now
        of_one = [key for key, each in self._given.items() if each.account.id == account.id]
        for key in of_one[: max(0, len(of_one) - MOST_OF_ONE + 1)]:
            del self._given[key]
        token, given = new_token(PREFIX), Given(account, proof, run, now + GOOD_FOR)
        self._given[token_hash(token)] = given
        return token, given

    def use(self, token: str, account: Account, request: tuple[str, str]) -> Given:
        """The signing, which belongs to this request from now on; `signing-not-valid` says why it is none."""
        given = self._given.get(token_hash(token))
        if given is None or self._clock() >= given.until:
            raise Refused("signing-not-valid", "it is over, or was never given")
        if given.account.client != account.client:
            raise Refused("signing-not-valid", "it is another account's")
        if given.used_by not in (None, request):
            raise Refused("signing-not-valid", "it was used for another request")
        given.used_by = request
        return given

    def _sweep(self, now: datetime) -> None:
        self._given = {key: each for key, each in self._given.items() if now < each.until}
        self._runs = {key: begun for key, begun in self._runs.items() if now < begun + self._run}


def signed(request: Request, caller: Caller, signings: Signings, submission: Submission) -> Submission:
    """What is asked, with the signature of who asks; as it was, where the request carries no signing."""
    token = request.headers.get(HEADER)
    if token is None:
        return submission
    given = signings.use(token, caller.account, (submission.asked.command_id, submission.request_hash))
    name = TrialLedger.seal(given.account.printed_name or given.account.id)
    signing = Signing(name.commitment, given.proof.method, given.run)
    return replace(submission, signing=signing, texts=(*submission.texts, name))


def failed(caller: Caller, about: str, rule: str, trial: str) -> Happening:
    """That a signature was not given, or not taken."""
    account = caller.account
    return Happening("signing-failed", account.id, about, rule, account.role, account.site, trial)

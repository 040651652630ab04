"""A trial in a file, told by the same steps as the trials in memory of the other tests, and its evidence."""

from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.application import TrialLedger
from ledger.decisions.docket import Command
from ledger.decisions.meanings import MEANINGS
from ledger.decisions.signing import Signing
from ledger.evidence.cosigning import Answer, Heads, LogSigner, Witness
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import COSIGNATURE, ED25519, Policy
from ledger.notary import Company, Notary, Stamp
from ledger.record import Actor, Asked
from ledger.store.texts import SealedText
from ledger.submission import Submission
from ledger.types import Event
from tests.bench import PI, Bench

ORIGIN = "test.example/trial"
LOG = SigningKey(ORIGIN, ED25519, bytes(range(32)))
WITNESSES = {
    "site": SigningKey("site.example", COSIGNATURE, bytes(range(1, 33))),
    "ethics": SigningKey("ethics.example", COSIGNATURE, bytes(range(2, 34))),
    "cro": SigningKey("cro.example", COSIGNATURE, bytes(range(3, 35))),
}
POLICY_TEXT = "\n".join(
    [
        f"log {LOG.verifier.spelled()}",
        *(f"witness {name} {key.verifier.spelled()}" for name, key in WITNESSES.items()),
        "group outside 2 site ethics cro",
        "quorum outside",
        "",
    ]
).encode()
POLICY = Policy.parse(POLICY_TEXT)
LOGS = Policy.parse(f"log {LOG.verifier.spelled()}\nquorum none\n".encode())


class FiledBench(Bench):
    """A bench whose log is a file. Its clock moves only when a test moves it. Where it `signs`, whoever asks for what
    has to be signed signs it."""

    def __init__(self, path: Path, *, signs: bool = False) -> None:
        super().__init__()
        self.ledger = TrialLedger.create(path, lambda: self.now)
        self.ledger.signed_only = signs
        self.sealed: dict[str, SealedText] = {}

    def reopened(self, path: Path) -> "FiledBench":
        """The same people with another file."""
        other = copy(self)
        other.ledger = TrialLedger.open(path, lambda: other.now)
        other.world = other.ledger.world
        return other

    def seal(self, text: str) -> str:
        sealed = TrialLedger.seal(text)
        self.sealed[sealed.commitment] = sealed
        self.texts[sealed.commitment] = text
        return sealed.commitment

    def signing(self, by: Actor) -> Signing:
        """Fresh authentication by password and second factor, under the printed name."""
        return Signing(self.seal(f"Dr {by.id.capitalize()}"), ("password", "totp"))

    def ask(self, command: Command, by: Actor = PI, **asked: Any) -> tuple[Event, ...]:
        self.asked += 1
        signing = self.signing(by) if self.ledger.signed_only and type(command) in MEANINGS else None
        about = Asked(by, f"{self.asked:032x}", **asked)
        receipt = self.ledger.submit(Submission(command, about, texts=tuple(self.sealed.values()), signing=signing))
        self.world = self.ledger.world
        self.records = [] if receipt.already else [*self.records, *receipt.records]
        return () if receipt.already else tuple(record.event for record in receipt.records)


class Evidence:
    """Everybody who signs, cosigns and dates, in this process; `at` is the witnesses' clock."""

    def __init__(self, directory: Path, ledger: TrialLedger, at: Callable[[], datetime] | None = None) -> None:
        self.at = at or (lambda: datetime.now(UTC))
        self.signer = LogSigner(Heads(directory / "signer"), [LOG])
        self.witnesses = {name: Witness(Heads(directory / name), key, LOGS) for name, key in WITNESSES.items()}
        self.down: set[str] = set()
        self.authorities: dict[str, Stamp] = {}
        company = Company(POLICY, {name: self._asking(name) for name in WITNESSES}, self.authorities)
        self.notary = Notary(ledger, self.signer, ORIGIN, lambda: company, clock=self.at)

    def _asking(self, name: str) -> Callable[[bytes], Answer]:
        def ask(raw: bytes) -> Answer:
            if name in self.down:
                return Answer(0)
            return self.witnesses[name].add_checkpoint(raw, int(self.at().timestamp()))

        return ask

"""A trial in memory whose people sign: what has to be signed is signed by whoever asks for it."""

from dataclasses import replace
from typing import Any

from ledger.decisions.carry_out import carry_out
from ledger.decisions.docket import Command
from ledger.decisions.meanings import MEANINGS
from ledger.decisions.signing import Signing, signed
from ledger.evidence.merkle import leaf_hash
from ledger.record import Actor, Record
from ledger.signatures import Signature
from ledger.store.codec import encode
from ledger.types import Event
from tests.bench import PI, Bench

BOTH = ("password", "totp")


class SigningBench(Bench):
    """A bench where every command that has to be signed carries a signature."""

    def ask(self, command: Command, by: Actor = PI, **asked: Any) -> tuple[Event, ...]:
        docket = self.docket(by, **asked)
        done = carry_out(docket, command)
        if type(command) in MEANINGS:
            hashes = [leaf_hash(encode(record)).hex() for record in done.records]
            done = signed(docket, command, done, hashes, Signing(self.seal(f"Dr {by.id.capitalize()}"), BOTH))
        self.world = done.world
        self.records.extend(done.records)
        return tuple(record.event for record in done.records)

    @property
    def last_signature(self) -> Signature:
        return self.world.signatures.made[max(self.world.signatures.made)]

    def signature_on(self, position: int) -> Signature:
        found = self.world.signatures.of(position)
        assert found is not None, position
        return found

    def newest(self, kind: type[Event]) -> Record:
        """The last record of a kind."""
        return next(record for record in reversed(self.records) if isinstance(record.event, kind))


def signing(bench: Bench) -> SigningBench:
    """The same trial, whose people sign from here on."""
    other = bench.copy()
    return SigningBench(**{name: getattr(replace(other), name) for name in other.__dataclass_fields__})

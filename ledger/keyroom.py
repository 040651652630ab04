"""The keys of an installation's logs, apart from their files: a key a trial, and what was signed last under each.

    <trial>.key     the log's key, which only the owner reads (mode 0600)
    signed-heads    the highest head that was signed of each log

Keep this directory on another disk, with another owner and without the ledgers' backups: whoever restores an old ledger
must not restore what was signed with it.
"""

import base64
import secrets
from pathlib import Path
from typing import Final

from ledger.application import BY_ITSELF, TrialLedger
from ledger.asking import company_of
from ledger.decisions.evidence import EnrolLogKey, note_of_key
from ledger.evidence.cosigning import Heads, LogSigner
from ledger.evidence.keys import SigningKey
from ledger.evidence.verify import ED25519
from ledger.notary import Notary
from ledger.record import Asked
from ledger.submission import Submission

KEY_SUFFIX: Final = ".key"
RETIRED_SUFFIX: Final = ".retired-key"
HEADS: Final = "signed-heads"


class KeyRoom:
    """A directory of keys."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._heads = Heads(directory / HEADS)

    def key(self, trial: str) -> SigningKey | None:
        """The key of a trial's log; none where there is none here."""
        path = self._path(trial)
        return SigningKey.read(path) if path.exists() else None

    def notary(self, trial: str, ledger: TrialLedger) -> Notary | None:
        """Who has the heads of a log signed. A log that has no key yet gets one, which it then names; one whose key is
        somewhere else has no notary here."""
        origin, enrolled = ledger.world.origin, ledger.world.trial.evidence.log_key
        if origin is None:
            return None
        key = self.key(trial)
        if key is None and enrolled is None:
            key = SigningKey.generate(origin, ED25519)
            key.write(self._path(trial))
        if key is None:
            return None
        if enrolled is None:
            _enrol(ledger, EnrolLogKey(verifier_key=key.verifier.spelled()))
        signer = LogSigner(self._heads, [key])
        return Notary(ledger, signer, origin, lambda: company_of(ledger.world.trial.evidence))

    def rotate(self, trial: str, ledger: TrialLedger) -> SigningKey:
        """A new key for a log, signed in by the one in use, which is kept beside it and signs no head any more."""
        old, path = self.key(trial), self._path(trial)
        assert old is not None, "there is a key to replace"
        new = SigningKey.generate(old.name, ED25519)
        text = new.verifier.spelled()
        signature = base64.b64encode(old.sign(note_of_key(text).decode()).signature).decode()
        new.write(path.with_suffix(".new-key"))
        _enrol(ledger, EnrolLogKey(verifier_key=text, signed_by_old_key=signature))
        path.rename(path.with_name(f"{trial}-{old.verifier.id.hex()}{RETIRED_SUFFIX}"))
        path.with_suffix(".new-key").rename(path)
        return new

    def _path(self, trial: str) -> Path:
        return self._directory / f"{trial}{KEY_SUFFIX}"


def _enrol(ledger: TrialLedger, command: EnrolLogKey) -> None:
    ledger.submit(Submission(command, Asked(BY_ITSELF, secrets.token_hex(16))))

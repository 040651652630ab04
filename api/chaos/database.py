"""A trial in a database, the servers that serve it, and what its callers know, judged."""

from contextlib import closing
from pathlib import Path

from api.auth import add_account
from api.chaos.calling import Callers
from api.chaos.judging import Judgement, judge_opened
from api.chaos.serving import Server
from api.chaos.trial import CLIENT, SITE, TRIAL, begin
from ledger.application import TrialLedger
from ledger.keyring import Keyring
from ledger.store.postgres.database import Database


class Place:
    """The directories of some servers, with the accounts and keys that they share, and the database of their trial,
    whose schema stands."""

    def __init__(self, directory: Path, url: str, seconds: int = 5) -> None:
        self.directory, self.url, self.seconds = directory, url, seconds
        self.token = add_account(self.accounts, id="ivan", role="investigator", site=SITE, client=CLIENT)
        with closing(Database(url)) as database, closing(self.ledger(database)) as ledger:
            begin(ledger)

    @property
    def accounts(self) -> Path:
        return self.directory / "accounts.jsonl"

    def ledger(self, database: Database) -> TrialLedger:
        return TrialLedger(database.open(TRIAL), keyring=Keyring(self.directory / "keys"))

    def server(self, name: str) -> Server:
        own = self.directory / name
        own.mkdir()
        environment = {
            "LEDGER_DATABASE_URL": self.url,
            "LEDGER_DATABASE_SECONDS": str(self.seconds),
            "LEDGER_ACCOUNTS_PATH": str(self.accounts),
            "LEDGER_KEYS_DIRECTORY": str(self.directory / "keys"),
            "LEDGER_EVIDENCE": "false",
        }
        return Server(own, environment)

    def judged(self, *callers: Callers) -> Judgement:
        acknowledged = {key: at for each in callers for key, at in each.acknowledged.items()}
        with closing(Database(self.url)) as database:
            return judge_opened(self.ledger(database), acknowledged, {key for each in callers for key in each.sent})

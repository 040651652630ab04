"""Two servers on one database under load; one is killed with SIGKILL, again and again, and the other goes on."""

import random
import threading
from contextlib import closing
from pathlib import Path

import pytest

from api.auth import add_account
from api.chaos.calling import Callers
from api.chaos.judging import Judgement, judge_opened
from api.chaos.serving import Server
from api.chaos.trial import CLIENT, SITE, TRIAL, begin
from ledger.application import TrialLedger
from ledger.keyring import Keyring
from ledger.store.postgres.database import Database, make_trial
from tests.postgres import SERVICE, Cluster

ROUNDS = 2
CALLERS = 4


class Place:
    """The directories of two servers, with the accounts and keys that they share, and the database of their trial."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory, self.url = directory, url
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
            "LEDGER_ACCOUNTS_PATH": str(self.accounts),
            "LEDGER_KEYS_DIRECTORY": str(self.directory / "keys"),
            "LEDGER_EVIDENCE": "false",
        }
        return Server(own, environment)

    def judged(self, *callers: Callers) -> Judgement:
        acknowledged = {key: at for each in callers for key, at in each.acknowledged.items()}
        with closing(Database(self.url)) as database:
            return judge_opened(self.ledger(database), acknowledged, {key for each in callers for key in each.sent})


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_or_doubled_when_one_of_two_servers_is_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    chance = random.Random(7)
    with cluster.database("killing") as (owner_url, service_url):
        make_trial(owner_url, TRIAL, SERVICE)
        place = Place(tmp_path, service_url)
        dying, staying = place.server("dying"), place.server("staying")
        on_dying, on_staying = Callers(dying.port, place.token), Callers(staying.port, place.token)
        staying.start()
        for number in range(ROUNDS):
            dying.start()
            on_staying.start(CALLERS, f"staying-{number}")
            on_dying.start(CALLERS, f"dying-{number}")
            threading.Event().wait(chance.uniform(0.2, 0.9))
            dying.kill()
            on_dying.stop()
            on_staying.stop()
        on_staying.settle(on_dying.unanswered | on_staying.unanswered)
        staying.stop()
        found = place.judged(on_dying, on_staying)
    assert found.kept, found.wrong
    assert found.acknowledged == len(found.stored) > 0
    assert not on_dying.problems + on_staying.problems
    assert not on_dying.contradictions + on_staying.contradictions

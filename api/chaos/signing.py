"""F19. The server is killed while heads of its log are signed: before a round, in it, and after it.

Callers ask for receipts as they write, so that heads are signed all the time. Whatever is lost on the way, all that was
ever signed has to be of one history: of one size one root, each that of the beginning of the log. The control has a
signer without a memory, which signs two.
"""

from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Final

from api.chaos.calling import Callers
from api.chaos.judging import judge
from api.chaos.outcome import Outcome, Task, summed
from api.chaos.serving import Server
from api.chaos.trial import TRIAL, a_trial, file_in
from ledger.evidence.cosigning import Heads, LogSigner, submission_of
from ledger.evidence.keys import SigningKey
from ledger.evidence.merkle import leaf_hash
from ledger.evidence.verify import VERIFIED, Checkpoint, Policy, Receipt, checkpoint_text, prefix_roots, verify_receipt
from ledger.keyroom import HEADS, KEY_SUFFIX
from ledger.store.sqlite import SqliteStore
from ledger.trial.evidence import LogKeyEnrolled

CALLERS: Final = 4
ASKING: Final = 4
PATIENCE_SECONDS: Final = 60


@dataclass
class Receipts:
    """Callers that ask for the receipts of what the others were answered, and keep them."""

    callers: Callers
    held: dict[int, bytes] = field(default_factory=dict)
    _got_one: Condition = field(default_factory=Condition)
    _stopping: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def start(self, askers: int) -> None:
        self._stopping.clear()
        self._threads = [Thread(target=self._ask) for _ in range(askers)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, number: int) -> bool:
        """Whether so many are held in time."""
        with self._got_one:
            return self._got_one.wait_for(lambda: len(self.held) >= number, PATIENCE_SECONDS)

    def _ask(self) -> None:
        while not self._stopping.wait(0.005):
            position = max(self.callers.acknowledged.copy().values(), default=None)
            if position is None or position in self.held:
                continue
            with closing(self.callers.connection()) as connection:
                try:
                    self._take(connection, position)
                except (OSError, HTTPException):
                    continue

    def _take(self, connection: HTTPConnection, position: int) -> None:
        path = f"/v1/trials/{TRIAL}/evidence/receipts/{position}?wait=5"
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.callers.token}"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status == 200:
            with self._got_one:
                self.held[position] = content
                self._got_one.notify_all()


def kill_while_signing(task: Task) -> Outcome:
    """SIGKILL at random moments, every second time one soon after a receipt was answered."""
    directory = task.place("signing")
    server = Server(directory)
    callers = Callers(server.port, a_trial(directory))
    receipts, judgements, wrong, between = Receipts(callers), [], list[str](), 0
    for number in range(task.times):
        server.start()
        callers.start(CALLERS, f"round-{number}")
        receipts.start(ASKING)
        if number % 2 == 0 and not receipts.wait_for(len(receipts.held) + 1):
            wrong.append("no receipt came")
        Event().wait(task.chance.uniform(0.0, 0.5))
        server.kill()
        callers.stop()
        receipts.stop()
        judgements.append(judge(directory, callers.acknowledged, callers.sent))
        two, lost = of_one_history(directory, receipts.held)
        wrong += two
        between += lost
    found = summed(judgements)
    told = f"{len(receipts.held)} receipts; {between} times killed between signing and keeping"
    forgets = _signs_two_roots_without_a_memory(directory)
    said = "a signer without a memory signs two roots of one size" if forgets else "the signer's memory does nothing"
    every = (*found.wrong, *dict.fromkeys(wrong))
    return Outcome(task.times, judgements[-1].acknowledged, found.lost, every, f"{told}; {said}", forgets)


def of_one_history(directory: Path, receipts: dict[int, bytes]) -> tuple[list[str], bool]:
    """What is wrong with all heads that anybody has - those in the file, those of receipts, the one that the signer
    remembers - and whether it remembers one that was not kept."""
    with SqliteStore.open(file_in(directory), read_only=True) as store:
        policy, leaves = _policy(store), [bytes(row["state"]) for row in store.rows(0, store.size)]
        kept = [Checkpoint.parse(each.note) for each in store.signed_heads()]
    held = [Receipt.parse(raw).checkpoint for raw in receipts.values()]
    wrong = [f"the head of {head.size} is not the log's" for head in (*kept, *held) if not policy.signed(head)]
    heads = {(head.size, head.root) for head in (*kept, *held)}
    last = Heads(directory / "keys" / HEADS).of(policy.logs[0].name)
    if last is not None:
        heads.add(last)
    roots = prefix_roots(list(map(leaf_hash, leaves)), {size for size, _ in heads})
    wrong += [f"signed of {size}: not what the log begins with" for size, root in heads if roots.get(size) != root]
    unproven = (
        position for position, raw in receipts.items() if verify_receipt(raw, leaves[position], policy).exit != VERIFIED
    )
    wrong += [f"the receipt of {position} does not prove it" for position in unproven]
    return wrong, last is not None and last[0] not in {head.size for head in kept}


def _policy(store: SqliteStore) -> Policy:
    (enrolled,) = store.page(-1, 10, type=LogKeyEnrolled.NAME)
    assert isinstance(enrolled.event, LogKeyEnrolled)
    return Policy.parse(f"log {enrolled.event.verifier_key}\nquorum none\n".encode())


def _signs_two_roots_without_a_memory(directory: Path) -> bool:
    """The control: two heads of one size are asked for, and between them the memory is lost."""
    key = SigningKey.read(directory / "keys" / f"{TRIAL}{KEY_SUFFIX}")
    signed = set()
    for number in range(2):
        signer = LogSigner(Heads(directory / f"forgetful-{number}"), [key])
        text = checkpoint_text(key.name, 1, bytes([number]) * 32)
        signed.add(signer.sign(submission_of(0, (), text.encode())).status)
    remembering = LogSigner(Heads(directory / "forgetful-0"), [key])
    again = remembering.sign(submission_of(1, (), checkpoint_text(key.name, 1, b"\1" * 32).encode()))
    return signed == {200} and again.status != 200

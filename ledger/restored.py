"""Whether a log is a copy up to an earlier point, with which nobody goes on before a person has recorded why."""

from ledger.store.reading import Reading
from ledger.trial.evidence import RecoveryRecorded


def unrecovered(store: Reading) -> str | None:
    """Of a log that was restored to an earlier point, what it is, until its recovery is on record."""
    restored = store.restoration()
    if restored is None or store.page(restored.size - 1, 1, type=RecoveryRecorded.NAME):
        return None
    return f"{restored.size} events were restored, of a log of {restored.of_size}"

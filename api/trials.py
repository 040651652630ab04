"""Where the trials of an installation are, by its settings."""

from api.settings import Settings
from ledger.store.contract import Trials
from ledger.store.sqlite import Directory


def trials_of(settings: Settings) -> Trials:
    """The files of a directory; where a database is set, its schemas."""
    if settings.database_url is None:
        return Directory(settings.directory, settings.verified_whole_up_to)
    from ledger.store.postgres.database import Database
    from ledger.store.postgres.server import Patience

    url, patience = settings.database_url.get_secret_value(), Patience.of(settings.database_seconds)
    return Database(url, patience, settings.directory, settings.verified_whole_up_to)

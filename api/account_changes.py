"""What the command line does to accounts, as the installation's log gets to know it: through the spool, since a running
server owns the log. It is on disk before the account is changed, so that no change is without its event."""

import getpass
import re
from typing import Final

from api.happenings import Happening
from api.settings import Settings
from ledger.application import system_clock
from ledger.installation_log import spool_of
from ledger.spool import Noted

_UNFIT: Final = re.compile(r"[^A-Za-z0-9._@-]")


def announce(settings: Settings, account: str, change: str) -> None:
    """Put a change of an account on record, by whoever is logged in at the operating system."""
    who = _UNFIT.sub("-", getpass.getuser())
    happening = Happening(
        "account-changed", who, account, role="administrator", authenticated="operating-system", change=change
    )
    spool_of(settings.directory).add([Noted(happening.noted(), happening.actor, system_clock())])

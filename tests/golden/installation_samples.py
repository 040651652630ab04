"""One record for each event of an installation's own log."""

from datetime import UTC, datetime
from typing import Any, Final

from ledger.installation import events as e
from ledger.record import INSTALLATION, Actor, Record
from ledger.types import Event
from tests.golden.envelope import INVESTIGATOR, moscow, sample

HOME: Final = "installation.example.org"
LEDGER: Final = Actor("ledger", "system", None, "internal")
NOBODY: Final = Actor("unknown", "unknown", None, "none")
INSPECTOR: Final = Actor("irina", "inspector", None, "password+totp")
OPERATOR: Final = Actor("arkady", "administrator", None, "operating-system")
ON_PATIENT: Final[dict[str, Any]] = {"trial": "NCT07256210", "patient": "001", "request_id": "5d0c-1a"}
ON_TRIAL: Final[dict[str, Any]] = {"trial": "NCT07256210", "patient": None, "request_id": "5d0c-1b"}


def at_the_door(event: Event, actor: Actor = INVESTIGATOR, **envelope: Any) -> Record:
    return sample(INSTALLATION, event, **{"origin": HOME, "protocol_version": 0, "actor": actor, **envelope})


INSTALLATION_SAMPLES: Final[tuple[Record, ...]] = (
    at_the_door(e.InstallationOpened(origin=HOME, event_schema="trial-ledger/1"), LEDGER, position=0, stream_version=1),
    at_the_door(e.RecordRead(operation="show_timeline", resource=None, status=200, **ON_PATIENT), INSPECTOR),
    at_the_door(e.RecordExported(operation="export_bundle", resource=None, status=200, **ON_TRIAL), INSPECTOR),
    at_the_door(e.RoleChanged(operation="delegate_role", resource=None, status=201, **ON_TRIAL)),
    at_the_door(
        e.CommandRefused(
            operation="assign_dose_level",
            resource=None,
            status=409,
            problem="not-delegated",
            rule="G.4-9",
            **ON_PATIENT,
        )
    ),
    at_the_door(
        e.RequestRefused(
            operation="show_patient",
            trial="NCT07256210",
            patient=None,
            resource=None,
            status=401,
            problem="unauthenticated",
            rule=None,
            times_count=17,
            request_id=None,
        ),
        NOBODY,
    ),
    at_the_door(e.LoggedIn(about="ivan", trial=None, rule=None)),
    at_the_door(e.LogInFailed(about="ivan", trial=None, rule="wrong-password"), NOBODY),
    at_the_door(e.LockedOut(about="ivan", trial=None, rule="11.300(d)"), NOBODY),
    at_the_door(e.LoggedOut(about="ivan", trial=None, rule=None)),
    at_the_door(e.AccountUsed(about="ivan-ward-3", trial=None, rule=None)),
    at_the_door(e.AccountChanged(about="ivan", trial=None, rule=None, change="added as investigator"), OPERATOR),
    at_the_door(e.SigningFailed(about="dose decision 2", trial="NCT07256210", rule="11.200(a)(1)")),
    at_the_door(
        e.GapRecorded(from_at=moscow(2, 3), until_at=datetime(2026, 3, 2, 1, 20, tzinfo=UTC), not_kept_count=12),
        LEDGER,
    ),
)

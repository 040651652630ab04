"""The second factor: six digits of an authenticator (RFC 6238), each accepted once."""

import re
from datetime import datetime
from typing import Final

import pyotp

STEP_SECONDS: Final = 30
DRIFT_STEPS: Final = 1
"""The clocks of telephones differ; a code is taken one step before and after its time."""

_CODE: Final = re.compile(r"[0-9]{6}")
ISSUER: Final = "Trial ledger"


def new_secret() -> str:
    """160 random bits, in Base32."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, at: datetime, after: int) -> int | None:
    """The time step whose code this is; none for a wrong one, and for one of a step that was used already."""
    if not _CODE.fullmatch(code):
        return None
    now = int(at.timestamp()) // STEP_SECONDS
    totp, found = pyotp.TOTP(secret), None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if pyotp.utils.strings_equal(totp.generate_otp(step), code) and step > after:
            found = step
    return found


def code_at(secret: str, at: datetime) -> str:
    """What an authenticator shows at an instant."""
    return pyotp.TOTP(secret).generate_otp(int(at.timestamp()) // STEP_SECONDS)


def uri(secret: str, id: str) -> str:
    """What an authenticator reads from a square code."""
    return pyotp.TOTP(secret).provisioning_uri(name=id, issuer_name=ISSUER)

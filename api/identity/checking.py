"""Whether a password and a code are somebody's, against what is kept of him. What is used up is written down."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from api.identity import totp
from api.identity.credentials import Change, Credentials, change_credentials
from api.identity.passwords import Hashing
from api.identity.proof import NotProved, Proof


def entered(
    path: Path, known: Credentials | None, password: str, otp: str | None, hashing: Hashing, now: datetime
) -> tuple[Credentials, Proof, tuple[Change, ...]]:
    """What holds after a log-in, how it was proved, and what the owner is told once; `NotProved` says why not.

    A password that somebody else set is used up; one whose hash is of old parameters is hashed anew.
    """
    told: tuple[Change, ...] = ()

    def use(one: Credentials) -> Credentials:
        nonlocal told
        if one.password_once and one.password_spent:
            raise NotProved("password-spent")
        one = _with_code(one, otp, now)
        told, rest = one.changes[: one.noted], one.changes[one.noted :]
        fresh = one.model_copy(update={"password_spent": one.password_once, "changes": rest, "noted": 0})
        if one.password is not None and hashing.is_old(one.password):
            return fresh.model_copy(update={"password": hashing.hash(password)})
        return fresh

    after = _with_password(path, known, password, hashing, use)
    return after, Proof(("password",) if after.otp_secret is None else ("password", "otp"), now), told


def signed(
    path: Path,
    known: Credentials | None,
    password: str,
    otp: str | None,
    hashing: Hashing,
    now: datetime,
    needs_code: bool,
) -> Proof:
    """How somebody proves himself to sign; `NotProved` also where the password is not his own alone."""

    def use(one: Credentials) -> Credentials:
        if one.password_once:
            raise NotProved("password-not-own")
        if one.signing_suspended:
            raise NotProved("signing-suspended")
        return _with_code(one, otp, now) if needs_code else one

    after = _with_password(path, known, password, hashing, use)
    return Proof(("password", "otp") if needs_code and after.otp_secret is not None else ("password",), now)


def _with_password(
    path: Path,
    known: Credentials | None,
    password: str,
    hashing: Hashing,
    use: Callable[[Credentials], Credentials],
) -> Credentials:
    """The password first, so that everything else takes the same time; then what is used up, in one step."""
    right = hashing.verify(known.password if known is not None else None, password)
    if known is None:
        raise NotProved("no-password")
    if not right:
        raise NotProved("wrong-password")

    def enter(one: Credentials) -> Credentials:
        if one.locked_at is not None:
            raise NotProved("locked-out")
        if one.password != known.password:
            raise NotProved("wrong-password")
        return use(one)

    after = change_credentials(path, known.id, enter)
    assert after is not None
    return after


def _with_code(one: Credentials, otp: str | None, now: datetime) -> Credentials:
    """With the code's step used up; a code that nobody asked for is passed over."""
    if one.otp_secret is None:
        return one
    step = totp.step_of(one.otp_secret, otp or "", now, one.otp_step)
    if step is None:
        raise NotProved("wrong-code")
    return one.model_copy(update={"otp_step": step})

"""What changes in somebody's credentials, as functions of what they were."""

from datetime import datetime, timedelta

from api.identity.credentials import Change, Credentials, MachineSecret


def password_set(one: Credentials, hashed: str, at: datetime, by: str, new_account: bool) -> Credentials:
    """Somebody else set the password: it opens one log-in, in which its owner replaces it.

    Where no second factor tells the owner from him who set it, the account signs nothing until a second person vouches;
    but for a new account, to which nothing has been delegated yet (21 CFR 11.200(a)(3)).
    """
    suspended = one.signing_suspended or (one.otp_secret is None and not new_account)
    fields = {"password": hashed, "password_once": True, "password_spent": False, "signing_suspended": suspended}
    return one.after(at, "password-set", by, **fields)


def password_changed(one: Credentials, hashed: str, at: datetime) -> Credentials:
    """The owner has a password of his own."""
    return one.after(at, "password-changed", one.id, password=hashed, password_once=False, password_spent=False)


def second_factor_removed(one: Credentials, at: datetime, by: str) -> Credentials:
    """Somebody else took the second factor, as when a telephone is lost: nothing is signed until someone vouches
    (21 CFR 11.300(c))."""
    fields = {"otp_secret": None, "otp_pending": None, "otp_step": 0, "signing_suspended": True}
    return one.after(at, "second-factor-removed", by, **fields)


def second_factor_enrolled(one: Credentials, step: int, at: datetime) -> Credentials:
    """The secret that waited is the second factor from now on; the code that showed so is used up."""
    fields = {"otp_secret": one.otp_pending, "otp_pending": None, "otp_step": step}
    return one.after(at, "second-factor-enrolled", one.id, **fields)


def locked_out(one: Credentials, at: datetime) -> Credentials:
    return one if one.locked_at is not None else one.after(at, "locked-out", "ledger", locked_at=at)


def unlocked(one: Credentials, at: datetime, by: str) -> Credentials:
    return one if one.locked_at is None else one.after(at, "unlocked", by, locked_at=None)


def vouched_for(one: Credentials, at: datetime, by: str) -> Credentials:
    return one if not one.signing_suspended else one.after(at, "vouched-for", by, signing_suspended=False)


def secret_given(one: Credentials, hashed: str, at: datetime, by: str, overlap: timedelta) -> Credentials:
    """A machine has a new secret. The newest before it is taken until the overlap ends, the others no longer."""
    before = [each for each in one.secrets if each.expires_at is None or each.expires_at > at][:1]
    until = [each if each.expires_at else each.model_copy(update={"expires_at": at + overlap}) for each in before]
    kept = (MachineSecret(sha256=hashed), *(each for each in until if overlap > timedelta(0)))
    fields = {"secrets": kept, "changes": (*one.changes, Change(at=at, did="secret-given", by=by))}
    return one.model_copy(update={**fields, "turn": one.turn + (not overlap)})

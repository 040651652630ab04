"""Local people: log in, be refused, be locked out, change what one proves oneself by, prove oneself to sign."""

import asyncio
import json
import shlex
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.auth import Account, IdRetired, add_account, read_accounts, remove_client, retire, save_account
from api.happenings import Happening
from api.identity import people
from api.identity.credentials import change_credentials
from api.identity.proof import Proof
from api.problems import Refused
from tests.api.people import BEGINS, CHEAP, SECRET, Ward, add_person, give_password
from tests.api.place import PASSWORD, PEOPLE, SITE, TRIAL, Caller, Place

OTHER = "nine brown bears walk north"


@pytest.fixture
def ward(place: Place) -> Ward:
    """Everybody has a password of her own and an authenticator."""
    for name, _ in PEOPLE.values():
        give_password(place, name)
    return Ward(place)


def prove(ward: Ward, id: str, password: str = PASSWORD, otp: str | None = None) -> Proof:
    service = ward.place.app.state.service
    account = service.accounts.of(id)
    assert account is not None
    found: Proof = asyncio.run(service.identity.prove(account, password, otp))
    return found


def not_proved(ward: Ward, id: str, password: str = PASSWORD, otp: str | None = None) -> str:
    """Why, as it was noted; the caller is told nothing of it."""
    with pytest.raises(Refused) as refused:
        prove(ward, id, password, otp)
    assert (refused.value.problem.name, refused.value.detail) == ("signing-refused", "")
    return next(each.rule or "" for each in reversed(ward.noted) if each.kind == "signing-failed")


def set_by_the_administrator(ward: Ward, id: str, password: str, new_account: bool = False) -> None:
    hashed = CHEAP.hash(password)
    change_credentials(
        ward.place.settings.credentials, id, lambda one: people.password_set(one, hashed, ward.now, "root", new_account)
    )


# Logging in.


def test_a_person_logs_in_with_a_password_and_a_code(ward: Ward) -> None:
    answer = ward.log_in("maria", otp=ward.code())
    said = answer.json()
    assert answer.status_code == 201
    assert (said["id"], said["role"], said["site"], said["must"]) == ("maria", "principal_investigator", SITE, None)
    assert said["expires_at"] == "2026-03-02T20:00:00.000000Z"
    maria = Caller(ward.place.http, said["token"], "maria")
    assert maria.get("/v1/trials").status_code == 200
    assert maria.get("/v1/sessions/current").json()["authenticated"] == "password+otp"
    assert ward.noted[-1] == Happening(
        "log-in", "maria", "session", None, "principal_investigator", SITE, authenticated="password+otp"
    )


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"id": "nobody"}, "unknown-account"),
        ({"password": OTHER}, "wrong-password"),
        ({"otp": "000000"}, "wrong-code"),
        ({"otp": None}, "wrong-code"),
    ],
)
def test_whatever_was_wrong_the_answer_is_the_same(ward: Ward, wrong: dict[str, Any], rule: str) -> None:
    answer = ward.log_in(**{"id": "maria", "otp": ward.code(), **wrong})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/log-in-refused")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert set(answer.json()) == {"type", "title", "status", "instance"}
    assert ward.noted[-1].kind == "log-in-failed"
    assert ward.noted[-1].rule == rule
    assert ward.noted[-1].who == (None if rule == "unknown-account" else "maria")


def test_an_account_without_a_password_does_not_log_in(place: Place) -> None:
    save_account(place.settings.accounts, Account(client="new", id="new", role="coordinator", site=SITE))
    ward = Ward(place)
    assert ward.log_in("new").status_code == 401
    assert (ward.noted[-1].who, ward.noted[-1].rule) == ("new", "no-password")


def test_a_code_is_accepted_once(ward: Ward) -> None:
    code = ward.code()
    assert ward.log_in("maria", otp=code).status_code == 201
    assert ward.log_in("maria", otp=code).status_code == 401
    ward.later(seconds=20)
    assert ward.log_in("maria", otp=code).status_code == 401
    ward.later(seconds=30)
    assert ward.log_in("maria", otp=ward.code()).status_code == 201


def test_a_code_is_accepted_once_also_after_a_restart(ward: Ward) -> None:
    code = ward.code()
    assert ward.log_in("maria", otp=code).status_code == 201
    ward.place.restart()
    assert Ward(ward.place).log_in("maria", otp=code).status_code == 401


def test_a_password_is_the_same_on_every_keyboard(ward: Ward) -> None:
    composed, decomposed = "d\u00e9j\u00e0 vu de la grande \u00eele", "de\u0301ja\u0300 vu de la grande i\u0302le"
    give_password(ward.place, "maria", composed)
    assert ward.log_in("maria", decomposed, ward.code()).status_code == 201


def test_nothing_of_a_log_in_is_kept_in_the_clear(ward: Ward) -> None:
    token = ward.log_in("maria", otp=ward.code()).json()["token"]
    kept = b"".join(path.read_bytes() for path in ward.place.directory.iterdir() if path.is_file())
    assert token.encode() not in kept
    assert PASSWORD.encode() not in kept
    assert repr(vars(ward.place.app.state.service.identity.sessions)).count(token) == 0
    assert ward.place.settings.credentials.stat().st_mode & 0o077 == 0
    assert PASSWORD not in repr(ward.noted)


def test_a_hash_of_old_parameters_is_made_anew_at_the_next_log_in(tmp_path: Path) -> None:
    place = Place(tmp_path, argon2_passes=2)
    ward = Ward(place)
    give_password(place, "maria", secret=None)
    before = ward.kept("maria").password
    assert ward.log_in("maria").status_code == 201
    after = ward.kept("maria").password
    assert before is not None
    assert after is not None
    assert (",t=1," in before, ",t=2," in after) == (True, True)
    assert ward.log_in("maria").status_code == 201
    place.stop()


# Sessions.


def test_a_session_ends_when_it_is_not_used(ward: Ward) -> None:
    maria = ward.session("principal_investigator")
    for _ in range(3):
        ward.later(minutes=29)
        assert maria.get("/v1/trials").status_code == 200
    ward.later(minutes=30)
    assert maria.get("/v1/trials").status_code == 401


def test_a_session_ends_after_some_hours_anyway(ward: Ward) -> None:
    maria = ward.session("principal_investigator")
    for _ in range(12 * 3 - 1):
        ward.later(minutes=20)
        assert maria.get("/v1/trials").status_code == 200
    ward.later(minutes=20)
    assert maria.get("/v1/trials").status_code == 401


def test_a_session_is_closed(ward: Ward) -> None:
    maria, again = ward.session("principal_investigator"), ward.session("principal_investigator")
    assert ward.place.http.delete("/v1/sessions/current", headers=maria.bearer).status_code == 204
    assert ward.noted[-1].kind == "logged-out"
    assert maria.get("/v1/trials").status_code == 401
    assert (ward.noted[-1].kind, ward.noted[-1].rule) == ("request-refused", "token-unknown")
    assert again.get("/v1/trials").status_code == 200


def test_a_restart_ends_sessions_and_no_token_of_an_account(ward: Ward) -> None:
    maria = ward.session("principal_investigator")
    ward.place.restart()
    assert Caller(ward.place.http, maria.token, "maria").get("/v1/trials").status_code == 401
    assert ward.place.by("principal_investigator").get("/v1/trials").status_code == 200


def test_a_session_ends_with_the_role_that_began_it(ward: Ward) -> None:
    maria, path = ward.session("principal_investigator"), ward.place.settings.accounts
    assert maria.get("/v1/trials").status_code == 200
    lines = [
        line.replace('"role":"principal_investigator"', '"role":"coordinator"')
        for line in path.read_text().splitlines(keepends=True)
    ]
    path.write_text("".join(lines))
    assert maria.get("/v1/trials").status_code == 401
    assert Happening("account-changed", None, "maria: changed", None, "coordinator", SITE) in ward.noted


def test_a_session_ends_at_a_lock_out(ward: Ward) -> None:
    maria = ward.session("principal_investigator")
    lock_out(ward, "maria")
    assert maria.get("/v1/trials").status_code == 401


def test_one_has_ten_sessions_at_most(ward: Ward) -> None:
    first, *rest = [ward.session("principal_investigator") for _ in range(11)]
    assert first.get("/v1/trials").status_code == 401
    assert {each.get("/v1/trials").status_code for each in rest} == {200}


@pytest.mark.parametrize("path", ["/v1/password", "/v1/second-factor", "/v1/second-factor/confirmation"])
def test_a_token_of_an_account_changes_no_password(ward: Ward, path: str) -> None:
    answer = ward.place.by("principal_investigator").post(path, {})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/session-needed")


# Failing.


def lock_out(ward: Ward, id: str) -> None:
    for _ in range(5):
        assert ward.log_in(id, OTHER, ward.code()).status_code == 401
        ward.later(seconds=30)


def test_five_failures_lock_out_with_an_event_and_an_alert(ward: Ward) -> None:
    """11.300(d)"""
    lock_out(ward, "maria")
    assert [each[0] for each in ward.told()] == ["log-in-failed"] * 5 + ["locked-out"]
    assert ward.noted[-1] == Happening("locked-out", "maria", "maria", "lock-out", "principal_investigator", SITE)
    assert ward.log_in("maria", otp=ward.code()).status_code == 401
    assert ward.noted[-1].rule == "locked-out"
    ward.place.restart()
    again = Ward(ward.place, ward.now)
    assert again.log_in("maria", otp=again.code()).status_code == 401


def test_a_success_forgets_the_failures(ward: Ward) -> None:
    for _ in range(3):
        for _ in range(4):
            ward.later(seconds=60)
            assert ward.log_in("maria", OTHER).status_code == 401
        ward.later(seconds=60)
        assert ward.log_in("maria", otp=ward.code()).status_code == 201
    assert ward.kept("maria").locked_at is None


def test_waiting_grows_before_the_lock_out(ward: Ward) -> None:
    for wait_seconds in (0, 0, 1, 2):
        assert ward.log_in("maria", OTHER).status_code == 401
        if wait_seconds:
            refused = ward.log_in("maria", otp=ward.code())
            assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-attempts")
            assert refused.headers["retry-after"] == str(wait_seconds)
        ward.later(seconds=wait_seconds)
    assert ward.log_in("maria", otp=ward.code()).status_code == 201


def test_who_does_not_exist_waits_alike(ward: Ward) -> None:
    answers = [ward.log_in("nobody", OTHER) for _ in range(4)]
    known = [ward.log_in("maria", OTHER) for _ in range(4)]
    assert [each.status_code for each in answers] == [each.status_code for each in known] == [401, 401, 401, 429]


def test_an_origin_that_fails_with_many_accounts_waits(tmp_path: Path) -> None:
    place = Place(tmp_path, failures_of_an_origin=3)
    ward = Ward(place)
    answers = [ward.log_in(f"nobody-{number}", OTHER).status_code for number in range(5)]
    assert answers == [401, 401, 401, 401, 429]
    ward.later(minutes=10)
    give_password(place, "maria")
    assert ward.log_in("maria", otp=ward.code()).status_code == 201
    place.stop()


def test_a_hundred_guesses_at_once_are_a_few(ward: Ward) -> None:
    guess = {"url": "/v1/sessions", "json": {"id": "maria", "password": OTHER}}
    answers = [each.status_code for each in ward.place.at_once([guess] * 100)]
    assert sorted(set(answers)) == [401, 429]
    assert answers.count(401) <= 3


def test_more_log_ins_than_can_wait_are_told_to_come_again(ward: Ward) -> None:
    logins = [
        {"url": "/v1/sessions", "json": {"id": name, "password": PASSWORD, "otp": ward.code()}}
        for name, _ in PEOPLE.values()
    ]
    ward.place.app.state.service.identity.hashing._most = 3
    answers = [each.status_code for each in ward.place.at_once(logins)]
    assert sorted(set(answers)) == [201, 503]
    assert answers.count(201) >= 3


def test_an_alert_runs_the_installations_command(tmp_path: Path) -> None:
    heard = tmp_path / "heard.json"
    script = f"import sys, pathlib; pathlib.Path({str(heard)!r}).write_text(sys.stdin.read())"
    place = Place(tmp_path / "place", alert_command=shlex.join([sys.executable, "-c", script]))
    ward = Ward(place)
    give_password(place, "maria")
    lock_out(ward, "maria")
    place.app.state.service.identity.alerts.finish()
    assert json.loads(heard.read_text()) == {"alert": "locked-out", "account": "maria"}
    place.stop()


def test_an_administrator_unlocks(ward: Ward) -> None:
    lock_out(ward, "maria")
    change_credentials(ward.place.settings.credentials, "maria", lambda one: people.unlocked(one, ward.now, "root"))
    answer = ward.log_in("maria", otp=ward.code())
    assert answer.status_code == 201
    assert [(each["did"], each["by"]) for each in answer.json()["told"]] == [
        ("locked-out", "ledger"),
        ("unlocked", "root"),
    ]
    assert Happening("account-changed", "root", "maria: unlocked", None, "principal_investigator", SITE) in ward.noted
    ward.later(seconds=60)
    assert ward.log_in("maria", otp=ward.code()).json()["told"] == []


# Passwords.


@pytest.mark.parametrize(
    ("new", "status", "weakness"),
    [
        ("short1!", 422, "too short"),
        ("x" * 129, 422, "too long"),
        ("password1234", 422, "among the most common"),
        ("PasswordPassword", 422, "among the most common"),
        ("aaaaaaaaaaaaaaaaaaaa", 422, "among the most common"),
        ("maria-ndgoi-2026", 422, "made of what everybody knows about the account"),
        ("TrialLedger!2026", 422, "made of what everybody knows about the account"),
        ("kjvhgqpz", 204, None),
        ("seven geese \U0001f9a2 fly", 204, None),
        ("yellow " + "tulips " * 10, 204, None),
    ],
)
def test_what_attackers_try_first_is_no_password(ward: Ward, new: str, status: int, weakness: str | None) -> None:
    maria = ward.session("principal_investigator")
    answer = maria.post("/v1/password", {"password": PASSWORD, "new_password": new})
    assert answer.status_code == status, answer.text
    if weakness is not None:
        assert (answer.json()["type"], answer.json()["detail"]) == ("/problems/password-too-weak", weakness)
        return
    assert maria.get("/v1/trials").status_code == 401
    ward.later(seconds=60)
    assert ward.log_in("maria", new, ward.code()).status_code == 201
    assert ward.kept("maria").changes == ()


def test_a_password_alone_is_longer_than_one_beside_a_second_factor(ward: Ward) -> None:
    give_password(ward.place, "maria", secret=None)
    maria = ward.session("principal_investigator", otp=False)
    body = {"password": PASSWORD, "new_password": "kjvhgqpzwmxrtb"}
    assert maria.post("/v1/password", body).json()["detail"] == "too short"
    assert maria.post("/v1/password", {**body, "new_password": "kjvhgqpzwmxrtby"}).status_code == 204


def test_a_new_password_needs_the_old_one(ward: Ward) -> None:
    maria = ward.session("principal_investigator")
    answer = maria.post("/v1/password", {"password": OTHER, "new_password": OTHER})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/log-in-refused")
    assert ward.noted[-1].kind == "log-in-failed"


# The second factor.


def enrol(ward: Ward, caller: Caller, **proof: str) -> str:
    secret: str = caller.post("/v1/second-factor", {"password": PASSWORD, **proof}).json()["secret"]
    ward.later(seconds=60)
    assert caller.post("/v1/second-factor/confirmation", {"otp": ward.code(secret)}).status_code == 204
    return secret


def test_a_second_factor_is_enrolled_and_then_needed(ward: Ward) -> None:
    give_password(ward.place, "maria", secret=None)
    secret = enrol(ward, ward.session("principal_investigator", otp=False))
    assert ward.log_in("maria", otp=ward.code(secret)).status_code == 401
    ward.later(seconds=60)
    assert ward.log_in("maria").status_code == 401
    assert ward.log_in("maria", otp=ward.code(secret)).status_code == 201


def test_a_second_factor_is_replaced_with_a_code_of_the_old_one(ward: Ward) -> None:
    maria = ward.session("principal_investigator")
    assert maria.post("/v1/second-factor", {"password": PASSWORD}).status_code == 403
    ward.later(seconds=60)
    secret = enrol(ward, maria, otp=ward.code())
    ward.later(seconds=60)
    assert ward.log_in("maria", otp=ward.code()).status_code == 401
    assert ward.log_in("maria", otp=ward.code(secret)).status_code == 201


def test_a_wrong_code_enrols_nothing(ward: Ward) -> None:
    give_password(ward.place, "maria", secret=None)
    maria = ward.session("principal_investigator", otp=False)
    assert maria.post("/v1/second-factor/confirmation", {"otp": "123456"}).status_code == 401
    maria.post("/v1/second-factor", {"password": PASSWORD})
    assert maria.post("/v1/second-factor/confirmation", {"otp": ward.code()}).status_code == 401
    assert ward.log_in("maria").status_code == 201


def test_where_a_second_factor_is_required_it_is_enrolled_before_anything_else(tmp_path: Path) -> None:
    place = Place(tmp_path, second_factor_required=True)
    ward = Ward(place)
    give_password(place, "maria", secret=None)
    maria = ward.session("principal_investigator", otp=False)
    assert maria.get("/v1/sessions/current").json()["must"] == "second-factor-due"
    answer = maria.get("/v1/trials")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/second-factor-due")
    secret = enrol(ward, maria)
    ward.later(seconds=60)
    assert ward.log_in("maria", otp=ward.code(secret)).json()["must"] is None
    place.stop()


# What an administrator does.


def test_a_password_that_somebody_else_set_opens_one_log_in_to_replace_it(ward: Ward) -> None:
    set_by_the_administrator(ward, "maria", OTHER)
    answer = ward.log_in("maria", OTHER, ward.code())
    assert answer.json()["must"] == "password-change-due"
    assert [(each["did"], each["by"]) for each in answer.json()["told"]] == [("password-set", "root")]
    maria = Caller(ward.place.http, answer.json()["token"], "maria")
    refused = maria.get("/v1/trials")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/password-change-due")
    assert maria.post("/v1/second-factor", {"password": OTHER, "otp": ward.code()}).status_code == 403
    ward.later(seconds=60)
    assert ward.log_in("maria", OTHER, ward.code()).status_code == 401
    assert ward.noted[-1].rule == "password-spent"
    assert maria.post("/v1/password", {"password": OTHER, "new_password": PASSWORD}).status_code == 204
    ward.later(seconds=60)
    assert ward.log_in("maria", otp=ward.code()).json()["must"] is None


def test_the_administrator_who_resets_a_password_does_not_sign_with_it(ward: Ward) -> None:
    """11.200(a)(3): the second factor stays with its owner."""
    set_by_the_administrator(ward, "maria", OTHER)
    assert not_proved(ward, "maria", OTHER) == "password-not-own"
    assert ward.log_in("maria", OTHER).status_code == 401
    assert ward.noted[-1].rule == "wrong-code"
    ward.later(seconds=60)
    assert not_proved(ward, "maria", OTHER, ward.code()) == "password-not-own"


def test_who_has_no_second_factor_signs_nothing_after_a_reset_until_somebody_vouches(ward: Ward) -> None:
    """The administrator logs in with the password that he set, makes it his own, even enrols a second factor."""
    give_password(ward.place, "maria", secret=None)
    set_by_the_administrator(ward, "maria", OTHER)
    hers = Caller(ward.place.http, ward.log_in("maria", OTHER).json()["token"], "maria")
    assert hers.post("/v1/password", {"password": OTHER, "new_password": PASSWORD}).status_code == 204
    secret = enrol(ward, ward.session("principal_investigator", otp=False))
    ward.later(seconds=60)
    assert not_proved(ward, "maria", PASSWORD, ward.code(secret)) == "signing-suspended"
    ward.later(seconds=60)
    vera, proof = ward.place.by("medical_monitor"), {"password": PASSWORD, "otp": ward.code()}
    assert vera.post("/v1/accounts/maria/vouching", proof).status_code == 204
    assert ward.noted[-1].about == "maria: vouched-for"
    ward.later(seconds=60)
    assert prove(ward, "maria", PASSWORD, ward.code(secret)).method == ("password", "otp")


def test_who_takes_the_second_factor_too_signs_nothing_either(ward: Ward) -> None:
    """11.300(c)"""
    path = ward.place.settings.credentials
    change_credentials(path, "maria", lambda one: people.second_factor_removed(one, ward.now, "root"))
    assert not_proved(ward, "maria") == "signing-suspended"
    assert [(each["did"], each["by"]) for each in ward.log_in("maria").json()["told"]] == [
        ("second-factor-removed", "root")
    ]


def test_a_new_account_signs_with_the_password_that_its_owner_chose(ward: Ward) -> None:
    add_person(ward.place, "nova", "investigator", secret=None)
    change_credentials(ward.place.settings.credentials, "nova", lambda one: one.model_copy(update={"password": None}))
    set_by_the_administrator(ward, "nova", OTHER, new_account=True)
    nova = Caller(ward.place.http, ward.log_in("nova", OTHER).json()["token"], "nova")
    assert not_proved(ward, "nova", OTHER) == "password-not-own"
    nova.post("/v1/password", {"password": OTHER, "new_password": PASSWORD})
    assert prove(ward, "nova") == Proof(("password",), BEGINS)


def test_nobody_vouches_for_himself_nor_across_sites_nor_without_a_proof(ward: Ward) -> None:
    proof = {"password": PASSWORD, "otp": ward.code()}
    vera = ward.place.by("medical_monitor")
    assert vera.post("/v1/accounts/vera/vouching", proof).status_code == 403
    assert vera.post("/v1/accounts/nobody/vouching", proof).status_code == 404
    assert vera.post("/v1/accounts/maria/vouching", {**proof, "password": OTHER}).status_code == 403
    assert ward.place.stranger("principal_investigator").post("/v1/accounts/ivan/vouching", proof).status_code == 404
    assert ward.place.by("administrator").post("/v1/accounts/maria/vouching", proof).status_code == 403


def test_a_retired_id_is_never_given_again(ward: Ward) -> None:
    """11.100(a)"""
    maria, path = ward.session("principal_investigator"), ward.place.settings.accounts
    assert retire(path, "maria", date(2026, 3, 2)) == 1
    assert maria.get("/v1/trials").status_code == 401
    assert ward.place.by("principal_investigator").get("/v1/trials").status_code == 401
    assert ward.log_in("maria", otp=ward.code()).status_code == 401
    with pytest.raises(IdRetired):
        add_account(path, id="maria", role="coordinator", client="maria-again")
    assert [each.retired_on for each in read_accounts(path) if each.id == "maria"] == [date(2026, 3, 2)]
    assert Happening("account-changed", None, "maria: retired", None, "principal_investigator", SITE) in ward.noted


def test_a_token_that_is_revoked_leaves_the_id_with_its_owner(ward: Ward) -> None:
    maria, path = ward.session("principal_investigator"), ward.place.settings.accounts
    assert remove_client(path, "maria") == 1
    assert ward.place.by("principal_investigator").get("/v1/trials").status_code == 401
    assert ward.log_in("maria", otp="000000").status_code == 401
    assert [each.token_sha256 for each in read_accounts(path) if each.id == "maria"] == [None]
    assert maria.get("/v1/trials").status_code == 401


# Signing.


def test_a_proof_says_by_what_and_when(ward: Ward) -> None:
    assert prove(ward, "maria", otp=ward.code()) == Proof(("password", "otp"), BEGINS)
    give_password(ward.place, "ivan", secret=None)
    assert prove(ward, "ivan") == Proof(("password",), BEGINS)


def test_the_code_of_a_log_in_signs_nothing(ward: Ward) -> None:
    code = ward.code()
    assert ward.log_in("maria", otp=code).status_code == 201
    assert not_proved(ward, "maria", otp=code) == "wrong-code"
    ward.later(seconds=60)
    assert prove(ward, "maria", otp=ward.code()).method == ("password", "otp")


def test_a_run_of_signatures_goes_on_with_the_password(ward: Ward) -> None:
    """11.200(a)(1)(i)"""
    service = ward.place.app.state.service
    maria = service.accounts.of("maria")
    going_on = asyncio.run(service.identity.prove(maria, PASSWORD, None, continuing=True))
    assert going_on.method == ("password",)
    with pytest.raises(Refused):
        asyncio.run(service.identity.prove(maria, OTHER, None, continuing=True))


def test_failed_signatures_count_as_failed_log_ins_do(ward: Ward) -> None:
    for _ in range(5):
        ward.later(seconds=60)
        assert not_proved(ward, "maria", OTHER) == "wrong-password"
    ward.later(seconds=60)
    assert ("locked-out", "maria", "lock-out") in ward.told()
    assert not_proved(ward, "maria", otp=ward.code()) == "locked-out"


def test_the_trial_is_seen_in_a_session_as_with_a_token(ward: Ward) -> None:
    ward.place.by("medical_monitor").post("/v1/trials", {})
    for caller in (ward.session("inspector"), ward.place.by("inspector")):
        assert caller.get(f"/v1/trials/{TRIAL}").status_code == 404
        assert caller.post("/holds", {}).status_code == 403


def test_the_secret_is_what_an_authenticator_reads(ward: Ward) -> None:
    give_password(ward.place, "maria", secret=None)
    said = ward.session("principal_investigator", otp=False).post("/v1/second-factor", {"password": PASSWORD}).json()
    assert said["uri"] == f"otpauth://totp/Trial%20ledger:maria?secret={said['secret']}&issuer=Trial%20ledger"
    assert len(said["secret"]) == len(SECRET)

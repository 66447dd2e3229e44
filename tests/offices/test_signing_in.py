"""Signing in: what is asked, what is counted, what is written down, and when it ends."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.digits import to_persian
from core.refusals import NotFound
from offices import sessions
from offices.audit import AuditEntry
from offices.granting import disable, end_role
from offices.limits import TooManyTries
from offices.one_time_codes import STEP_SECONDS, accept_code
from offices.passwords import WeakPassword, hashed
from offices.signing_in import (
    CODES_OF_A_PERSON,
    TRIES_OF_AN_ACCOUNT,
    WrongCode,
    WrongSignIn,
    check_password,
    current_code,
    sign_in,
    sign_out,
)
from offices.staff import RoleGrant, StaffMember, StaffSession
from tests.offices.conftest import PASSWORD

HERE = "192.0.2.10"


def code(database, now, username="maryam"):
    with database.reading() as session:
        return current_code(session, username, now)


def enter(database, person, now, address=HERE):
    typed = code(database, now, person.username)
    return sign_in(
        database, person.staff_member_id, typed, address=address, browser="test", now=now
    )


def is_open(database, key, now):
    with database.reading() as session:
        return sessions.session_with(session, key, now=now) is not None


def actions(database):
    with database.reading() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_the_right_name_and_password_say_who_it_is(database, add_person, now):
    person = add_person("maryam")

    who = check_password(database, " MARYAM ", PASSWORD, address=HERE, now=now)

    assert who == person.staff_member_id


@pytest.mark.parametrize(
    ("username", "password"),
    [("maryam", "wrong"), ("nobody", PASSWORD), ("", ""), ("maryam", PASSWORD + "x" * 200)],
    ids=["wrong password", "unknown name", "nothing", "too long"],
)
def test_a_wrong_sign_in_is_refused_and_written_down(database, add_person, now, username, password):
    add_person("maryam")

    with pytest.raises(WrongSignIn) as refused:
        check_password(database, username, password, address=HERE, now=now)

    assert refused.value.details == {}, "which of the two is wrong is not told"
    assert actions(database)[-1] == "staff.sign_in_failed"


def test_a_disabled_person_is_told_what_a_stranger_is_told(database, add_person, now):
    person = add_person("maryam")
    with database.writing() as session:
        disable(session, person.staff_member_id, by_id=None, now=now)

    with pytest.raises(WrongSignIn):
        check_password(database, "maryam", PASSWORD, address=HERE, now=now)


def test_guessing_from_elsewhere_does_not_lock_the_owner_out(database, add_person, now):
    person = add_person("maryam")
    enter(database, person, now, address=HERE)
    for _ in range(TRIES_OF_AN_ACCOUNT):
        with pytest.raises(WrongSignIn):
            check_password(database, "maryam", "guess", address="198.51.100.7", now=now)

    with pytest.raises(TooManyTries):
        check_password(database, "maryam", PASSWORD, address="198.51.100.7", now=now)
    assert check_password(database, "maryam", PASSWORD, address=HERE, now=now)


@pytest.mark.parametrize("steps", [-1, 0, 1], ids=["device slow", "exact", "device fast"])
def test_a_code_may_be_one_step_off_and_typed_in_persian(database, add_person, now, steps):
    person = add_person("maryam")
    shown = to_persian(code(database, now + timedelta(seconds=steps * STEP_SECONDS)))
    typed = f" {shown[:3]} {shown[3:]} "

    key = sign_in(database, person.staff_member_id, typed, address=HERE, browser="test", now=now)

    assert is_open(database, key, now)


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_two_steps_off_is_refused(database, add_person, now, steps):
    person = add_person("maryam")
    typed = code(database, now + timedelta(seconds=steps * STEP_SECONDS))

    with pytest.raises(WrongCode):
        sign_in(database, person.staff_member_id, typed, address=HERE, browser="", now=now)
    assert actions(database)[-1] == "staff.code_failed"


def test_a_code_is_good_for_once(database, add_person, now):
    person = add_person("maryam")
    enter(database, person, now)

    with pytest.raises(WrongCode):
        enter(database, person, now)


def test_without_the_taken_step_the_same_code_would_open_twice(database, add_person, now):
    person = add_person("maryam")
    enter(database, person, now)
    with database.writing() as session:
        member = session.get_one(StaffMember, person.staff_member_id)
        member.totp_step = 0

    with database.writing() as session:
        member = session.get_one(StaffMember, person.staff_member_id)
        assert accept_code(session, member, code(database, now), now=now)


def test_codes_cannot_be_guessed_for_long(database, add_person, now):
    person = add_person("maryam")
    for _ in range(CODES_OF_A_PERSON):
        with pytest.raises(WrongCode):
            sign_in(database, person.staff_member_id, "000", address=HERE, browser="", now=now)

    with pytest.raises(TooManyTries):
        enter(database, person, now)


@pytest.mark.parametrize(
    ("seen_after", "asked_after", "open_"),
    [
        ((), timedelta(minutes=14, seconds=59), True),
        ((), timedelta(minutes=15), False),
        (tuple(range(10, 600, 10)), timedelta(hours=9, minutes=59), True),
        (tuple(range(10, 610, 10)), timedelta(hours=10), False),
    ],
    ids=["within idle time", "idle too long", "busy all day", "longer than a day's work"],
)
def test_a_sign_in_ends_by_itself(database, add_person, now, seen_after, asked_after, open_):
    key = enter(database, add_person("maryam"), now)
    with database.writing() as session:
        row = session.scalars(select(StaffSession)).one()
        for minutes in seen_after:
            sessions.look_at(session, row.id, now=now + timedelta(minutes=minutes))

    assert is_open(database, key, now + asked_after) is open_


def test_a_copied_cookie_is_worth_nothing_after_sign_out(database, add_person, now):
    key = enter(database, add_person("maryam"), now)

    with database.writing() as session:
        sign_out(session, session.scalars(select(StaffSession)).one(), now=now)

    assert not is_open(database, key, now)
    assert actions(database)[-1] == "staff.sign_out"


@pytest.mark.parametrize("what", ["disabled", "role ended"])
def test_a_person_who_is_let_go_is_out_at_once(database, add_person, now, what):
    person = add_person("maryam")
    key = enter(database, person, now)

    with database.writing() as session:
        if what == "disabled":
            disable(session, person.staff_member_id, by_id=None, now=now)
        else:
            grant_id = session.scalars(select(RoleGrant.id)).one()
            end_role(session, grant_id, ended_by_id=None, now=now)

    assert not is_open(database, key, now)


def test_the_fourth_sign_in_ends_the_oldest(database, add_person, now):
    person = add_person("maryam")
    keys = [enter(database, person, now + timedelta(minutes=n)) for n in range(4)]

    after = now + timedelta(minutes=4)
    assert [is_open(database, key, after) for key in keys] == [False, True, True, True]


def test_the_database_holds_no_key_of_a_cookie(database, add_person, now):
    key = enter(database, add_person("maryam"), now)

    with database.reading() as session:
        row = session.scalars(select(StaffSession)).one()
    assert key not in (row.key_hash, row.browser, row.address)
    assert len(row.key_hash) == 64


@pytest.mark.parametrize("password", ["short", "x" * 129])
def test_a_weak_password_is_refused(password):
    with pytest.raises(WeakPassword):
        hashed(password)


def test_a_stranger_has_no_code(database, now):
    with pytest.raises(NotFound):
        code(database, now, "nobody")

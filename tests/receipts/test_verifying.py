"""Verifying: the number shows state and day, the key more, and a guesser learns nothing."""

from contextlib import suppress

import pytest
from sqlalchemy import event

from core.clock import tehran_date
from core.refusals import NotFound
from donations.pledging import CashItem
from offices.scope import EVERYWHERE
from receipts.life.numbering import UnreadableNumber
from receipts.life.replacements import Corrections
from receipts.life.replacing import approve_replacement, ask_for_replacement
from receipts.life.series import Receipt
from receipts.public.verifying import masked_name, verify
from tests.factories import a_desk_contribution, a_staff_member, two_void


@pytest.fixture
def receipt(session):
    staff = a_staff_member(session)
    contribution = a_desk_contribution(session, CashItem(2_500_000), staff_id=staff.id)
    return session.query(Receipt).filter_by(contribution_id=contribution.id).one()


def replaced(session, receipt, now):
    """Two persons have the donor's name corrected."""
    asks, decides = (a_staff_member(session, name) for name in ("who-asks", "who-decides"))
    request = ask_for_replacement(
        session, EVERYWHERE, receipt.id, Corrections(donor_name="مریم رضایی"),
        reason="نام نادرست", asked_by_id=asks.id, now=now,
    )  # fmt: skip
    successor = approve_replacement(
        session, EVERYWHERE, request.id, decided_by_id=decides.id, now=now
    )
    session.expire_all()
    return successor


def statements(session, number):
    """What verifying a number with a wrong key asks the database, without the values."""
    sent = []

    def note(_connection, _cursor, statement, *_rest):
        sent.append(statement)

    session.expunge_all()
    event.listen(session.get_bind(), "before_cursor_execute", note)
    with suppress(NotFound):
        verify(session, number, "f" * 16)
    event.remove(session.get_bind(), "before_cursor_execute", note)
    return sent


def test_the_number_alone_shows_state_and_day(session, receipt):
    shown = verify(session, "1405-07-000001")

    assert shown.number == receipt.number
    assert shown.is_valid
    assert shown.issued_on == receipt.issued_on
    assert shown.details is None


def test_the_key_adds_kind_and_amount(session, receipt):
    details = verify(session, receipt.number, receipt.verify_key).details

    assert details is not None
    assert (details.kind, details.amount_rial, details.masked_name) == ("cash", 2_500_000, None)


@pytest.mark.parametrize("key", ["0" * 16, "", "کلید", "0" * 15])
def test_a_wrong_key_is_answered_like_none(session, receipt, key):
    assert verify(session, receipt.number, key) == verify(session, receipt.number)


def test_a_void_receipt_says_since_when(session, receipt, now):
    two_void(session, receipt.contribution_id)
    session.expire_all()

    shown = verify(session, receipt.number, receipt.verify_key)

    assert shown.state == "void"
    assert not shown.is_valid
    assert shown.void_since == tehran_date(now)


def test_a_number_that_was_never_issued_is_not_found(session, receipt):
    with pytest.raises(NotFound):
        verify(session, "1405-07-000002", receipt.verify_key)


def test_a_wrong_key_and_a_number_nobody_has_cost_the_same_work(session, receipt):
    """What a guesser could time is what we ask the database: the same statements, as many."""
    with_wrong_key = statements(session, receipt.number)
    never_issued = statements(session, "1405-07-000002")

    assert with_wrong_key == never_issued
    assert len(never_issued) == 1


def test_what_is_no_number_is_said_to_be_none(session):
    with pytest.raises(UnreadableNumber):
        verify(session, "1405' OR 1=1")


@pytest.mark.parametrize(
    ("name", "masked"),
    [("مریم رضایی", "م••• ر•••"), ("Ali", "A•••"), ("  شرکت  آب ", "ش••• آ•••")],
)
def test_a_name_is_shown_by_its_first_letters(name, masked):
    assert masked_name(name) == masked

"""Verifying: the number shows state and day, the key more, and a guesser learns nothing."""

from datetime import timedelta

import pytest

from core.bulk import single
from core.refusals import NotFound
from donations.pledging import CashItem
from receipts.issuing import void_receipts
from receipts.numbering import UnreadableNumber
from receipts.series import Receipt
from receipts.verifying import masked_name, verify
from tests.factories import a_desk_contribution, a_staff_member


@pytest.fixture
def receipt(session):
    staff = a_staff_member(session)
    contribution = a_desk_contribution(session, CashItem(2_500_000), staff_id=staff.id)
    return session.query(Receipt).filter_by(contribution_id=contribution.id).one()


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
    later = now + timedelta(days=3)
    chosen = single(receipt.contribution_id)
    void_receipts(session, chosen, reason="خطای ثبت", voided_by_id=None, now=later)

    shown = verify(session, receipt.number, receipt.verify_key)

    assert not shown.is_valid
    assert shown.void_since == receipt.issued_on + timedelta(days=3)


def test_a_number_that_was_never_issued_is_not_found(session, receipt):
    with pytest.raises(NotFound):
        verify(session, "1405-07-000002", receipt.verify_key)


def test_what_is_no_number_is_said_to_be_none(session):
    with pytest.raises(UnreadableNumber):
        verify(session, "1405' OR 1=1")


@pytest.mark.parametrize(
    ("name", "masked"),
    [("مریم رضایی", "م••• ر•••"), ("Ali", "A•••"), ("  شرکت  آب ", "ش••• آ•••")],
)
def test_a_name_is_shown_by_its_first_letters(name, masked):
    assert masked_name(name) == masked

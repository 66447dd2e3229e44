"""The worker seals, asks for the time, and keeps: from the contribution to the file on disk."""

import pytest
from sqlalchemy import select

from donations.pledging import CashItem
from flows.jobs import handlers
from jobs.runner import work_off
from receipts.life.files import ReceiptFiles
from receipts.life.series import Receipt
from receipts.seals.seal import check_seal
from tests.factories import NOON, a_desk_contribution, a_staff_member
from tests.receipts.test_seal import Clock, stamp


@pytest.fixture
def receipt(database):
    with database.writing() as session:
        clerk = a_staff_member(session)
        made = a_desk_contribution(session, CashItem(2_500_000), staff_id=clerk.id)
        return session.scalars(select(Receipt).where(Receipt.contribution_id == made.id)).one()


def worked(database, gateways, settings, url):
    """Let the worker do all that is due, with a time stamping authority at an address."""
    stamping = settings.model_copy(update={"seal_timestamp_url": url})
    known = handlers(database, gateways, stamping, clock=lambda: NOON)
    work_off(database, known, clock=lambda: NOON)
    return ReceiptFiles(stamping.receipt_files)


def test_a_kept_file_carries_the_time_of_its_seal(database, gateways, settings, receipt):
    with Clock(stamp) as url:
        files = worked(database, gateways, settings, url)

    state = check_seal(files.read(receipt.number), [])
    assert state.is_intact
    assert state.is_time_stamped


def test_a_silent_authority_keeps_no_receipt_from_its_donor(database, gateways, settings, receipt):
    with Clock(lambda _: b"") as url:
        files = worked(database, gateways, settings, url)

    state = check_seal(files.read(receipt.number), [])
    assert state.is_intact
    assert not state.is_time_stamped

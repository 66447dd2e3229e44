"""The button with which a desk has the link of a receipt sent once more."""

import pytest
from sqlalchemy import select

from donations.models.contribution import Contribution, Tender
from donations.models.pledge import Channel
from donations.pledging import CashItem, DonorFacts
from flows.receiving import receive_at_desk
from jobs.queue import Job
from offices.audit import AuditEntry
from offices.staff import Role
from receipts.life.series import Receipt
from tests.factories import NOON, a_pledge
from tests.staff import at_work


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


@pytest.fixture
def entry(database, clerk):
    """The page of an entry of the clerk's own desk."""
    return entered(database, clerk, DonorFacts(name="زهرا", mobile="09121234567"))


def entered(database, clerk, donor):
    with database.writing() as session:
        pledge = a_pledge(
            session, CashItem(1_000_000), donor=donor, office="07", channel=Channel.DESK
        )
        receive_at_desk(
            session, pledge, tender=Tender.CASH, staff_id=clerk.staff_member_id, now=NOON
        )
        return f"/desk/entries/{pledge.tracking_code}"


def link_of(database, entry):
    with database.reading() as session:
        receipt_id = session.scalars(select(Receipt.id).join(Contribution)).one()
    return f"{entry}/link/{receipt_id}"


def asked(database):
    with database.reading() as session:
        return session.scalars(select(Job.subject).where(Job.kind == "tell_receipt_again")).all()


def test_the_button_sends_the_link_and_leaves_its_trace(clerk, database, entry):
    page = clerk.check(
        clerk.http.post(link_of(database, entry), data=clerk.form(entry), follow_redirects=True)
    )

    assert "فرستاده می‌شود" in page.words
    assert len(asked(database)) == 1
    with database.reading() as session:
        acts = session.scalars(select(AuditEntry.action)).all()
        assert "receipt.send_link" in acts


def test_the_fourth_time_in_a_day_is_refused(clerk, database, entry):
    for _ in range(4):
        page = clerk.check(
            clerk.http.post(link_of(database, entry), data=clerk.form(entry), follow_redirects=True)
        )

    assert len(asked(database)) == 3
    assert "فرستاده می‌شود" not in page.words


def test_another_province_cannot_send_it(app, database, entry):
    stranger = at_work(app, database, Role.CLERK, office="06", username="stranger")
    path = link_of(database, entry)

    stranger.check(stranger.http.post(path, data=stranger.form("/desk/entries")), 404)

    assert asked(database) == []


def test_without_an_address_there_is_no_button(clerk, database):
    entry = entered(database, clerk, DonorFacts(name="زهرا"))

    assert "ارسال دوبارهٔ پیوند" not in clerk.get(entry).words

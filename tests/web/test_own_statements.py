"""A donor's statement of a year: sent to the donor, shown to nobody who only typed the name."""

import io

import pypdfium2
import pytest
from sqlalchemy import select

from donations.models.contribution import Tender
from donations.models.pledge import Channel
from donations.pledging import CashItem, DonorFacts
from flows.jobs import handlers
from flows.receiving import receive_at_desk
from jobs.runner import work_off
from notifications.outbox import Message
from receipts.public.delivery import StatementLink
from receipts.public.examining import examine
from receipts.seals.trust import trusted_pem
from tests.factories import NOON, a_pledge, a_staff_member

MARYAM = DonorFacts(name="مریم رضایی", mobile="09121234567")


@pytest.fixture
def given(database):
    """A gift that Maryam gave at a desk."""
    with database.writing() as session:
        clerk = a_staff_member(session)
        pledge = a_pledge(
            session, CashItem(1_111_000), donor=MARYAM, office="07", channel=Channel.DESK
        )
        receive_at_desk(session, pledge, tender=Tender.CASH, staff_id=clerk.id, now=NOON)
        return pledge


def ask(client, pledge, *, year=1405, status=200, key=None):
    token = client.get(f"/follow/{pledge.tracking_code}?key={key or pledge.view_key}")
    return client.post(
        f"/follow/{pledge.tracking_code}/statement",
        status=status,
        csrf_token=token.fields["csrf_token"],
        year=year,
        key=key or pledge.view_key,
    )


def links(database):
    with database.reading() as session:
        return session.scalars(select(StatementLink)).all()


def test_the_link_goes_to_the_donor_and_opens_the_sealed_statement(
    client, database, gateways, settings, given
):
    page = ask(client, given)
    (link,) = links(database)
    assert link.key not in page.html
    work_off(
        database, handlers(database, gateways, settings, clock=lambda: NOON), clock=lambda: NOON
    )

    with database.reading() as session:
        texts = session.scalars(select(Message.text).where(Message.wording == "statement")).all()
    path = next(line for line in texts[0].splitlines() if "/statements/" in line)
    answer = client.http.get(path.removeprefix(settings.public_url))
    assert answer.mimetype == "application/pdf"
    text = pypdfium2.PdfDocument(io.BytesIO(answer.data))[0].get_textpage().get_text_range()
    assert "مریم رضایی" in " ".join(text.split())
    seal = examine(answer.data, trusted_pem(settings)).seal
    assert seal is not None
    assert seal.holds


def test_whoever_types_the_donors_name_and_number_learns_nothing(client, database, given):
    """A stranger's own gift under her name and number opens only that gift, never her statement."""
    with database.writing() as session:
        stranger = a_pledge(session, CashItem(10_000), donor=MARYAM)
        assert stranger.donor_id == given.donor_id

    page = ask(client, stranger)

    assert "۱٬۱۱۱٬۰۰۰" not in page.words
    assert links(database)[0].key not in page.html


def test_without_the_gifts_key_nothing_can_be_asked_for(client, database, given):
    ask(client, given, key="0" * 32, status=404)

    assert links(database) == []


def test_a_year_without_receipts_is_not_offered(client, database, given):
    assert (
        "صورت سال ۱۴۰۵" in client.get(f"/follow/{given.tracking_code}?key={given.view_key}").words
    )
    ask(client, given, year=1404, status=404)

    assert links(database) == []


def test_a_donor_without_an_address_is_offered_none(client, database):
    with database.writing() as session:
        clerk = a_staff_member(session)
        pledge = a_pledge(session, donor=DonorFacts(name="مریم"), office="07", channel=Channel.DESK)
        receive_at_desk(session, pledge, tender=Tender.CASH, staff_id=clerk.id, now=NOON)

    assert (
        "صورت سال" not in client.get(f"/follow/{pledge.tracking_code}?key={pledge.view_key}").words
    )


def test_it_is_asked_for_three_times_a_day_at_most(client, database, given):
    for _ in range(4):
        ask(client, given)

    assert len(links(database)) == 3


def test_a_link_nobody_was_sent_opens_nothing(client):
    client.get(f"/statements/{'0' * 32}", status=404)

"""What can be printed of a gift, where it is offered, and to whom it opens."""

import pytest

from donations.accepting import HoursFound
from donations.models.contribution import Tender
from donations.pledging import CashItem, DonorFacts, GoodsItem, ServiceItem
from flows.receiving import receive_at_desk
from offices.staff import Role
from tests.factories import NOON, a_pledge, a_staff_member, two_void
from tests.page_client import PageClient
from tests.receipts.drawn import pdfium_text
from tests.staff import at_work

DONOR = DonorFacts(name="مریم رضایی", mobile="09123456789")
THERE = HoursFound(NOON.date(), NOON.date(), "مرکز آفتاب", "لاله احمدی")
EVERYTHING = (CashItem(1_000), GoodsItem("پتو", 20_000, "تخته"), ServiceItem("آموزش", 8))


class Given:
    """A gift that a desk took: its pledge, and the addresses of its receipt."""

    def __init__(self, session, *items, donor=DONOR):
        self.pledge = a_pledge(session, *(items or EVERYTHING), office="07", donor=donor)
        found = {item.id: THERE for item in self.pledge.items if item.kind == "service"}
        self.receipt = receive_at_desk(
            session,
            self.pledge,
            tender=Tender.CASH if self.pledge.cash_rial else None,
            staff_id=a_staff_member(session, f"taker-{self.pledge.id}").id,
            found=found,
            now=NOON,
        )

    def address(self, name="", key=None, **query):
        number = self.receipt.number.replace("/", "-")
        key = self.receipt.verify_key if key is None else key
        asked = "".join(f"&{name}={value}" for name, value in query.items())
        return f"/receipts/{number}{name}.pdf?key={key}{asked}"


@pytest.fixture
def given(database):
    with database.writing() as session:
        return Given(session)


@pytest.fixture
def client(app):
    return PageClient(app)


def pdf(client, address, status=200):
    answer = client.http.get(address)
    assert answer.status_code == status, answer.text
    if status != 200:
        return ""
    assert answer.mimetype == "application/pdf"
    return pdfium_text(answer.data)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("certificate", "مرکز آفتاب"),
        ("thanks", "لوح سپاس"),
        ("delivery-note", "رسید تحویل کالا"),
    ],
)
def test_further_documents_open_with_the_key_alone(client, given, name, said):
    assert said in pdf(client, given.address(f"/{name}"))
    pdf(client, given.address(f"/{name}", key="0" * 16), status=404)


@pytest.mark.parametrize(
    ("paper", "said"), [("a5", "اصل"), ("two-up", "نسخهٔ اداره"), ("roll", "اصل")]
)
def test_a_receipt_is_printed_on_the_paper_that_is_asked_for(client, given, paper, said):
    assert said in pdf(client, given.address(paper=paper))


@pytest.mark.parametrize("paper", ["a4", "x", ""])
def test_there_is_no_other_paper(client, given, paper):
    pdf(client, given.address(paper=paper), status=404)


def test_what_does_not_fit_a_gift_does_not_exist(client, database):
    with database.writing() as session:
        money = Given(session, CashItem(1_000))

    for name in ("certificate", "delivery-note", "invoice"):
        pdf(client, money.address(f"/{name}"), status=404)


def test_of_a_void_receipt_nothing_further_is_given(client, database, given):
    with database.writing() as session:
        two_void(session, given.receipt.contribution_id)

    for name in ("certificate", "thanks", "delivery-note"):
        pdf(client, given.address(f"/{name}"), status=404)
    assert "باطل" in pdf(client, given.address(paper="roll"))


def test_a_donor_is_offered_what_is_theirs_to_keep(client, given):
    path = f"/follow/{given.pledge.tracking_code}"

    shown = client.get(f"{path}?key={given.pledge.view_key}")

    assert "لوح سپاس" in shown.words
    assert "گواهی خدمت داوطلبانه" in shown.words
    assert "رسید تحویل کالا" not in shown.words
    assert "لوح سپاس" not in client.get(path).words


def test_a_desk_is_offered_every_paper_and_the_delivery_note(app, database, client, given):
    clerk = at_work(app, database, Role.CLERK)

    entry = clerk.get(f"/desk/entries/{given.pledge.tracking_code}")
    saved = clerk.get(f"/desk/walk-in/{given.pledge.tracking_code}")

    assert "رسید تحویل کالا" in entry.words
    for page in (entry, saved):
        papers = [link for link in page.links if "paper=" in link]
        assert len(papers) == 2
        for link in papers:
            pdf(client, link)


@pytest.fixture
def promised(database):
    with database.writing() as session:
        return a_pledge(session, CashItem(2_500_000), donor=DONOR, office="07")


@pytest.mark.parametrize("paper", ["a5", "roll"])
def test_a_slip_for_the_bank_names_id_and_amount(client, promised, paper):
    path = f"/follow/{promised.tracking_code}/slip.pdf"

    found = pdf(client, f"{path}?key={promised.view_key}&paper={paper}")

    assert promised.deposit_id in found
    assert "۲٬۵۰۰٬۰۰۰ ریال" in found
    assert "مریم رضایی" in found
    assert "۹۰۱۹۰" in found


def test_a_slip_opens_to_its_donor_and_its_desk_alone(app, database, client, promised):
    path = f"/follow/{promised.tracking_code}/slip.pdf"
    clerk = at_work(app, database, Role.CLERK)
    stranger = at_work(app, database, Role.CLERK, office="06")

    pdf(client, path, status=404)
    pdf(stranger, path, status=404)
    pdf(client, f"{path}?key={promised.view_key}&paper=two-up", status=404)
    assert promised.deposit_id in pdf(clerk, path)
    entry = clerk.get(f"/desk/entries/{promised.tracking_code}")
    assert path in entry.links


def test_there_is_no_slip_for_what_is_paid(client, given):
    path = f"/follow/{given.pledge.tracking_code}/slip.pdf"

    pdf(client, f"{path}?key={given.pledge.view_key}", status=404)

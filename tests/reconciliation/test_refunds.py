"""Refunds on the statement: found by the bank's reference, suggested by amount, undone like all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from donations.models.payment import PaymentState
from donations.models.refund import RefundRequest, Way
from donations.pledging import CashItem
from donations.refunding import Asked
from flows.by_hand import mark_refund
from flows.checking import check_ledger
from flows.importing import import_statement
from flows.rebuilding import rebuild_work_tables
from flows.reconciling import run
from flows.refunding import approve_refund, ask_for_refund
from flows.undoing import undo_line, undo_run
from ledger.postings import balance_rial
from offices.staff import Role
from reconciliation.assigning import AmountDiffers, RefundNotOpen, WrongSide
from reconciliation.expected import ExpectedRefund, OpenLine
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, Rule
from reconciliation.reasons import explanations
from reconciliation.refunds import refund_suggestions
from reconciliation.why_not import why_not
from tests.conftest import gateways_at
from tests.factories import NOON, a_pledge, a_staff_member
from tests.flows.test_refunding import Office
from tests.ledger.world import a_final_payment
from tests.reconciliation.bank import Booking
from tests.reconciliation.closings import YESTERDAY, Closer
from tests.sandbox import running_bank
from tests.staff import at_work

RIAL = 2_500_000


@pytest.fixture
def sent_back(database, gateways):
    """Two gifts of one amount, sent back with the bank by hand under these references."""
    requests = []
    with database.writing() as session:
        maker, checker = (a_staff_member(session, name).id for name in ("maker", "checker"))
    for number, reference in enumerate(("667788990011", "667788990022"), start=1):
        with database.writing() as session:
            pledge = a_pledge(session, CashItem(RIAL))
            payment_id = a_final_payment(session, pledge, order_number=number).id
            asked = Asked(Way.OUTSIDE, "خواست", outside_reference=reference, outside_on=NOON.date())
            request_id = ask_for_refund(
                session, gateways, payment_id, asked, asked_by_id=maker, now=NOON
            ).id
        approve_refund(database, gateways, request_id, decided_by_id=checker, clock=lambda: NOON)
        requests.append(request_id)
    return requests


def back(text, rial=RIAL):
    return Booking(-rial, description=text, payer="", branch="شاپرک")


def a_line(database, rial=-RIAL):
    with database.reading() as session:
        return session.scalars(
            select(StatementLine)
            .where(StatementLine.amount_rial == rial)
            .order_by(StatementLine.id)
        ).first()


def balance(database, account):
    with database.reading() as session:
        return balance_rial(session, account)


def failing(database):
    with database.reading() as session:
        return {check.name: check.detail for check in check_ledger(session).checks if not check.ok}


def test_a_refund_is_found_by_its_reference(database, sent_back, imported, reconciled):
    imported([back("عودت وجه پايانه 7001 پيگيري 667788990022")])

    assert reconciled() == {"refund": 1}

    with database.reading() as session:
        match = session.scalars(select(Match)).one()
        assert (match.rule, match.target_id) == (Rule.REFUND, sent_back[1])
        reason = explanations(session, [match.line_id])[match.line_id].reason
    assert "۶۶۷۷۸۸۹۹۰۰۲۲" in reason
    assert balance(database, "refunds") == -RIAL  # the other one is still under way
    assert balance(database, "suspense:90190") == 0
    assert failing(database) == {}


@pytest.mark.parametrize(
    "text",
    ["پيگيري 1667788990022", "پيگيري 6677889900220", "پيگيري 667788990023", "عودت وجه"],
    ids=["longer before", "longer after", "another", "none"],
)
@pytest.mark.usefixtures("sent_back")
def test_what_only_resembles_the_reference_is_left_to_people(database, imported, reconciled, text):
    imported([back(text)])

    assert reconciled() == {}
    with database.reading() as session:
        assert len(refund_suggestions(session, session.scalars(select(StatementLine)).one())) == 2


@pytest.mark.usefixtures("sent_back")
def test_the_reference_with_another_amount_is_left_to_people(database, imported, reconciled):
    imported([back("پيگيري 667788990022", RIAL - 1)])

    assert reconciled() == {}
    with database.reading() as session:
        line = session.scalars(select(StatementLine)).one()
        assert refund_suggestions(session, line) == []
        assert any("استرداد" in sentence for sentence in why_not(session, line))


@pytest.mark.usefixtures("sent_back")
def test_a_refund_differs_in_the_day_sheet_until_it_is_found(database, imported, reconciled):
    closer = Closer(database)
    awaited = replace(back("پيگيري 667788990022"), day=YESTERDAY)
    imported([awaited, replace(back("نامشخص", 7_000), day=YESTERDAY), Booking(5)])
    before = closer.differences(closer.prepare())
    assert reconciled() == {"refund": 1}
    after = closer.differences(closer.prepare())

    assert before == [("unmatched_debit", -RIAL), ("unmatched_debit", -7_000)]
    assert after == [("unmatched_debit", -7_000)]
    closer.close()  # what is known and owned does not keep a day open


@pytest.mark.usefixtures("sent_back")
def test_a_second_debit_of_the_same_refund_stays_open(database, imported, reconciled):
    imported([back("پيگيري 667788990022"), back("تکرار پيگيري 667788990022")])

    assert reconciled() == {"refund": 1}

    with database.reading() as session:
        assert len(session.scalars(select(OpenLine)).all()) == 1
    assert balance(database, "suspense:90190") == RIAL
    assert failing(database) == {}


@pytest.mark.usefixtures("sent_back")
def test_an_undone_run_lets_the_refund_be_awaited_again(database, imported, reconciled):
    imported([back("پيگيري 667788990022"), back("پيگيري 667788990011")])
    assert reconciled() == {"refund": 2}

    assert undo_run(database, 1, reason="اشتباه بود", now=NOON + timedelta(minutes=5)) == 2

    assert balance(database, "refunds") == -2 * RIAL
    with database.reading() as session:
        assert len(session.scalars(select(ExpectedRefund)).all()) == 2
    assert failing(database) == {}
    assert run(database, now=NOON + timedelta(minutes=6)).by_rule == {"refund": 2}


def test_work_tables_can_be_made_anew(database, sent_back, imported, reconciled):
    imported([back("پيگيري 667788990022")])
    reconciled()
    with database.writing() as session:
        rebuild_work_tables(session)

    with database.reading() as session:
        assert session.scalars(select(ExpectedRefund.request_id)).all() == [sent_back[0]]
    assert failing(database) == {}


def test_a_person_says_which_refund_a_debit_is_and_takes_it_back(database, sent_back, imported):
    imported([back("برداشت پايانه 7001"), Booking(5_000_000), back("برداشت", RIAL + 1)])
    line, credit, other = (a_line(database, rial) for rial in (-RIAL, 5_000_000, -RIAL - 1))
    with database.writing() as session:
        person = a_staff_member(session, "person").id

    def mark(which, request_id):
        with database.writing() as session:
            mark_refund(session, which.id, request_id, made_by_id=person, now=NOON)

    for which, request_id, refusal in (
        (credit, sent_back[0], WrongSide),
        (other, sent_back[0], AmountDiffers),
        (line, 4711, RefundNotOpen),
    ):
        with pytest.raises(refusal):
            mark(which, request_id)
    with database.reading() as session:
        assert [found.names_terminal for found in refund_suggestions(session, line)] == [True] * 2
    mark(line, sent_back[0])
    assert balance(database, "refunds") == -RIAL
    assert failing(database) == {}
    with database.reading() as session:
        assert "وجه استردادی" in explanations(session, [line.id])[line.id].reason
    with database.writing() as session:
        undo_line(session, line.id, reason="اشتباه", undone_by_id=person, now=NOON)
    assert failing(database) == {}


def test_the_page_of_an_open_debit_offers_its_refund(app, database, sent_back, imported):
    imported([back("برداشت پايانه 7001")])
    accountant = at_work(app, database, Role.FINANCE, office="00")
    line_id = a_line(database).id

    page = accountant.get("/finance/inbox")
    assert "همین استرداد است" in page.words
    page = accountant.send(
        f"/finance/lines/{line_id}/refund",
        {"refund": str(sent_back[0])},
        hidden=accountant.form(f"/finance/lines/{line_id}"),
    )

    assert "انطباق یافت" in page.words
    assert "وجه استردادی" in accountant.get(f"/finance/lines/{line_id}").words


def test_a_refund_through_the_gateway_is_on_the_statement_of_the_next_night(database, tmp_path):
    """From the donor's card and back, until the bank's own file explains every rial of it."""
    with running_bank(tmp_path) as bank:
        office = Office(database, gateways_at(bank.base_url), bank)
        payment = office.paid()
        assert office.send_back(payment) is PaymentState.REFUNDED
        bank.post("clock", days=2)
        import_statement(
            database,
            bank.statement(),
            "90190.xlsx",
            account="90190",
            now=datetime.now(UTC) + timedelta(days=2),
        )

    report = run(database, now=datetime.now(UTC) + timedelta(days=2))

    assert report.by_rule["refund"] == 1
    assert report.open == 0
    assert office.balance("refunds") == office.balance("gateway:mellat-main") == 0
    assert failing(database) == {}


def test_a_reversal_is_awaited_by_nobody(database, paying_gateways, sandbox_bank):
    office = Office(database, paying_gateways, sandbox_bank)
    office.send_back(office.paid(gateway="zarinpal-main"))

    assert office.all_of_expected() == []
    assert [request.way for request in office.all(RefundRequest)] == [Way.REVERSE]

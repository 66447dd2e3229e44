"""A small world with a fact of every kind: paid, surplus, sent back, at a desk, void, explained."""

from sqlalchemy import select

from donations.models.collection_round import COLLECTORS, Condition
from donations.models.contribution import Tender
from donations.models.desk import Decision
from donations.models.payment import Payment, PaymentState
from donations.models.pledge import Channel
from donations.models.refund import Way
from donations.pledging import CashItem, DonorFacts, GoodsItem
from donations.refunding import Asked
from flows.catalogue import enter_terminal
from flows.collecting import cancel_round, decide_on_round, remark
from flows.custody import decide_on_count
from flows.desk import hand_over_cash
from flows.importing import import_statement
from flows.receiving import receive_at_desk, receive_payment, reverse_contribution
from flows.reconciling import run
from flows.refunding import approve_refund, ask_for_refund, bank_took_back
from flows.sealing import seal_facts
from flows.slip_voids import void_slip
from ledger.accounts import BankAccount
from offices.scope import EVERYWHERE
from payment_gateways.contract import Kind, Outcome
from receipts.life.chain import chain_series
from receipts.life.leaves import register_book, tell_leaf
from receipts.life.paper_books import Fate
from tests.custody import a_box, a_round, a_session, counted, counted_round, found
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member, office_id
from tests.goods import a_need, an_offer, looked_at

FUND = "19041062101"
_HEADING = "مانده,بستانکار,بدهکار,شرح,شماره سریال,شناسه واریز,شعبه,زمان,تاریخ"


def a_final_payment(session, pledge, *, order_number):
    """A payment that the bank has confirmed and settled."""
    payment = Payment(
        pledge_id=pledge.id,
        gateway="mellat-main",
        order_number=order_number,
        amount_rial=2_500_000,
        state=PaymentState.SETTLED,
        return_key=f"{order_number:032d}",
        token=f"token-{order_number}",
        bank_reference=f"9{order_number}",
        trace_number=f"8{order_number}",
        created_at=NOON,
        changed_at=NOON,
        check_after=NOON,
    )
    session.add(payment)
    session.flush()
    receive_payment(session, payment, now=NOON)
    return payment


def a_world(database):
    """Fill a fresh database and seal it; every proof holds."""
    with database.writing() as session:
        clerk = a_staff_member(session)
        manager = a_staff_member(session, "manager")
        online = a_pledge(session, CashItem(2_500_000, FUND), donor=DonorFacts(name="مریم"))
        a_final_payment(session, online, order_number=1)
        a_final_payment(session, online, order_number=2)  # of a promise that was already paid
        a_desk_contribution(
            session, CashItem(1_000_000), GoodsItem("پتو", 20_000, "تخته"), staff_id=clerk.id
        )
        _a_card_and_a_cheque(session, clerk)
        wrong = a_desk_contribution(session, CashItem(300_000), staff_id=clerk.id)
        reverse_contribution(
            session,
            wrong.id,
            reason="دو بار نوشته شد",
            asked_by_id=clerk.id,
            approved_by_id=manager.id,
            now=NOON,
        )
        slip = hand_over_cash(
            session,
            office_id(session),
            1_000_000,
            made_by_id=clerk.id,
            request_key=None,
            now=NOON,
        )
        _a_paper_book(session, clerk)
        _cash_in_custody(session)
        _goods_on_their_way(session)
        a_pledge(session, CashItem(900_000))
        promised = a_pledge(session, CashItem(700_000))
        deposit_ids = promised.deposit_id, slip.deposit_id, online.deposit_id
    _send_back(database, maker_id=clerk.id, checker_id=manager.id)
    _import(database, *deposit_ids)
    run(database, now=NOON)
    chain_series(database, now=NOON)
    seal_facts(database, now=NOON)


def _a_card_and_a_cheque(session, clerk):
    account_id = session.scalars(select(BankAccount.id)).one()
    enter_terminal(session, "pos-07", "5107", bank_account_id=account_id)
    for tender, facts in (
        (Tender.CARD_TERMINAL, {"terminal": "pos-07", "trace_number": "654321"}),
        (Tender.CHEQUE, {"cheque_number": "123456"}),
    ):
        pledge = a_pledge(session, CashItem(400_000), office="07", channel=Channel.DESK)
        receive_at_desk(session, pledge, tender=tender, staff_id=clerk.id, now=NOON, **facts)


def _goods_on_their_way(session):
    """At another desk: a need that is reserved and received in parts."""
    clerk = a_staff_member(session, "store", office="09")
    need = a_need(session, 30, staff_id=clerk.id, office="09", category="other")
    an_offer(session, need, 12)
    brought = an_offer(session, need, 10).pledge
    looked_at(session, brought, staff_id=clerk.id, office="09")


def _cash_in_custody(session):
    """At another desk: a drawer closed short, one that is open, and a round of two boxes.

    One box of it was broken, so that both collectors have their remark. Its cash lies in a slip,
    after one that was voided; and another round was cancelled.
    """
    cashier, other = (a_staff_member(session, name, office="08") for name in ("till", "checker"))
    closed = a_session(session, cashier)
    a_desk_contribution(session, CashItem(90_000), staff_id=cashier.id, office="08")
    short = counted(session, closed, 85_000, by=cashier, reason="پول خرد")
    decide_on_count(
        session, EVERYWHERE, short.id, Decision.APPROVED, decided_by_id=other.id, now=NOON
    )
    a_session(session, cashier, 20_000)
    a_desk_contribution(session, CashItem(60_000), staff_id=cashier.id, office="08")
    walked = a_round(session, cashier, *(a_box(session, cashier) for _each in range(2)))
    found(session, walked, cashier, Condition.BROKEN)
    for place in COLLECTORS:
        remark(
            session, EVERYWHERE, walked.id, place, "پلمب شکسته بود", written_by_id=cashier.id,
            now=NOON,
        )  # fmt: skip
    count = counted_round(session, walked, cashier, 30_000, 10_000)
    decide_on_round(
        session, EVERYWHERE, count.id, Decision.APPROVED, decided_by_id=other.id, now=NOON
    )
    first, _second = (_slip_of_round(session, walked, cashier, other) for _each in range(2))
    assert first.void is not None
    nothing = a_round(session, cashier, a_box(session, cashier))
    cancel_round(session, EVERYWHERE, nothing.id, "باران", cancelled_by_id=cashier.id, now=NOON)


def _slip_of_round(session, walked, cashier, other):
    """A slip over the cash of a round; the first one of a desk is voided at once."""
    slip = hand_over_cash(
        session, cashier.office_id, 40_000, sources=[f"r{walked.id}"], made_by_id=cashier.id,
        request_key=None, now=NOON,
    )  # fmt: skip
    if slip.number == 1:
        void_slip(session, EVERYWHERE, slip.id, "بانک بسته بود", voided_by_id=other.id, now=NOON)
    return slip


def _a_paper_book(session, clerk):
    """A book of three leaves, of which two are told."""
    office, facts = office_id(session), {"registered_by_id": clerk.id, "now": NOON}
    book = register_book(
        session, office_id=office, series="الف", first_number=1, last_number=3, **facts
    )
    for number in (1, 2):
        facts = {"reason": "پاره شد", "told_by_id": clerk.id, "now": NOON}
        tell_leaf(session, EVERYWHERE, book.id, number, Fate.SPOILED, **facts)


def _send_back(database, *, maker_id, checker_id):
    """A gift refunded by hand, one that the bank took back, and surplus asked back."""
    with database.writing() as session:
        refunded = a_final_payment(session, a_pledge(session), order_number=3)
        taken = a_final_payment(session, a_pledge(session), order_number=4)
        bank_took_back(session, taken, Outcome(Kind.RETURNED), now=NOON)
        surplus_id = session.scalars(select(Payment.id).where(Payment.is_surplus)).one()
        requests = [
            ask_for_refund(
                session,
                {},
                payment_id,
                Asked(Way.OUTSIDE, "خواست", outside_reference=number, outside_on=NOON.date()),
                asked_by_id=maker_id,
                now=NOON,
            ).id
            for payment_id, number in ((refunded.id, "556677"), (surplus_id, "556688"))
        ]
    approve_refund(database, {}, requests[0], decided_by_id=checker_id, clock=lambda: NOON)


def _import(database, promised, slip, paid_already):
    """Two deposits and a fee that explain themselves, two lines that a person must look at."""
    rows = (
        f"5700000,700000,0,واریز نقدی,123456,{promised},,10:00:00,1405/09/02",
        "5690000,0,10000,کارمزد,123457,,اداره کل مدیریت عملیات,10:05:00,1405/09/02",
        "5890000,200000,0,انتقال از غریبه,123458,,,11:00:00,1405/09/02",
        f"6890000,1000000,0,واریز نقدی,123459,{slip},,11:30:00,1405/09/02",
        f"6940000,50000,0,واریز نقدی,123460,{paid_already},,12:00:00,1405/09/02",
    )
    file = "\n".join((_HEADING, *rows)).encode()
    import_statement(database, file, "day.csv", account="90190", now=NOON)

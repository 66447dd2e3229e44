"""Money on its way back: two persons, one order, and what the bank's own books say in the end."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from core.clock import tehran_date
from donations.models.contribution import ContributionReversal
from donations.models.desk import Decision
from donations.models.gateway import GatewayCall, GatewayFinding, GatewayTurn
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.models.pledge import ItemState, PledgeItem
from donations.models.refund import (
    Ending,
    OpenRefund,
    RefundDecision,
    RefundEnd,
    RefundRequest,
    Way,
)
from donations.pledging import CashItem
from donations.refunding import (
    Asked,
    NoWayBack,
    OutsideDayMissing,
    OutsideReferenceMissing,
    RefundAlreadyAsked,
    TakenAmountUnknown,
)
from donations.sending_back import claim_sending
from donations.voiding import AlreadyDecided, ReasonMissing, SecondPersonNeeded
from flows import refunding
from flows.alarming import alarm_refunds
from flows.checking import check_ledger
from flows.receiving import AlreadySettled
from flows.refunding import (
    approve_refund,
    ask_for_refund,
    bank_took_back,
    decline_refund,
    open_ways,
    sweep_refunds,
)
from flows.telling import Voice
from notifications.outbox import Message
from offices.granting import grant_role
from offices.staff import Role, StaffMember
from payment_gateways.contract import Kind, Outcome
from receipts.life.series import ReceiptVoid
from reconciliation.expected import ExpectedRefund, ExpectedTerminalMoney
from reconciliation.refunds import unseen_refunds
from tests.factories import a_staff_member
from tests.flows.test_paying import Till

S = PaymentState
RIAL = 2_500_000
VOICE = Voice("http://127.0.0.1:8000", "6369")


class Office(Till):
    """Two persons of finance over one till: the maker asks, the checker decides."""

    def __init__(self, database, gateways, bank):
        allowed = {name: replace(gateway, allows_refund=True) for name, gateway in gateways.items()}
        super().__init__(database, allowed, bank)
        with database.writing() as session:
            self.maker = a_staff_member(session, "maker").id
            self.checker = a_staff_member(session, "checker").id

    def paid(self, *items, gateway="mellat-main", do="pay", pledge_id=None):
        payment = self.begin(*(items or (CashItem(RIAL),)), gateway=gateway, pledge_id=pledge_id)
        return self.finished(payment, do=do)

    def finished(self, payment, *, do="pay"):
        if payment.gateway == "mellat-main":
            return self.come_back(payment, self.pay(payment, do))
        back = self.bank.pay(payment.token, do)
        query = dict(pair.split("=") for pair in back["url"].partition("?")[2].split("&"))
        return self.come_back(payment, query, method="GET")

    def surplus(self):
        """A payment that was confirmed before another one paid the promise, and settled after."""
        late = self.begin(CashItem(RIAL))
        self.bank.break_next("bpSettleRequest", "drop_before")
        self.finished(late)
        self.finished(self.begin(pledge_id=late.pledge_id))
        self.sweep()
        late = self.payment(late.id)
        assert late.is_surplus
        return late

    def ways(self, payment):
        with self.database.reading() as session:
            held = session.get_one(Payment, payment.id)
            return open_ways(session, self.gateways, held, now=self.clock())

    def ask(self, payment, way=None, **facts):
        facts = {"reason": "اهداکننده خواست", **facts}
        way = way or self.ways(payment)[0]
        with self.database.writing() as session:
            return ask_for_refund(
                session,
                self.gateways,
                payment.id,
                Asked(way, **facts),
                asked_by_id=self.maker,
                now=self.clock(),
            ).id

    def approve(self, request_id, by=None):
        return approve_refund(
            self.database,
            self.gateways,
            request_id,
            decided_by_id=by or self.checker,
            clock=self.clock,
        )

    def decline(self, request_id, by=None):
        with self.database.writing() as session:
            decline_refund(
                session,
                self.gateways,
                request_id,
                decided_by_id=by or self.checker,
                now=self.clock(),
            )

    def send_back(self, payment, way=None, **facts):
        return self.approve(self.ask(payment, way, **facts))

    def go_on(self, minutes=2):
        self.late += timedelta(minutes=minutes)
        return sweep_refunds(self.database, self.gateways, clock=self.clock)

    def all(self, model):
        with self.database.reading() as session:
            return session.scalars(select(model).order_by(model.id)).all()

    def all_of_expected(self):
        with self.database.reading() as session:
            return session.scalars(select(ExpectedRefund)).all()

    def steps(self, payment):
        with self.database.reading() as session:
            return session.scalars(
                select(PaymentStep)
                .where(PaymentStep.payment_id == payment.id)
                .order_by(PaymentStep.id)
            ).all()

    def refunds_at_bank(self, payment):
        number = str(payment.order_number)
        return [row for row in self.bank.get("refunds") if str(row["order_number"]) == number]

    def failing(self):
        with self.database.reading() as session:
            return {
                check.name: check.detail for check in check_ledger(session).checks if not check.ok
            }


@pytest.fixture
def office(database, paying_gateways, sandbox_bank):
    yield Office(database, paying_gateways, sandbox_bank)
    sandbox_bank.mend()


def test_a_settled_gift_is_refunded_by_two_persons(office):
    payment = office.paid(CashItem(1_000_000), CashItem(1_500_000, "19041062101"))
    assert office.ways(payment) == (Way.REFUND, Way.OUTSIDE)

    state = office.send_back(payment)

    assert state is S.REFUNDED
    (at_bank,) = office.refunds_at_bank(payment)
    (end,) = office.all(RefundEnd)
    assert (at_bank["amount"], end.bank_reference) == (RIAL, str(at_bank["reference"]))
    assert office.balance("fund:most-needed") == office.balance("fund:19041062101") == 0
    assert office.balance("refunds") == -RIAL
    assert office.balance("gateway:mellat-main") == RIAL  # it is paid out all the same
    (reversal,) = office.all(ContributionReversal)
    assert (reversal.asked_by_id, reversal.approved_by_id) == (office.maker, office.checker)
    assert office.count(ReceiptVoid) == 1
    assert {item.state for item in office.all(PledgeItem)} == {ItemState.WITHDRAWN}
    assert office.count(OpenRefund) == 0
    assert office.failing() == {}


@pytest.mark.parametrize(
    ("gateway", "step"), [("mellat-main", "refund"), ("zarinpal-main", "reverse")]
)
def test_what_sends_money_back_is_in_the_journal(office, gateway, step):
    payment = office.paid(gateway=gateway)
    office.send_back(payment)

    kept = [call for call in office.all(GatewayCall) if call.step == step]
    assert [(call.payment_id, call.kind) for call in kept] == [(payment.id, "done")]
    assert all(call.request and call.answer for call in kept)


def test_surplus_is_refunded_and_the_gift_stays(office):
    payment = office.surplus()

    assert office.send_back(payment) is S.REFUNDED

    assert office.balance("surplus") == 0
    assert office.balance("refunds") == -RIAL
    assert office.balance("fund:most-needed") == -RIAL
    assert office.count(ContributionReversal) == office.count(ReceiptVoid) == 0
    assert office.failing() == {}


def test_a_gift_is_reversed_while_the_bank_can_still_undo_it(office):
    payment = office.paid(gateway="zarinpal-main")
    assert office.ways(payment) == (Way.REVERSE, Way.OUTSIDE)

    assert office.send_back(payment) is S.REVERSED

    assert office.bank.payment(payment.order_number)["state"] == "reversed"
    for account in ("fund:most-needed", "gateway:zarinpal-main", "refunds"):
        assert office.balance(account) == 0
    assert office.count(ExpectedTerminalMoney) == office.count(ExpectedRefund) == 0
    assert office.count(ReceiptVoid) == 1
    assert office.failing() == {}


def test_after_its_window_a_payment_is_not_reversed_any_more(office):
    payment = office.paid(gateway="zarinpal-main")
    office.late += timedelta(minutes=31)

    assert office.ways(payment) == (Way.OUTSIDE,)  # this gateway has no refund of ours
    with pytest.raises(NoWayBack):
        office.ask(payment, Way.REVERSE)


def test_a_window_that_closes_before_the_decision_stops_the_approval(office):
    payment = office.paid(gateway="zarinpal-main")
    request_id = office.ask(payment)
    office.late += timedelta(minutes=31)

    with pytest.raises(NoWayBack):
        office.approve(request_id)

    assert office.payment(payment.id).state is S.CONFIRMED
    office.decline(request_id)
    assert office.ways(payment) == (Way.OUTSIDE,)


def test_a_mismatch_is_reversed_and_nothing_is_posted(office):
    payment = office.paid(do="other")
    assert payment.state is S.MISMATCH
    assert office.ways(payment)[0] is Way.REVERSE

    assert office.send_back(payment) is S.REVERSED

    assert office.bank.payment(payment.order_number)["state"] == "reversed"
    assert office.balance("gateway:mellat-main") == office.balance("surplus") == 0
    assert office.failing() == {}


def test_a_mismatch_sent_back_outside_posts_what_the_bank_took_first(office):
    payment = office.paid(do="other")
    with pytest.raises(TakenAmountUnknown):
        office.ask(payment, Way.OUTSIDE, outside_reference="778899", outside_on=_today(office))

    state = office.send_back(
        payment,
        Way.OUTSIDE,
        amount_rial=2_600_000,
        outside_reference="۷۷۸۸۹۹",
        outside_on=_today(office),
    )

    assert state is S.REFUNDED
    assert office.balance("gateway:mellat-main") == 2_600_000
    assert office.balance("surplus") == 0
    assert office.balance("refunds") == -2_600_000
    assert office.failing() == {}


def test_a_refund_made_at_the_bank_is_written_down_by_two_persons_and_nobody_is_called(office):
    payment = office.paid()
    calls = office.count(GatewayCall)

    state = office.send_back(
        payment, Way.OUTSIDE, outside_reference="778899", outside_on=_today(office)
    )

    assert state is S.REFUNDED
    assert office.count(GatewayCall) == calls
    assert office.refunds_at_bank(payment) == []
    (awaited,) = office.all_of_expected()
    assert (awaited.reference, awaited.amount_rial) == ("778899", RIAL)
    assert office.failing() == {}


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"outside_on": "today"}, OutsideReferenceMissing),
        ({"outside_reference": "778899"}, OutsideDayMissing),
        ({"outside_reference": "778899", "outside_on": "tomorrow"}, OutsideDayMissing),
        ({"outside_reference": "778899", "outside_on": "today", "reason": " "}, ReasonMissing),
    ],
)
def test_a_refund_made_at_the_bank_needs_its_number_and_day(office, facts, refusal):
    payment = office.paid()
    days = {"today": _today(office), "tomorrow": _today(office) + timedelta(days=1)}
    facts = {**facts, "outside_on": days.get(facts.get("outside_on"))}

    with pytest.raises(refusal):
        office.ask(payment, Way.OUTSIDE, **facts)

    assert office.count(RefundRequest) == 0


def test_whoever_asked_cannot_decide(office):
    request_id = office.ask(office.paid())

    with pytest.raises(SecondPersonNeeded):
        office.approve(request_id, by=office.maker)
    with pytest.raises(SecondPersonNeeded):
        office.decline(request_id, by=office.maker)

    assert office.count(RefundDecision) == 0


def test_the_database_itself_knows_that_two_persons_are_needed(office):
    request_id = office.ask(office.paid())

    for asked_by_id in (office.maker, office.checker):  # the same person; a maker who is none
        with pytest.raises(IntegrityError), office.database.writing() as session:
            session.add(
                RefundDecision(
                    request_id=request_id,
                    asked_by_id=asked_by_id,
                    decision=Decision.APPROVED,
                    decided_by_id=office.maker,
                    decided_at=office.clock(),
                )
            )
            session.flush()


def test_what_is_asked_for_is_not_asked_for_again(office):
    payment = office.paid()
    office.ask(payment)

    with pytest.raises(RefundAlreadyAsked):
        office.ask(payment)


def test_declined_nothing_moves_and_it_may_be_asked_for_again(office):
    payment = office.paid()
    request_id = office.ask(payment)

    office.decline(request_id)

    assert office.payment(payment.id).state is S.SETTLED
    assert office.refunds_at_bank(payment) == []
    with pytest.raises(AlreadyDecided):
        office.approve(request_id)
    assert office.send_back(payment) is S.REFUNDED
    assert office.failing() == {}


def test_a_payment_that_took_no_money_has_no_way_back(office):
    assert office.ways(office.begin()) == ()


def test_two_persons_approving_at_once_order_one_refund(office):
    payment = office.paid()
    request_id = office.ask(payment)
    with office.database.writing() as session:
        third = a_staff_member(session, "third").id
    start, ends = threading.Barrier(2), []

    def approve(by):
        start.wait()
        try:
            ends.append(office.approve(request_id, by=by))
        except AlreadyDecided as refusal:
            ends.append(refusal.code)

    people = [threading.Thread(target=approve, args=(by,)) for by in (office.checker, third)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(map(str, ends)) == ["refunded", "void.already_decided"]
    assert len(office.refunds_at_bank(payment)) == 1
    assert office.failing() == {}


def test_after_silence_the_bank_is_asked_and_the_refund_is_one(office):
    """The order arrived and its answer was lost."""
    payment = office.paid()
    office.bank.break_next("bpRefundRequest", "drop_after")

    assert office.send_back(payment) is S.REFUND_UNKNOWN
    assert office.balance("refunds") == 0
    office.go_on()

    assert office.payment(payment.id).state is S.REFUNDED
    assert len(office.refunds_at_bank(payment)) == 1
    assert office.balance("refunds") == -RIAL
    assert _sent(office, "refund_send") == 1
    assert office.failing() == {}


@pytest.mark.parametrize("fault", ["drop_before", "html_500"])
def test_an_order_that_never_arrived_is_sent_again_under_the_same_number(office, fault):
    payment = office.paid()
    office.bank.break_next("bpRefundRequest", fault)

    assert office.send_back(payment) is S.REFUND_UNKNOWN
    office.go_on()

    assert office.payment(payment.id).state is S.REFUNDED
    (at_bank,) = office.refunds_at_bank(payment)
    assert at_bank["number"] == str(office.all(RefundRequest)[0].number)
    assert len(office.refunds_at_bank(payment)) == 1
    assert office.failing() == {}


def test_a_bank_that_stays_silent_is_asked_again_and_again_and_nothing_is_sent_twice(office):
    payment = office.paid()
    office.bank.break_next("bpRefundRequest", "drop_after")
    office.bank.break_next("bpRefundInquiryRequest", "drop_after", times=2)

    office.send_back(payment)
    for _ in range(3):
        office.go_on()

    assert office.payment(payment.id).state is S.REFUNDED
    assert len(office.refunds_at_bank(payment)) == 1
    assert _sent(office, "refund_send") == 1


def test_silence_taken_for_a_refusal_would_keep_money_that_the_bank_has_sent_back(office):
    """The twin: who takes the order for failed and gives another one has books that lie."""
    payment = office.paid()
    office.bank.break_next("bpRefundRequest", "drop_after")
    office.send_back(payment)
    with office.database.writing() as session:
        session.execute(text("UPDATE payment SET state = 'settled'"))
        session.execute(text("DELETE FROM open_refund"))

    assert office.send_back(payment) is S.SETTLED  # the bank sends no more back than it took

    assert len(office.refunds_at_bank(payment)) == 1
    assert office.balance("fund:most-needed") == -RIAL
    assert "refund_requests" in office.failing()


def test_an_order_refused_the_second_time_is_asked_about_before_it_is_believed(office):
    payment = office.paid()
    office.bank.break_next("bpRefundRequest", "drop_after")
    office.send_back(payment)
    with office.database.writing() as session:  # somebody else was told that it never arrived
        session.execute(text("UPDATE open_refund SET may_send = true"))
    honest = office.gateways["mellat-main"]
    _answer(office, refund=Outcome(Kind.REFUSED, bank_code="19"))

    office.go_on()
    assert office.payment(payment.id).state is S.REFUND_UNKNOWN
    office.gateways["mellat-main"] = honest
    office.go_on()

    assert office.payment(payment.id).state is S.REFUNDED
    assert len(office.refunds_at_bank(payment)) == 1


def test_a_late_answer_about_an_earlier_request_ends_no_later_one(office):
    payment = office.paid()
    _answer(office, refund=Outcome(Kind.REFUSED, bank_code="19"))
    office.send_back(payment)
    earlier = office.all(RefundRequest)[0].id
    _answer(office, refund=Outcome(Kind.UNKNOWN), refund_status=Outcome(Kind.UNKNOWN))
    assert office.send_back(payment) is S.REFUND_UNKNOWN
    office.late += timedelta(minutes=5)

    with office.database.writing() as session:
        claimed = claim_sending(session, payment.id, now=office.clock())
        late = replace(claimed, request_id=earlier)
        refunding._record(session, payment.id, late, Outcome(Kind.DONE), now=office.clock())

    assert office.payment(payment.id).state is S.REFUND_UNKNOWN
    assert [end.ending for end in office.all(RefundEnd)] == [Ending.REFUSED]


def test_a_refund_that_the_bank_declines_leaves_everything_as_it_was(office):
    payment = office.paid()
    _answer(office, refund=Outcome(Kind.REFUSED, bank_code="19", reason_fa="موجودی کافی نیست"))

    assert office.send_back(payment) is S.SETTLED

    assert office.balance("fund:most-needed") == -RIAL
    assert [end.ending for end in office.all(RefundEnd)] == [Ending.REFUSED]
    assert office.count(ReceiptVoid) == 0
    assert office.ways(payment) == (Way.REFUND, Way.OUTSIDE)
    assert office.failing() == {}


def test_a_reversal_that_the_bank_declines_is_not_offered_again(office):
    payment = office.paid(gateway="zarinpal-main")
    _answer(office, gateway="zarinpal-main", reverse=Outcome(Kind.REFUSED, bank_code="-60"))

    assert office.send_back(payment) is S.CONFIRMED

    assert office.ways(payment) == (Way.OUTSIDE,)
    assert office.failing() == {}


def test_what_only_we_can_mend_stays_ordered_and_is_asked_about_before_it_is_sent(office):
    payment = office.paid()
    adapter = office.gateways["mellat-main"].adapter
    _answer(office, refund=Outcome(Kind.CONFIG_ERROR, bank_code="21"))

    assert office.send_back(payment) is S.REFUND_REQUESTED
    assert office.count(OpenRefund) == 1
    assert office.count(GatewayTurn) == 0  # donors may go on giving through it
    office.gateways["mellat-main"] = replace(office.gateways["mellat-main"], adapter=adapter)
    office.go_on()

    assert office.payment(payment.id).state is S.REFUNDED
    assert len(office.refunds_at_bank(payment)) == 1
    steps = [step.step for step in office.all(PaymentStep)][-4:]
    assert steps == ["refund", "refund_status", "refund_send", "refund"]


def test_a_refund_on_its_way_is_waited_for(office):
    payment = office.paid()
    _answer(
        office,
        refund=Outcome(Kind.UNKNOWN),
        refund_status=Outcome(Kind.OPEN, bank_reference="4455667788"),
    )
    office.send_back(payment)
    office.go_on()
    assert office.payment(payment.id).state is S.REFUND_UNKNOWN

    _answer(office, refund_status=Outcome(Kind.DONE))
    office.go_on()

    assert office.payment(payment.id).state is S.REFUNDED
    assert office.all(RefundEnd)[0].bank_reference == "4455667788"


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "html_500"])
def test_a_reversal_is_simply_repeated_after_silence(office, fault):
    payment = office.paid(do="other")
    office.bank.break_next("bpReversalRequest", fault)

    assert office.send_back(payment) is S.REVERSE_UNKNOWN
    office.go_on()

    assert office.payment(payment.id).state is S.REVERSED
    assert office.bank.payment(payment.order_number)["state"] == "reversed"
    assert office.failing() == {}


def test_an_answer_on_its_way_is_not_asked_for_by_somebody_else(office):
    payment = office.paid()
    _answer(office, refund=Outcome(Kind.UNKNOWN))
    office.ask(payment)
    with office.database.writing() as session:
        claimed = claim_sending(session, payment.id, now=office.clock())
    assert claimed is None  # nobody approved it

    office.approve(office.all(RefundRequest)[0].id)
    with office.database.writing() as session:
        assert claim_sending(session, payment.id, now=office.clock()) is None


def test_a_donor_is_told_once(office):
    office.send_back(office.paid())

    with office.database.reading() as session:
        asked = session.execute(
            text("SELECT count(*) FROM job WHERE kind = 'tell_payment_sent_back'")
        ).scalar_one()
    assert asked == 1
    assert office.count(Message) == 0  # it left no number


def test_the_bank_taking_a_gift_back_voids_it_at_once_and_it_may_be_paid_again(office):
    payment = office.paid()
    evidence = Outcome(Kind.RETURNED, bank_code="48", evidence={"state": "48"})

    with office.database.writing() as session:
        held = session.get_one(Payment, payment.id)
        assert bank_took_back(session, held, evidence, now=office.clock())
        assert not bank_took_back(session, held, evidence, now=office.clock())

    assert office.payment(payment.id).state is S.REVERSED
    assert office.balance("fund:most-needed") == office.balance("gateway:mellat-main") == 0
    (reversal,) = office.all(ContributionReversal)
    assert reversal.asked_by_id is reversal.approved_by_id is None
    assert office.count(ReceiptVoid) == 1
    assert {item.state for item in office.all(PledgeItem)} == {ItemState.PROMISED}
    assert office.failing() == {}
    again = office.begin(pledge_id=payment.pledge_id)
    assert office.finished(again).is_final
    assert office.failing() == {}


def test_the_bank_taking_surplus_back_empties_the_surplus(office):
    payment = office.surplus()

    with office.database.writing() as session:
        held = session.get_one(Payment, payment.id)
        bank_took_back(session, held, Outcome(Kind.RETURNED), now=office.clock())

    assert office.balance("surplus") == 0
    assert office.balance("fund:most-needed") == -RIAL
    assert office.failing() == {}


def test_a_request_that_the_bank_overtook_has_ended(office):
    payment = office.paid()
    request_id = office.ask(payment)

    with office.database.writing() as session:
        held = session.get_one(Payment, payment.id)
        bank_took_back(session, held, Outcome(Kind.RETURNED), now=office.clock())

    assert [end.ending for end in office.all(RefundEnd)] == [Ending.OVERTAKEN]
    with pytest.raises(AlreadyDecided):
        office.approve(request_id)
    assert office.failing() == {}


def test_what_was_found_on_the_statement_is_not_undone(office):
    payment = office.paid(gateway="zarinpal-main")
    with office.database.writing() as session:
        session.execute(text("DELETE FROM expected_terminal_money"))

    assert office.ways(payment) == (Way.OUTSIDE,)
    with pytest.raises(AlreadySettled), office.database.writing() as session:
        held = session.get_one(Payment, payment.id)
        bank_took_back(session, held, Outcome(Kind.RETURNED), now=office.clock())
    assert office.payment(payment.id).state is S.CONFIRMED


def test_a_reversal_whose_money_was_matched_meanwhile_waits_for_people(office):
    payment = office.paid(gateway="zarinpal-main")
    office.bank.break_next("reverse", "drop_after")
    office.send_back(payment)
    with office.database.writing() as session:
        rows = session.execute(text("SELECT * FROM expected_terminal_money")).mappings().all()
        session.execute(text("DELETE FROM expected_terminal_money"))

    office.go_on()
    assert office.payment(payment.id).state is S.REVERSE_UNKNOWN
    assert "reverse_matched" in {step.step for step in office.all(PaymentStep)}
    with office.database.writing() as session:  # the match is undone
        names = ", ".join(rows[0])
        gaps = ", ".join(f":{name}" for name in rows[0])
        session.execute(
            text(f"INSERT INTO expected_terminal_money ({names}) VALUES ({gaps})"),  # noqa: S608
            dict(rows[0]),
        )
    office.go_on(minutes=90)

    assert office.payment(payment.id).state is S.REVERSED
    assert office.failing() == {}


def test_an_order_that_may_still_arrive_is_not_sent_again(office):
    """The bank has not booked the order yet when it is asked: a second one would be paid too."""
    payment = office.paid()
    _answer(office, refund=Outcome(Kind.UNKNOWN), refund_status=Outcome(Kind.NOT_FOUND))
    office.send_back(payment)

    office.go_on(minutes=1)
    assert office.payment(payment.id).state is S.REFUND_UNKNOWN
    assert _sent(office, "refund_send") == 1
    office.go_on(minutes=2)

    assert _sent(office, "refund_send") == 2


def test_money_that_went_back_too_late_for_our_books_is_a_finding(office):
    payment = office.paid(gateway="zarinpal-main")
    _answer(office, gateway="zarinpal-main", reverse=Outcome(Kind.UNKNOWN))
    office.send_back(payment)
    office.late += timedelta(minutes=2)
    with office.database.writing() as session:
        claimed = claim_sending(session, payment.id, now=office.clock())
    office.late += timedelta(minutes=2)
    _answer(office, gateway="zarinpal-main", reverse=Outcome(Kind.REFUSED, bank_code="-60"))
    office.go_on()
    assert office.payment(payment.id).state is S.CONFIRMED

    with office.database.writing() as session:
        refunding._record(session, payment.id, claimed, Outcome(Kind.DONE), now=office.clock())

    (found,) = office.all(GatewayFinding)
    assert (found.payment_id, found.ours, found.theirs) == (payment.id, "confirmed", "done")


def alarms(office):
    with office.database.writing() as session:
        for _twice in range(2):
            alarm_refunds(session, VOICE, now=office.clock())
    return [message.wording for message in office.all(Message)]


@pytest.fixture
def reached(office):
    with office.database.writing() as session:
        member = session.get_one(StaffMember, office.checker)
        member.mobile = "09120000001"
        grant_role(session, member.id, Role.FINANCE, granted_by_id=None, now=office.clock())


@pytest.mark.usefixtures("reached")
@pytest.mark.parametrize("said", [Kind.CONFIG_ERROR, Kind.UNKNOWN])
def test_finance_is_told_once_of_a_refund_that_hangs(office, said):
    payment = office.paid()
    _answer(office, refund=Outcome(said), refund_status=Outcome(said))
    office.send_back(payment)
    office.go_on(minutes=100)
    assert alarms(office) == []

    office.go_on(minutes=30)

    assert alarms(office) == ["refund_hangs"]
    assert f"/finance/payments/{payment.id}" in office.all(Message)[0].text


@pytest.mark.usefixtures("reached")
def test_finance_is_told_of_a_refund_whose_gateway_was_removed(office):
    payment = office.paid()
    _answer(office, refund=Outcome(Kind.UNKNOWN))
    office.send_back(payment)
    del office.gateways["mellat-main"]

    office.go_on(minutes=130)

    assert alarms(office) == ["refund_hangs"]


@pytest.mark.usefixtures("reached")
def test_finance_is_told_once_of_a_refund_that_no_statement_shows(office):
    office.send_back(office.paid())
    office.late += timedelta(days=4)
    assert alarms(office) == []

    office.late += timedelta(days=2)
    assert alarms(office) == ["refund_unseen"]
    with office.database.writing() as session:  # seen meanwhile: nobody else is told
        session.execute(text("DELETE FROM expected_refund"))
        assert list(unseen_refunds(session, ended_by=office.clock())) == []


def _today(office):
    return tehran_date(office.clock())


def _sent(office, step):
    return office.count(PaymentStep, PaymentStep.step == step)


class Saying:
    """An adapter that gives made-up answers to some steps and leaves the rest to the real one."""

    def __init__(self, adapter, answers):
        self._adapter, self._answers = adapter, answers

    def __getattr__(self, name):
        if name in self._answers:
            return lambda *_facts: self._answers[name]
        return getattr(self._adapter, name)


def _answer(office, gateway="mellat-main", **answers):
    gateways = office.gateways
    gateways[gateway] = replace(
        gateways[gateway], adapter=Saying(gateways[gateway].adapter, answers)
    )

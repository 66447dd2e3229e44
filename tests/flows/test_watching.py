"""Gateways that are silent, that let nobody in, and that say otherwise than our rows."""

import copy
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from donations.comparing import Verdict, verdict_on
from donations.finding_solutions import AlreadySolved, SolutionMissing, solve
from donations.gateway_health import Breaker, NotPaused, Why, note_silence
from donations.models.contribution import Contribution
from donations.models.gateway import (
    FindingKind,
    GatewayCall,
    GatewayFinding,
    GatewayHealth,
    GatewayState,
    GatewayTurn,
)
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.pledging import DonorFacts
from flows.alarming import alarm_gateway_paused
from flows.paying import GatewayRests, begin_payment
from flows.telling import Voice
from flows.watching import (
    AlreadyPaused,
    check_and_let_back,
    check_resting,
    compare_with_banks,
    find_unverified,
    take_out,
)
from jobs.queue import Job
from notifications.outbox import Message
from offices.granting import grant_role
from offices.staff import Role
from payment_gateways.contract import Kind, Outcome, Recovery
from tests.factories import NOON, a_pledge, a_staff_member
from tests.flows.test_paying import Till
from tests.proofs.test_races import at_once

S = PaymentState
BREAKER = Breaker(failures=3, rest=timedelta(seconds=30))
MELLAT, ZARINPAL = "mellat-main", "zarinpal-main"
VOICE = Voice("http://127.0.0.1:8000", "6369")


@pytest.fixture
def till(database, paying_gateways, sandbox_bank):
    yield Till(database, paying_gateways, sandbox_bank)
    sandbox_bank.mend()


def adjusted(till, name, adapter=None, **facts):
    """The same bank with other facts in its manifest or another adapter's steps."""
    gateway = till.gateways[name]
    adapter = adapter or copy.copy(gateway.adapter)
    adapter.manifest = replace(gateway.manifest, **facts)
    till.gateways = {**till.gateways, name: replace(gateway, adapter=adapter)}


def health(till, name=MELLAT):
    with till.database.reading() as session:
        return session.get(GatewayHealth, name)


def calls(till, **facts):
    with till.database.reading() as session:
        return session.scalars(
            select(GatewayCall).filter_by(**facts).order_by(GatewayCall.id)
        ).all()


def let_it_rest(till, name=MELLAT):
    operation = {"mellat-main": "bpPayRequest", "zarinpal-main": "request"}[name]
    till.bank.break_next(operation, "drop_before", times=3)
    for _ in range(3):
        till.begin(gateway=name)
    assert health(till, name).state is GatewayState.RESTING


# --- the journal --------------------------------------------------------------------------------


def test_every_call_of_a_gift_is_in_the_journal(till):
    payment = till.begin()
    till.come_back(payment, till.pay(payment))

    kept = calls(till, payment_id=payment.id)
    assert [(call.step, call.operation, call.kind) for call in kept] == [
        ("start", "bpPayRequest", "started"),
        ("confirm", "bpVerifyRequest", "confirmed"),
        ("settle", "bpSettleRequest", "done"),
    ]
    assert all(call.status == 200 and call.request and call.answer for call in kept)
    assert all(call.waited_ms >= 0 for call in kept)


def test_the_journal_holds_neither_a_secret_nor_a_mobile_number(till):
    with till.database.writing() as session:
        donor = DonorFacts(mobile="09121234567")
        pledge_id = a_pledge(session, donor=donor, now=till.clock()).id
    for name in (MELLAT, ZARINPAL):
        begin_payment(
            till.database, till.gateways, pledge_id=pledge_id, gateway=name,
            public_url="http://127.0.0.1:8000", mobile="09121234567", clock=till.clock,
        )  # fmt: skip

    said = "".join(call.request + call.answer for call in calls(till))
    assert "/bank/return/•••" in said  # the key would open the donor's own view
    assert "1234567" not in said
    assert "0912•••4567" in said  # it was sent, and is masked here


def test_a_long_or_odd_answer_is_cut_and_kept(till):
    till.bank.break_next("bpPayRequest", "huge")
    till.begin()
    till.bank.post(
        "faults", operation="bpPayRequest", fault="body", body="\x00 noise " * 900, status=200
    )
    till.begin()

    huge, odd = calls(till, step="start")
    assert len(huge.answer) <= 4_000
    assert odd.answer.startswith("␀ noise")
    assert len(odd.answer) == 4_000


def test_silence_is_in_the_journal_with_its_reason(till):
    till.bank.break_next("bpPayRequest", "drop_before")
    till.begin()

    (call,) = calls(till, step="start")
    assert (call.status, call.silence, call.kind) == (None, "broken_off", "unknown")


def test_the_journal_only_grows(till):
    till.begin()

    with pytest.raises(Exception, match="insert-only"), till.database.writing() as session:
        session.execute(update(GatewayCall).values(answer="better"))


# --- the circuit breaker ------------------------------------------------------------------------


def test_good_answers_write_nothing_of_health(till):
    payment = till.begin()
    till.come_back(payment, till.pay(payment))

    assert till.count(GatewayHealth) == till.count(GatewayTurn) == 0


def test_three_silent_answers_let_a_gateway_rest_and_another_is_to_be_chosen(till):
    let_it_rest(till)

    with pytest.raises(GatewayRests):
        till.begin()
    assert till.begin(gateway=ZARINPAL).state is S.REDIRECTED


def test_a_good_answer_between_them_is_forgiven_everything(till):
    till.bank.break_next("bpPayRequest", "drop_before", times=2)
    for _ in range(3):
        till.begin()
    till.bank.break_next("bpPayRequest", "drop_before", times=2)
    for _ in range(2):
        till.begin()

    assert health(till).failures == 2
    assert health(till).state is GatewayState.ANSWERING


def test_a_confirm_with_an_unlisted_code_is_about_one_payment_not_about_the_bank(till):
    till.bank.break_next("bpVerifyRequest", "unlisted_code", times=9)
    payment = till.begin()
    till.come_back(payment, till.pay(payment))
    for _ in range(5):
        till.sweep(minutes=1)

    assert health(till) is None


def note_once(database):
    with database.writing() as session:
        return note_silence(session, MELLAT, BREAKER, Why(), now=NOON)


def test_sixteen_failures_at_once_are_counted_right_and_let_it_rest_once(database):
    came = at_once(*[lambda: note_once(database)] * 16)

    assert sorted(came) == [*[False] * 15, True]
    with database.reading() as session:
        row = session.get_one(GatewayHealth, MELLAT)
        assert (row.failures, row.rests, row.state) == (16, 1, GatewayState.RESTING)


def test_twin_read_first_and_written_then_some_failures_are_lost(database):
    note_once(database)

    def count_one_more():
        with database.reading() as session:
            known = session.get_one(GatewayHealth, MELLAT).failures
        time.sleep(0.05)
        with database.writing() as session:
            session.execute(update(GatewayHealth).values(failures=known + 1))

    at_once(*[count_one_more] * 8)

    with database.reading() as session:
        assert session.get_one(GatewayHealth, MELLAT).failures < 9


def test_a_resting_gateway_is_asked_in_time_and_comes_back_on_probation(till):
    let_it_rest(till)
    assert check_resting(till.database, till.gateways, clock=till.clock) == 0
    assert calls(till, step="check") == []  # not before its time

    till.late += timedelta(seconds=61)
    assert check_resting(till.database, till.gateways, clock=till.clock) == 1
    assert health(till).state is GatewayState.ANSWERING
    till.bank.break_next("bpPayRequest", "drop_before")
    till.begin()
    assert health(till).state is GatewayState.RESTING  # one silent answer was enough

    assert health(till).rest_until - health(till).since == timedelta(seconds=120)  # twice as long


def test_a_real_answer_ends_probation(till):
    let_it_rest(till)
    till.late += timedelta(seconds=61)
    check_resting(till.database, till.gateways, clock=till.clock)

    till.begin()

    assert (health(till).failures, health(till).rests) == (0, 0)


def test_a_gateway_that_stays_silent_rests_ever_longer_up_to_ten_minutes(till):
    let_it_rest(till)
    till.bank.break_next("bpInquiryRequest", "drop_before", times=99)
    rests = []
    for _ in range(5):
        till.late = health(till).rest_until - (till.clock() - till.late) + timedelta(seconds=1)
        asked_at = till.clock()
        check_resting(till.database, till.gateways, clock=till.clock)
        rests.append(round((health(till).rest_until - asked_at).total_seconds()))

    assert rests == [120, 240, 480, 600, 600]


def test_of_many_who_come_to_check_one_asks(till):
    let_it_rest(till)
    till.late += timedelta(seconds=61)

    at_once(*[lambda: check_resting(till.database, till.gateways, clock=till.clock)] * 6)

    assert len(calls(till, step="check")) == 1


def test_when_every_bank_rests_a_donor_tries_only_one_whose_rest_is_over(till):
    let_it_rest(till)
    let_it_rest(till, ZARINPAL)
    with pytest.raises(GatewayRests):
        till.begin()

    till.late += timedelta(seconds=61)

    assert till.begin().state is S.REDIRECTED
    assert health(till).state is GatewayState.ANSWERING


# --- taken out ----------------------------------------------------------------------------------


def test_credentials_that_are_refused_take_the_gateway_out_and_leave_the_gift_open(till):
    payment = till.begin()
    fields = till.pay(payment)
    till.bank.break_next("bpVerifyRequest", "credentials")

    after = till.come_back(payment, fields)

    assert after.state is S.CONFIRM_UNKNOWN
    assert health(till).state is GatewayState.PAUSED
    assert till.count(Job, Job.kind == "alarm_gateway_paused") == 1
    with pytest.raises(GatewayRests):
        till.begin()
    till.sweep()
    assert till.payment(payment.id).is_final
    assert health(till).state is GatewayState.PAUSED  # only a person lets it back


def test_one_announcement_that_is_not_let_in_takes_the_gateway_from_nobody(till):
    """What a donor typed is in it: an odd mobile number is enough for some banks."""
    for _ in range(4):
        till.bank.break_next("bpPayRequest", "credentials", times=2)
        till.begin()
        till.begin()
        assert till.begin().state is S.REDIRECTED

    assert till.count(GatewayTurn) == 0
    till.bank.break_next("bpPayRequest", "credentials", times=3)
    for _ in range(3):
        till.begin()
    assert health(till).state is GatewayState.PAUSED


@pytest.mark.parametrize("fault", ["html_500", "soap_fault"])
def test_a_bank_that_breaks_down_over_one_confirm_goes_on_taking_donors(till, fault):
    """A confirm carries what a browser brought: a forged number must let no bank rest."""
    payment = till.begin()
    till.bank.break_next("bpVerifyRequest", fault, times=9)
    till.come_back(payment, till.pay(payment))
    for _ in range(4):
        till.sweep(minutes=1)

    assert till.payment(payment.id).state is S.CONFIRM_UNKNOWN
    assert health(till) is None


def test_a_bank_that_is_silent_to_confirms_rests(till):
    payment = till.begin()
    till.bank.break_next("bpVerifyRequest", "drop_before", times=9)
    till.come_back(payment, till.pay(payment))
    for _ in range(2):
        till.sweep(minutes=1)

    assert health(till).state is GatewayState.RESTING


@pytest.mark.parametrize("other", [{"amount_rial": 1}, {"order_number": 1}, {"token": "another"}])
def test_what_went_back_of_another_payment_or_in_part_voids_no_receipt(till, other):
    payment = till.begin()
    till.come_back(payment, till.pay(payment))

    said = Outcome(Kind.RETURNED, **other)

    assert verdict_on(till.payment(payment.id), said) is Verdict.DIFFERS
    assert verdict_on(till.payment(payment.id), Outcome(Kind.RETURNED)) is Verdict.TAKEN_BACK


def test_people_of_finance_who_can_be_reached_are_told(till, database):
    with database.writing() as session:
        reached = a_staff_member(session, "reached", office="00")
        reached.mobile, reached.email = "09120000001", "finance@example.ir"
        unreached = a_staff_member(session, "unreached", office="00")
        clerk = a_staff_member(session, "clerk")
        clerk.mobile = "09120000002"
        for member in (reached, unreached):
            grant_role(session, member.id, Role.FINANCE, granted_by_id=None, now=NOON)
    till.bank.break_next("bpPayRequest", "credentials", times=3)
    for _ in range(3):
        till.begin()

    with database.writing() as session:
        turn_id = session.scalars(select(GatewayTurn.id)).one()
        for _twice in range(2):
            alarm_gateway_paused(session, turn_id, till.gateways, VOICE, now=till.clock())

    with database.reading() as session:
        messages = session.scalars(select(Message).order_by(Message.id)).all()
    assert [message.recipient for message in messages] == ["09120000001", "finance@example.ir"]
    assert "بانک ملت" in messages[0].text
    assert "/finance/gateways/mellat-main" in messages[0].text


@pytest.fixture
def accountant_id(database):
    with database.writing() as session:
        return a_staff_member(session, "accountant", office="00").id


def test_a_person_lets_it_back_only_when_the_bank_lets_us_in(till, accountant_id):
    till.bank.break_next("bpPayRequest", "credentials", times=3)
    for _ in range(3):
        till.begin()
    till.bank.break_next("bpInquiryRequest", "credentials")
    back = {"staff_id": accountant_id, "clock": till.clock}

    refused = check_and_let_back(till.database, till.gateways, MELLAT, **back)
    assert refused.kind is Kind.CONFIG_ERROR
    assert health(till).state is GatewayState.PAUSED
    check_and_let_back(till.database, till.gateways, MELLAT, **back)

    assert till.begin().state is S.REDIRECTED
    with pytest.raises(NotPaused):
        check_and_let_back(till.database, till.gateways, MELLAT, **back)


def test_what_was_taken_out_by_hand_is_not_let_back_by_a_good_answer(till, accountant_id):
    payment = till.begin()
    out = {"reason": "قرارداد تازه", "staff_id": accountant_id, "now": till.clock()}
    with till.database.writing() as session:
        take_out(session, till.gateways, MELLAT, **out)

    assert till.come_back(payment, till.pay(payment)).is_final  # what is open goes on
    assert check_resting(till.database, till.gateways, clock=till.clock) == 0

    assert health(till).state is GatewayState.PAUSED
    with pytest.raises(AlreadyPaused), till.database.writing() as session:
        take_out(session, till.gateways, MELLAT, **out)


# --- the sweep ----------------------------------------------------------------------------------


def test_a_slow_bank_holds_up_no_other(till):
    slow = [till.begin() for _ in range(3)]
    quick = [till.begin(gateway=ZARINPAL) for _ in range(3)]
    for payment in (*slow, *quick):
        till.bank.pay(payment.token, "close")
    till.bank.break_next("bpSaleReferenceIdRequest", "delay", seconds=5)
    till.late += timedelta(minutes=3)

    till.sweep(minutes=0)

    ended = {payment.id: till.payment(payment.id).final_at for payment in (*slow, *quick)}
    assert max(ended[payment.id] for payment in quick) < min(ended[payment.id] for payment in slow)


def test_a_silent_bank_is_left_for_the_next_sweep(till):
    payments = [till.begin() for _ in range(6)]
    till.bank.break_next("bpSaleReferenceIdRequest", "drop_before", times=99)

    report = till.sweep()

    assert report.swept == 3
    asked = {call.payment_id for call in calls(till, step="recover")}
    assert asked == {payment.id for payment in payments[:3]}


def test_where_only_a_confirm_tells_the_sweeper_confirms(till):
    adjusted(till, MELLAT, recovers_by=Recovery.CONFIRM)
    paid, open_still, cancelled = (till.begin() for _ in range(3))
    till.bank.pay(paid.token, "close")
    till.come_back(cancelled, till.pay(cancelled, "cancel"))

    till.sweep()
    states = [till.payment(one.id).state for one in (paid, open_still, cancelled)]
    assert states == [S.SETTLED, S.REDIRECTED, S.CANCELLED_CLAIMED]  # nothing ends too early
    till.sweep(minutes=25)

    states = [till.payment(one.id).state for one in (paid, open_still, cancelled)]
    assert states == [S.SETTLED, S.EXPIRED, S.CANCELLED]


def test_one_look_falls_into_the_last_minutes_in_which_a_confirm_counts(till):
    payment = till.begin()
    window_ends = payment.created_at + till.gateways[MELLAT].manifest.confirm_window
    while till.clock() < window_ends + timedelta(minutes=4):
        till.sweep(minutes=0.25)

    with till.database.reading() as session:
        looks = session.scalars(select(PaymentStep.at).where(PaymentStep.step == "look")).all()
    assert [at for at in looks if timedelta() < window_ends - at <= timedelta(minutes=3)]
    assert till.payment(payment.id).state is S.EXPIRED


def test_an_account_that_was_removed_stops_no_page_and_no_watching(till):
    payment = till.begin()
    till.come_back(payment, till.pay(payment))
    till.begin()
    let_it_rest(till)
    till.gateways = {ZARINPAL: till.gateways[ZARINPAL]}
    till.late += timedelta(hours=1)

    assert till.sweep().swept == 0
    assert check_resting(till.database, till.gateways, clock=till.clock) == 0
    assert compare_with_banks(till.database, till.gateways, clock=till.clock).asked == 0


# --- unconfirmed money at the gateway -----------------------------------------------------------


def test_known_money_that_nobody_confirmed_is_finished(till):
    payment = till.begin(gateway=ZARINPAL)
    till.bank.pay(payment.token, "close")
    with till.database.writing() as session:
        session.execute(update(Payment).values(state=S.EXPIRED))

    find_unverified(till.database, till.gateways, clock=till.clock)

    assert till.payment(payment.id).is_final


def test_money_that_no_promise_explains_is_found_once(till):
    payment = till.begin(gateway=ZARINPAL)
    till.bank.pay(payment.token, "close")
    with till.database.writing() as session:
        session.execute(update(Payment).values(token="A" + "0" * 35))

    for _twice in range(2):
        find_unverified(till.database, till.gateways, clock=till.clock)

    with till.database.reading() as session:
        found = session.scalars(
            select(GatewayFinding).where(GatewayFinding.token == payment.token)
        ).all()
    assert [(each.kind, each.amount_rial) for each in found] == [
        (FindingKind.NO_PROMISE, 2_500_000)
    ]


# --- what banks say of what has ended -----------------------------------------------------------


def compare(till, minutes=15):
    till.late += timedelta(minutes=minutes)
    return compare_with_banks(till.database, till.gateways, clock=till.clock)


def saying(till, name, outcome_kind, **facts):
    """A bank that answers every inquiry so."""
    adapter = copy.copy(till.gateways[name].adapter)
    known = adapter.inquire
    adapter.inquire = lambda stored: replace(known(stored), kind=outcome_kind, **facts)
    adjusted(till, name, adapter)


def paid(till):
    payment = till.begin()
    return till.come_back(payment, till.pay(payment))


def test_what_agrees_is_asked_about_once_a_day_and_leaves_nothing(till):
    paid(till)
    assert compare(till, minutes=5).asked == 0  # it may still be under way
    assert (compare(till, minutes=10).asked, compare(till).asked) == (1, 0)
    assert compare(till, minutes=24 * 60).asked == 1
    assert compare(till, minutes=3 * 24 * 60).asked == 0

    assert till.count(GatewayFinding) == 0


def test_what_was_never_asked_about_comes_first(till):
    first = paid(till)
    compare(till)
    till.late += timedelta(days=1)
    second = paid(till)
    till.late += timedelta(minutes=15)

    compare_with_banks(till.database, till.gateways, clock=till.clock, limit=1)

    asked = [call.payment_id for call in calls(till, step="inquire")]
    assert (asked[0], asked[-1]) == (first.id, second.id)


def test_money_behind_an_end_is_finished(till):
    payment = till.begin()
    till.bank.pay(payment.token, "close")
    with till.database.writing() as session:
        session.execute(update(Payment).values(state=S.CANCELLED))

    assert compare(till).resolved == 1

    assert till.payment(payment.id).is_final
    assert till.count(GatewayFinding) == 0


def test_money_that_the_bank_gave_back_is_void(till):
    payment = paid(till)
    saying(till, MELLAT, Kind.RETURNED)

    assert compare(till).resolved == 1

    assert till.payment(payment.id).state is S.REVERSED
    assert till.balance("gateway:mellat-main") == 0
    with till.database.reading() as session:
        assert session.scalars(select(Contribution)).one().reversal is not None


@pytest.mark.parametrize("kind", [Kind.NOT_PAID, Kind.NOT_FOUND, Kind.AWAITS_CONFIRM, Kind.OPEN])
def test_what_differs_otherwise_waits_for_finance_until_it_is_solved(till, accountant_id, kind):
    payment = paid(till)
    saying(till, MELLAT, kind)

    compare(till)
    compare(till, minutes=25 * 60)

    with till.database.writing() as session:
        found = session.scalars(select(GatewayFinding)).one()
        assert (found.payment_id, found.ours, found.theirs) == (payment.id, "settled", kind.value)
        with pytest.raises(SolutionMissing):
            solve(session, found.id, how=" ", staff_id=accountant_id, now=till.clock())
        solve(session, found.id, how="بانک پذیرفت", staff_id=accountant_id, now=till.clock())
        with pytest.raises(AlreadySolved):
            solve(session, found.id, how="باز هم", staff_id=accountant_id, now=till.clock())


def test_another_amount_at_the_bank_is_a_finding(till):
    paid(till)
    saying(till, MELLAT, Kind.ALREADY_CONFIRMED, amount_rial=1_000)

    compare(till)

    with till.database.reading() as session:
        found = session.scalars(select(GatewayFinding)).one()
    assert (found.kind, found.ours, found.theirs) == (
        FindingKind.AMOUNTS_DIFFER,
        "2500000",
        "1000",
    )


@pytest.mark.parametrize("kind", [Kind.UNKNOWN, Kind.REFUSED])
def test_a_bank_that_does_not_say_changes_nothing(till, kind):
    payment = paid(till)
    saying(till, MELLAT, kind)

    compare(till)

    assert till.payment(payment.id).state is S.SETTLED
    assert till.count(GatewayFinding) == 0


def test_a_second_payment_left_to_the_bank_is_a_finding_only_when_it_does_not_return(till):
    first = till.begin()
    fields = till.pay(first)
    second = till.begin(pledge_id=first.pledge_id, gateway=ZARINPAL)
    back = till.bank.pay(second.token)
    query = dict(pair.split("=") for pair in back["url"].partition("?")[2].split("&"))
    till.come_back(second, query, method="GET")
    till.come_back(first, fields)
    till.sweep(minutes=25)
    assert till.payment(first.id).state is S.EXPIRED

    compare(till, minutes=0)

    assert not till.payment(first.id).is_final
    with till.database.reading() as session:
        found = session.scalars(select(GatewayFinding)).one()
    assert (found.payment_id, found.ours, found.theirs) == (first.id, "expired", "awaits_confirm")

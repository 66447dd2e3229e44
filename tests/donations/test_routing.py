"""Which terminal stands for a bank, and which banks a donor is offered."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from donations.gateway_health import Breaker, Trouble, Why, note_silence, troubled
from donations.models.gateway import GatewayState
from donations.models.payment import Payment
from donations.paying import AmountBetweenSteps, Terminal, create_payment, record_start
from donations.pledging import CashItem
from donations.routing import Purpose, offered, purpose_of, terminal_of_bank
from flows.catalogue import enter_terminal
from flows.paying import GatewayRests, UnknownGateway, open_payment
from ledger.accounts import BankAccount
from payment_gateways.adapters.mellat import Mellat
from payment_gateways.contract import Kind, Outcome, Redirect
from tests.factories import NOON, a_pledge

RESTS = Trouble(GatewayState.RESTING, NOON, NOON + timedelta(minutes=1))
RESTED = Trouble(GatewayState.RESTING, NOON, NOON)
PAUSED = Trouble(GatewayState.PAUSED, NOON, None)
TEHRAN, YAZD = Purpose(province="07"), Purpose(province="23")
FOOD = "19041062101"


@pytest.fixture
def banks(gateways):
    """Mellat with a general terminal, one of a province and one of a campaign; and Zarinpal."""
    general = gateways["mellat-main"]
    of_tehran = replace(general, name="mellat-tehran", province="07")
    of_food = replace(general, name="mellat-food", campaign=FOOD)
    return [of_tehran, general, of_food, gateways["zarinpal-main"]]


def names(found):
    return [gateway.name for gateway in found]


@pytest.mark.parametrize(
    ("purpose", "stands_for_mellat"),
    [
        (None, "mellat-main"),
        (Purpose(), "mellat-main"),
        (YAZD, "mellat-main"),
        (TEHRAN, "mellat-tehran"),
        (Purpose("07", frozenset({FOOD})), "mellat-food"),
        (Purpose("07", frozenset({FOOD, "most-needed"})), "mellat-tehran"),
    ],
)
def test_each_bank_is_seen_once_through_the_terminal_that_suits(banks, purpose, stands_for_mellat):
    found = offered(banks, {}, purpose=purpose, now=NOON)

    assert names(found) == [stands_for_mellat, "zarinpal-main"]
    mellat = banks[1]
    chosen = terminal_of_bank(banks, mellat, {}, purpose=purpose, now=NOON)
    assert chosen.name == stands_for_mellat


def test_a_terminal_that_rests_is_stood_in_for_by_the_general_one(banks):
    found = offered(banks, {"mellat-tehran": RESTS}, purpose=TEHRAN, now=NOON)

    assert names(found) == ["mellat-main", "zarinpal-main"]


def test_the_terminal_of_another_province_is_never_used(banks):
    only = [banks[0]]

    assert offered(only, {}, purpose=YAZD, now=NOON) == []
    with pytest.raises(LookupError):
        terminal_of_bank(only, only[0], {}, purpose=YAZD, now=NOON)
    assert names(offered(only, {}, now=NOON)) == ["mellat-tehran"]  # nobody knows yet


@pytest.mark.parametrize("amount_rial", [1, 10**15, 1_000_005])
def test_an_amount_that_does_not_fit_excludes_a_bank(gateways, amount_rial):
    zarinpal = gateways["zarinpal-main"]
    zarinpal.adapter.manifest = replace(zarinpal.manifest, amount_rial_step=10)

    assert offered([zarinpal], {}, amount_rial=amount_rial, now=NOON) == []
    assert offered([zarinpal], {}, amount_rial=1_000_000, now=NOON)


def test_what_is_off_closed_or_troubled_is_not_offered(banks):
    off = replace(banks[1], is_enabled=False)

    assert offered([off], {}, now=NOON) == []
    for trouble in (RESTS, RESTED, PAUSED):
        assert names(offered(banks, {"zarinpal-main": trouble}, now=NOON)) == ["mellat-main"]


def test_only_where_no_other_is_left_a_donor_tries_one_whose_rest_is_over(gateways):
    both = list(gateways.values())
    asleep = {"mellat-main": RESTS, "zarinpal-main": RESTED}

    assert names(offered(both, asleep, now=NOON)) == ["zarinpal-main"]
    assert terminal_of_bank(both, both[0], asleep, purpose=None, now=NOON) is None
    assert offered(both, {"mellat-main": RESTS, "zarinpal-main": PAUSED}, now=NOON) == []


def test_the_purpose_of_a_pledge_is_its_province_and_all_its_funds(session):
    pledge = a_pledge(session, CashItem(1_000), CashItem(1_000, FOOD), office="07")

    assert purpose_of(session, pledge.id) == Purpose("07", frozenset({"most-needed", FOOD}))


def open_at(session, banks, name, **facts):
    pledge = a_pledge(session, **facts)
    by_name = {gateway.name: gateway for gateway in banks}
    opened = open_payment(
        session, by_name, pledge_id=pledge.id, gateway=name, public_url="http://x", now=NOON
    )
    return session.get_one(Payment, opened.payment_id).gateway


def test_a_payment_is_opened_at_the_terminal_of_the_pledges_province(session, banks):
    account_id = session.scalars(select(BankAccount.id)).one()
    enter_terminal(session, "mellat-tehran", "7011", bank_account_id=account_id)

    assert open_at(session, banks, "mellat-main", office="07") == "mellat-tehran"
    assert open_at(session, banks, "mellat-main", office="23") == "mellat-main"
    with pytest.raises(UnknownGateway):
        open_at(session, banks, "nowhere")


def test_a_bank_that_rests_opens_nothing(session, banks):
    note_silence(session, "mellat-main", Breaker(1, timedelta(minutes=1)), Why(), now=NOON)
    assert troubled(session).keys() == {"mellat-main"}

    with pytest.raises(GatewayRests):
        open_at(session, banks, "mellat-main", office="23")


def test_an_amount_between_two_steps_is_refused_and_never_rounded(session):
    terminal = Terminal("mellat-main", replace(Mellat.manifest, amount_rial_step=10))
    pledge = a_pledge(session, CashItem(1_000_005))

    with pytest.raises(AmountBetweenSteps):
        create_payment(session, pledge.id, terminal, check_after=timedelta(), now=NOON)


@pytest.mark.parametrize(("length", "state"), [(255, "redirected"), (256, "start_unknown")])
def test_a_token_is_kept_whole_or_not_at_all(session, length, state):
    terminal = Terminal("mellat-main", Mellat.manifest)
    payment = create_payment(
        session, a_pledge(session).id, terminal, check_after=timedelta(), now=NOON
    )
    outcome = Outcome(Kind.STARTED, token="t" * length, redirect=Redirect("GET", "http://x"))

    record_start(session, payment.id, outcome, now=NOON)

    session.refresh(payment)
    assert payment.state == state
    assert payment.token in (None, "t" * 255)

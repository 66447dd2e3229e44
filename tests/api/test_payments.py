"""Payments that partners open: at the bank once for each key, whoever dies on the way."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

import web.api.payments
from core.database import Database
from core.settings import Settings
from donations.models.payment import Payment, PaymentState
from offices.idempotency import TAKE_OVER_AFTER
from offices.partners import IdempotentRequest
from payment_gateways.contract import Outcome, PaymentIntent
from payment_gateways.registry import Gateway
from tests.api.conftest import Clock, Partner, a_partner, cash, count
from tests.factories import NOON
from tests.sandbox import SandboxBank
from web.app import create_app
from web.services import Services

MELLAT = {"gateway": "mellat-main"}


class Deadly:
    """A bank in front of which the program is killed, before or after the bank has heard of it."""

    def __init__(self, real: Any, *, bank_hears: bool) -> None:
        self.manifest, self.terminal = real.manifest, real.terminal
        self._real, self._bank_hears = real, bank_hears

    def start(self, intent: PaymentIntent) -> Outcome:
        if self._bank_hears:
            self._real.start(intent)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("this process is dead")


@pytest.fixture
def paying(
    settings: Settings,
    database: Database,
    paying_gateways: Mapping[str, Gateway],
    clock: Clock,
    sandbox_bank: SandboxBank,
) -> Iterator[Partner]:
    """A partner of an application whose bank answers."""
    app = create_app(settings, Services(settings, database, clock, paying_gateways))
    yield a_partner(app, database, "Paying")
    sandbox_bank.mend()


def payments(database: Database) -> list[Payment]:
    with database.reading() as session:
        return list(session.scalars(select(Payment).order_by(Payment.id)))


@pytest.mark.parametrize("gateway", ["mellat-main", "zarinpal-main"])
def test_a_payment_leads_the_donor_to_the_bank(
    paying: Partner, database: Database, gateway: str
) -> None:
    code = paying.pledge()["tracking_code"]

    answer = paying.post(f"/pledges/{code}/payments", {"gateway": gateway})

    begun = answer.get_json()
    (payment,) = payments(database)
    assert answer.status_code == 201
    assert (begun["id"], begun["state"]) == (payment.id, "redirected")
    assert begun["redirect"]["url"].startswith("http")
    assert payment.token in str(begun["redirect"])
    standing = paying.get(f"/pledges/{code}").get_json()
    assert standing["state"] == "at_the_bank"
    assert standing["payments"] == [
        {"id": payment.id, "gateway": gateway, "state": "redirected", "amount_rial": 2_500_000}
    ]


def test_the_same_key_opens_one_payment(paying: Partner, database: Database) -> None:
    path = f"/pledges/{paying.pledge()['tracking_code']}/payments"

    first = paying.post(path, MELLAT, key="k")
    again = paying.post(path, MELLAT, key="k")
    other = paying.post(path, {"gateway": "zarinpal-main"}, key="k")

    assert first.data == again.data
    assert again.headers["Idempotent-Replay"] == "true"
    assert other.status_code == 422
    assert len(payments(database)) == 1


def test_another_key_opens_another_payment(paying: Partner, database: Database) -> None:
    path = f"/pledges/{paying.pledge()['tracking_code']}/payments"

    paying.post(path, MELLAT, key="k")
    paying.post(path, MELLAT, key="l")

    assert len(payments(database)) == 2


def test_while_the_bank_is_being_asked_a_repeat_has_to_wait(paying: Partner) -> None:
    path = f"/pledges/{paying.pledge()['tracking_code']}/payments"
    seen: list[Any] = []
    asking_meanwhile = _SecondRequest(paying, path, seen)

    asking_meanwhile.post(path, MELLAT, key="k")

    (meanwhile,) = seen
    assert meanwhile.status_code == 409
    assert meanwhile.get_json()["code"] == "idempotency_key.in_progress"
    assert int(meanwhile.headers["Retry-After"]) >= 1


def test_a_silent_bank_is_no_answer_and_the_same_request_may_come_again(
    paying: Partner, database: Database, sandbox_bank: SandboxBank
) -> None:
    path = f"/pledges/{paying.pledge()['tracking_code']}/payments"
    sandbox_bank.break_next("bpPayRequest", "html_500_after")

    silent = paying.post(path, MELLAT, key="k")
    again = paying.post(path, MELLAT, key="k")

    assert silent.status_code == 503
    assert silent.get_json()["code"] == "payment.not_started"
    assert int(silent.headers["Retry-After"]) >= 1
    assert again.status_code == 201
    before, after = payments(database)
    assert before.token is None  # nobody can ever pay it
    assert after.state is PaymentState.REDIRECTED


@pytest.mark.parametrize("bank_hears", [False, True], ids=["before", "after"])
def test_a_process_that_died_at_the_bank_never_leads_to_a_second_payment(
    paying: Partner,
    settings: Settings,
    database: Database,
    database_url: str,
    paying_gateways: Mapping[str, Gateway],
    clock: Clock,
    bank_hears: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    path = f"/pledges/{paying.pledge()['tracking_code']}/payments"
    real = paying_gateways["mellat-main"]
    deadly = {"mellat-main": replace(real, adapter=Deadly(real.adapter, bank_hears=bank_hears))}
    assert _die(settings, database_url, deadly, paying.key, path) == -signal.SIGKILL

    at_once = paying.post(path, MELLAT, key="k")
    clock.go_on(TAKE_OVER_AFTER.total_seconds())
    later = paying.post(path, MELLAT, key="k")
    again = paying.post(path, MELLAT, key="k")

    assert at_once.get_json()["code"] == "idempotency_key.in_progress"
    assert later.get_json()["code"] == "payment.interrupted"
    assert later.data == again.data
    assert len(payments(database)) == 1
    assert paying.post(path, MELLAT, key="l").status_code == 201


def test_who_forgets_which_payment_a_key_opened_would_open_a_second_one(
    paying: Partner,
    settings: Settings,
    database: Database,
    database_url: str,
    paying_gateways: Mapping[str, Gateway],
    clock: Clock,
) -> None:
    path = f"/pledges/{paying.pledge()['tracking_code']}/payments"
    real = paying_gateways["mellat-main"]
    deadly = {"mellat-main": replace(real, adapter=Deadly(real.adapter, bank_hears=True))}
    _die(settings, database_url, deadly, paying.key, path)
    with database.writing() as session:
        session.query(IdempotentRequest).filter_by(idempotency_key="k").update({"payment_id": None})

    clock.go_on(TAKE_OVER_AFTER.total_seconds())
    paying.post(path, MELLAT, key="k")

    assert len(payments(database)) == 2


def test_a_defect_of_ours_is_a_problem_too_and_is_not_kept(
    partner: Partner, database: Database, clock: Clock
) -> None:
    path = f"/pledges/{partner.pledge()['tracking_code']}/payments"
    services = partner.app.extensions["services"]
    real = services.gateways["mellat-main"]
    broken = replace(services, gateways={"mellat-main": replace(real, adapter=_Defective(real))})

    answer = Partner(create_app(services.settings, broken), partner.key).post(path, MELLAT, key="k")

    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert answer.get_json()["code"] == "internal"
    assert "defect" not in answer.text
    clock.go_on(TAKE_OVER_AFTER.total_seconds())
    assert partner.post(path, MELLAT, key="k").get_json()["code"] == "payment.interrupted"
    assert count(database, Payment) == 1


@pytest.mark.parametrize(
    ("items", "gateway", "status", "code"),
    [
        ([cash()], "nobody", 422, "gateway.unknown"),
        ([cash(1)], "mellat-main", 422, "payment.outside_gateway"),
        (
            [{"kind": "service", "skill": "آموزش", "hours": 2}],
            "mellat-main",
            409,
            "payment.no_cash",
        ),
    ],
    ids=["unknown gateway", "too little", "no cash"],
)
def test_what_cannot_be_paid_is_declined_and_stays_declined(
    partner: Partner,
    database: Database,
    items: list[dict[str, object]],
    gateway: str,
    status: int,
    code: str,
) -> None:
    path = f"/pledges/{partner.pledge(*items)['tracking_code']}/payments"

    first = partner.post(path, {"gateway": gateway}, key="k")
    again = partner.post(path, {"gateway": gateway}, key="k")

    assert (first.status_code, first.get_json()["code"]) == (status, code)
    assert first.data == again.data
    assert count(database, Payment) == 0


def test_who_has_paid_already_is_found_out_before_another_payment_begins(
    paying: Partner, database: Database, sandbox_bank: SandboxBank
) -> None:
    path = f"/pledges/{paying.pledge()['tracking_code']}/payments"
    paying.post(path, MELLAT, key="k")
    sandbox_bank.pay(payments(database)[0].token or "", "close")  # and the browser never came back

    other = paying.post(path, {"gateway": "zarinpal-main"}, key="l")
    again = paying.post(path, {"gateway": "zarinpal-main"}, key="l")

    assert (other.status_code, other.get_json()["code"]) == (409, "payment.already_paid")
    assert other.data == again.data
    assert again.headers["Idempotent-Replay"] == "true"
    (payment,) = payments(database)
    assert payment.state is PaymentState.SETTLED


def test_while_an_earlier_payment_is_in_doubt_none_begins_and_the_request_may_come_again(
    paying: Partner, database: Database
) -> None:
    path = f"/pledges/{paying.pledge()['tracking_code']}/payments"
    paying.post(path, MELLAT, key="k")
    _put(database, PaymentState.SETTLE_UNKNOWN)

    doubtful = paying.post(path, MELLAT, key="l")
    _put(database, PaymentState.FAILED)
    later = paying.post(path, MELLAT, key="l")
    again = paying.post(path, MELLAT, key="l")

    assert (doubtful.status_code, doubtful.get_json()["code"]) == (409, "payment.being_checked")
    assert int(doubtful.headers["Retry-After"]) >= 1
    assert later.status_code == 201
    assert later.data == again.data
    assert len(payments(database)) == 2


def test_the_key_is_held_while_an_earlier_payment_is_looked_at(
    paying: Partner, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/pledges/{paying.pledge()['tracking_code']}/payments"
    paying.post(path, MELLAT, key="k")
    seen: list[Any] = []

    def look(*_facts: object, **_more: object) -> bool:
        seen.append(paying.post(path, MELLAT, key="l"))
        return True

    monkeypatch.setattr(web.api.payments, "look_before_paying_again", look)
    assert paying.post(path, MELLAT, key="l").status_code == 201

    (meanwhile,) = seen
    assert meanwhile.get_json()["code"] == "idempotency_key.in_progress"
    assert len(payments(database)) == 2


def _put(database: Database, state: PaymentState) -> None:
    with database.writing() as session:
        session.execute(update(Payment).values(state=state))


class _Defective:
    """An adapter that breaks its promise never to raise."""

    def __init__(self, gateway: Gateway) -> None:
        self.manifest, self.terminal = gateway.manifest, gateway.terminal

    def start(self, intent: PaymentIntent) -> Outcome:
        raise RuntimeError("a defect")


class _SecondRequest(Partner):
    """A partner whose request comes a second time while the bank is being asked."""

    def __init__(self, partner: Partner, path: str, seen: list[Any]) -> None:
        services = partner.app.extensions["services"]
        real = services.gateways["mellat-main"]

        class Busy:
            manifest, terminal = real.manifest, real.terminal

            def start(self, intent: PaymentIntent) -> Outcome:
                seen.append(partner.post(path, MELLAT, key="k"))
                outcome: Outcome = real.adapter.start(intent)
                return outcome

        busy = replace(services, gateways={"mellat-main": replace(real, adapter=Busy())})
        super().__init__(create_app(services.settings, busy), partner.key)


def _die(
    settings: Settings, database_url: str, gateways: Mapping[str, Gateway], key: str, path: str
) -> int | None:
    """Send the request in a process of its own, which is killed in the middle of it."""

    def send() -> None:
        database = Database(database_url)
        app: APIFlask = create_app(settings, Services(settings, database, lambda: NOON, gateways))
        Partner(app, key).post(path, MELLAT, key="k")

    process = multiprocessing.get_context("fork").Process(target=send)
    process.start()
    process.join()
    return process.exitcode

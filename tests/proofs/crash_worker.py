"""One gift in a process that kills itself at a chosen event, and what a fresh process makes of it.

An event is a statement, a commit, a connection given back, or the moment before and after a call
to the bank; dying at event k is dying between two things that happen.
"""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import ColumnElement, event, func, select
from sqlalchemy.orm import Session

from core.database import Database
from donations.models.contribution import Contribution
from donations.models.payment import OPEN_STATES, Payment, PaymentState
from donations.models.pledge import Channel, Pledge
from donations.paying import (
    Terminal,
    claim_confirm,
    claim_settle,
    record_confirm,
    record_return,
    record_settle,
)
from donations.pledging import CashItem, DonorFacts
from donations.stepping import payment_of_return
from flows.checking import check_ledger
from flows.confirming import Clock
from flows.paying import BegunPayment, begin_payment, take_return
from flows.pledging import promise
from flows.receiving import receive_payment
from flows.sweeping import sweep
from ledger.postings import Cause, Posting
from migrations.tables import METADATA
from payment_gateways.contract import Hint, Recovery
from payment_gateways.recording import Recorder
from payment_gateways.registry import Gateway, load_adapter
from payment_gateways.transport import Answer, HttpTransport, Method, Transport
from receipts.life.series import Receipt
from tests.sandbox import SandboxBank

LATER = (timedelta(minutes=3), timedelta(minutes=6), timedelta(hours=26))
LAST = timedelta(hours=28)  # when the leases of a worker that died at the end are over too
NEVER = 10**9
HELD_BY_THE_BANK = ("paid", "verified")  # charged, and not on its way to us

assert METADATA.tables  # every table is known before anybody is forked


class Fate:
    """Counts what happens in this process and kills it at the chosen event."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.dies_at = dies_at
        self.events = 0

    def happens(self, *_facts: object) -> None:
        self.events += 1
        if self.events == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def watching(self, database: Database) -> Iterator[None]:
        for name in ("before_cursor_execute", "commit", "checkin"):
            event.listen(database.engine, name, self.happens)
        yield
        for name in ("before_cursor_execute", "commit", "checkin"):
            event.remove(database.engine, name, self.happens)


@dataclass(frozen=True)
class WatchedTransport:
    """The way to the bank, with an event before and after each call."""

    net: Transport
    fate: Fate

    def call(
        self,
        method: Method,
        url: str,
        body: bytes = b"",
        *,
        operation: str,
        headers: Mapping[str, str],
    ) -> Answer:
        self.fate.happens()
        answer = self.net.call(method, url, body, operation=operation, headers=headers)
        self.fate.happens()
        return answer


@dataclass(frozen=True)
class Case:
    """One gift: where it is kept, at which bank, and under which names it is found again."""

    database: Database
    bank: SandboxBank
    adapter: str  # its slug
    settings: Mapping[str, str]  # a terminal of its own, so that the bank's books show it alone
    number: int  # unique among all runs on one bank

    @property
    def name(self) -> str:
        return f"case-{self.number}"

    @property
    def gateway_name(self) -> str:
        return gateway_name(self.adapter)

    @property
    def terminal(self) -> str:
        """What the bank's books call its terminal."""
        return self.gateways(Fate())[self.gateway_name].terminal

    def gateways(self, fate: Fate) -> Mapping[str, Gateway]:
        recorder = Recorder()
        net = WatchedTransport(HttpTransport(self.name, journal=recorder), fate)
        adapter = load_adapter(self.adapter)(self.settings, net, self.bank.base_url)
        name = self.gateway_name
        gateway = Gateway(
            name,
            "90190",
            adapter,
            title_fa="",
            title_en="",
            is_enabled=True,
            recorder=recorder,
            breaker_failures=NEVER,  # all cases share one name, and many of their banks are ill
        )
        return {name: gateway}


def gateway_name(slug: str) -> str:
    """What we call the terminal of a gateway in these proofs."""
    return f"{slug.replace('_', '-')}-main"


def clock_ahead(late: timedelta = timedelta()) -> Clock:
    return lambda: datetime.now(UTC) + late


def give(case: Case, fate: Fate, mutant: str | None = None) -> None:
    """Promise, begin, let the donor pay in another process, and take the browser's return in."""
    with fate.watching(case.database):
        begun = _begin(case, case.gateways(fate))
    if begun.redirect is None:
        return
    back = case.bank.pay(_token_of(case))
    take = _MUTANTS.get(mutant or "", take_return)
    with fate.watching(case.database):
        come_back(case, fate, back, take)


def give_again(case: Case) -> None:
    """The donor's browser, which saw no answer, sends what it brought once more."""
    payment = next(iter(case.bank.get("payments", terminal=case.terminal)), None)
    if payment is not None and payment["charged"] is not None:
        back = case.bank.get(f"payments/{payment['token']}")["return"]
        come_back(case, Fate(), back, take_return)


def come_back(case: Case, fate: Fate, back: Mapping[str, Any], take: Callable[..., object]) -> None:
    take(
        case.database,
        case.gateways(fate),
        return_key=urlsplit(back["url"]).path.rpartition("/")[2],
        read=reader_of(back),
        clock=clock_ahead(),
    )


def _token_of(case: Case) -> str:
    with case.database.reading() as session:
        token = session.scalars(
            select(Payment.token).join(Payment.pledge).where(_is_of(case))
        ).one()
    return token or ""


def _begin(case: Case, gateways: Mapping[str, Gateway]) -> BegunPayment:
    clock = clock_ahead()
    with case.database.writing() as session:
        pledge = promise(
            session,
            [CashItem(2_500_000), CashItem(500_000, "19041062101")],
            donor=DonorFacts(name="نرگس", mobile="09121234567"),
            office_id=None,
            channel=Channel.WEBSITE,
            external_reference=case.name,
            now=clock(),
        )
    return begin_payment(
        case.database,
        gateways,
        pledge_id=pledge.id,
        gateway=case.gateway_name,
        public_url="http://127.0.0.1:8000",
        clock=clock,
    )


def reader_of(back: Mapping[str, str]) -> Callable[[Gateway], Hint]:
    """Read what the bank let the browser bring: a form by POST, or a query by GET."""
    query = dict(parse_qsl(urlsplit(back["url"]).query))
    return lambda gateway: gateway.adapter.read_return(
        back["method"], query, dict(back["fields"]), b""
    )


def recover(case: Case, fate: Fate, moments: Sequence[timedelta] = LATER) -> None:
    """What the worker does after the crash: sweep now and then, as time goes by."""
    gateways = case.gateways(fate)
    with fate.watching(case.database):
        for late in moments:
            sweep(case.database, gateways, clock=clock_ahead(late))


def differences(case: Case) -> list[str]:
    """Where our books and the bank's tell different stories about this gift."""
    at_bank = case.bank.get("payments", terminal=case.terminal)
    with case.database.reading() as session:
        found = list(_payments_that_differ(session, case, at_bank))
        settled = sum(row["state"] == "settled" for row in at_bank)
        contributions = session.scalars(
            select(Contribution.id).join(Contribution.pledge).where(_is_of(case))
        ).all()
        postings = session.scalars(
            select(func.count(Posting.id)).where(
                Posting.cause == Cause.CONTRIBUTION, Posting.cause_id.in_(contributions)
            )
        ).one()
        receipts = session.scalars(
            select(func.count(Receipt.id)).where(Receipt.contribution_id.in_(contributions))
        ).one()
    if not settled == len(contributions) == postings == receipts:
        found.append(
            f"{settled} settled at the bank, {len(contributions)} contributions,"
            f" {postings} postings, {receipts} receipts"
        )
    return found


def broken_books(database: Database) -> list[str]:
    """What the proofs of the whole ledger find wrong."""
    with database.reading() as session:
        checks = check_ledger(session).checks
    return [f"{check.name}: {check.detail}" for check in checks if not check.ok]


def _payments_that_differ(
    session: Session, case: Case, at_bank: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    payments = session.scalars(select(Payment).join(Payment.pledge).where(_is_of(case))).all()
    ours = {payment.order_number: payment for payment in payments}
    for payment in payments:
        if payment.state in OPEN_STATES and not payment.is_final:
            yield f"payment stuck in {payment.state}"
    cannot_ask = load_adapter(case.adapter).manifest.recovers_by is Recovery.NONE
    for row in at_bank:
        known = ours.get(int(row["order_number"]))
        state = known.state if known else "nothing"
        # Where nothing but the browser tells of a payment, what it never brought goes back by
        # itself; that is why such a gift may have ended for us before it ends at the bank.
        goes_back = row["state"] == "paid" and row["verify_until"] is not None
        if row["state"] in HELD_BY_THE_BANK and not (
            cannot_ask and goes_back and state == PaymentState.EXPIRED
        ):
            yield f"the bank still holds the money ({row['state']}), we say {state}"
        if (row["state"] == "settled") != (known is not None and known.is_final):
            yield f"the bank says {row['state']}, we say {state}"


def _is_of(case: Case) -> ColumnElement[bool]:
    return Pledge.external_reference == case.name


def _return_in_two_transactions(
    database: Database,
    gateways: Mapping[str, Gateway],
    *,
    return_key: str,
    read: Callable[[Gateway], Hint],
    clock: Clock,
) -> None:
    """A mutant: the payment's last state and what was received commit apart."""
    (gateway,) = gateways.values()
    terminal, hint = Terminal(gateway.name, gateway.manifest), read(gateway)
    with database.writing() as session:
        payment = payment_of_return(session, return_key)
        record_return(session, payment, hint, now=clock())
        asked = claim_confirm(session, payment.id, bank_reference=hint.bank_reference, now=clock())
    assert asked is not None
    outcome = gateway.adapter.confirm(asked)
    with database.writing() as session:
        state = record_confirm(session, payment.id, outcome, terminal, now=clock())
    if gateway.manifest.needs_settle:
        with database.writing() as session:
            asked = claim_settle(session, payment.id, now=clock())
        assert asked is not None
        outcome = gateway.adapter.settle(asked)
        with database.writing() as session:
            state = record_settle(session, payment.id, outcome, now=clock())
    if state in (PaymentState.CONFIRMED, PaymentState.SETTLED):
        with database.writing() as session:
            receive_payment(session, session.get_one(Payment, payment.id), now=clock())


def _return_that_is_believed(
    database: Database, _gateways: Mapping[str, Gateway], *, return_key: str, clock: Clock, **_: Any
) -> None:
    """A mutant: what the browser says is received, and the bank is not asked."""
    with database.writing() as session:
        receive_payment(session, payment_of_return(session, return_key), now=clock())


_MUTANTS = {
    "two_transactions": _return_in_two_transactions,
    "believed": _return_that_is_believed,
}

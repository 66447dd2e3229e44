"""The web process is killed while a donor comes back from the bank; the running worker finishes."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import requests
from sqlalchemy import select, update

from core.settings import ROOT
from deploy.sandbox_accounts import accounts_file
from donations.models.contribution import Contribution
from donations.models.payment import Payment, PaymentState
from flows.checking import check_ledger
from receipts.life.series import Receipt
from tests.jobs.conftest import until

S = PaymentState
MINUTE = timedelta(minutes=1)


@pytest.fixture
def start(tmp_path, database_url, sandbox_bank):
    """Start a program of ours on the test's database; all are gone when the test ends."""
    instance = tmp_path / "instance"
    instance.mkdir()
    (instance / "gateways.toml").write_text(
        accounts_file(sandbox_bank.base_url)
        .replace('username = "sandbox"', 'username = "u"')
        .replace('password = "sandbox"', 'password = "p"'),
        "utf-8",
    )
    running = []

    def start_one(*command):
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=os.environ | {"INSTANCE_DIR": str(instance), "DATABASE_URL": database_url},
                start_new_session=True,
            )
        )
        return running[-1]

    yield start_one
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def web(start):
    """A web server of one process with several threads, as `make run` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    process = start(
        *("gunicorn", "--bind", address.removeprefix("http://"), "--worker-class", "gthread"),
        *("--workers", "1", "--threads", "4", "--no-control-socket"),
        *("--log-level", "warning", "wsgi:app"),
    )
    until(lambda: answers(address), within_seconds=60)
    process.address = address
    return process


def answers(address):
    try:
        return requests.get(f"{address}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def send_the_browser_back(web, payment, fields):
    """The donor's browser, which will get no answer from a server that is killed."""

    def post():
        try:
            requests.post(
                f"{web.address}/bank/return/{payment.return_key}",
                data=fields,
                timeout=60,
                allow_redirects=False,
            )
        except requests.RequestException:
            return

    browser = threading.Thread(target=post)
    browser.start()
    return browser


def kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def row_held(database, payment_id):
    """Hold the payment, so that whoever has the bank's answer cannot commit it."""
    with database.writing() as session:
        session.scalars(select(Payment).where(Payment.id == payment_id).with_for_update()).one()
        yield


def let_a_minute_pass(database):
    """The lease of a confirm or settle in flight ends after a minute: move it, do not wait."""
    with database.writing() as session:
        session.execute(update(Payment).values(check_after=datetime.now(UTC) - MINUTE))


def worker_finishes(till, start, payment):
    let_a_minute_pass(till.database)
    start("flask", "--app", "wsgi", "jobs", "run")
    until(lambda: till.payment(payment.id).is_final, within_seconds=60)
    time.sleep(1)  # long enough for a worker that would do it again
    assert till.bank.payment(payment.order_number)["state"] == "settled"
    assert till.payment(payment.id).state is S.SETTLED
    assert till.count(Contribution) == till.count(Receipt) == 1
    with till.database.reading() as session:
        assert [check.detail for check in check_ledger(session).checks if not check.ok] == []


@pytest.mark.parametrize(
    ("operation", "at_bank", "here"),
    [
        ("bpVerifyRequest", "verified", S.CONFIRMING),
        ("bpSettleRequest", "settled", S.SETTLING),
    ],
)
def test_killed_between_the_banks_act_and_its_answer(till, web, start, operation, at_bank, here):
    payment = till.begin()
    fields = till.pay(payment)
    till.bank.break_next(operation, "delay_after", seconds=8)
    browser = send_the_browser_back(web, payment, fields)
    until(lambda: till.bank.payment(payment.order_number)["state"] == at_bank)

    kill(web)

    browser.join()
    assert till.payment(payment.id).state is here
    assert till.count(Contribution) == 0
    worker_finishes(till, start, payment)


def test_killed_between_the_banks_answer_and_our_commit(till, web, start):
    payment = till.begin()
    fields = till.pay(payment)
    till.bank.break_next("bpSettleRequest", "delay_after", seconds=1)
    browser = send_the_browser_back(web, payment, fields)
    until(lambda: till.bank.payment(payment.order_number)["state"] == "settled")

    with row_held(till.database, payment.id):
        time.sleep(2)  # by now the answer is there, and waits for the row that we hold
        assert browser.is_alive()
        kill(web)

    browser.join()
    assert till.payment(payment.id).state is S.SETTLING
    assert till.count(Contribution) == 0
    worker_finishes(till, start, payment)

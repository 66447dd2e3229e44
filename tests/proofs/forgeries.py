"""Forged and replayed returns from banks: thousands of them, none of which moves a rial.

    python -m tests.proofs.forgeries --callbacks 100000 --seed 7

At every gateway that the sandbox bank speaks there is one gift that was paid and received, one
that waits at the pay page and one that was given up. A forger knows all of their keys, tokens and
numbers, and sends what came back for one of them to the address of another: whole, in parts,
altered, repeated, by the wrong method, in odd bytes. Afterwards nothing may have been received,
nothing that was received may have changed, and no answer may have been a server error. The last
line is JSON; the exit code says whether anything differed.
"""

import argparse
import json
import logging
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask.testing import FlaskClient
from sqlalchemy import func, select

from core.database import Database
from core.settings import Settings
from donations.models.contribution import Contribution
from donations.models.payment import Payment
from donations.models.pledge import Channel
from donations.pledging import CashItem, DonorFacts
from flows.catalogue import load_terminals
from flows.paying import begin_payment, take_return
from flows.pledging import promise
from ledger.postings import Posting
from payment_gateways.accounts import GatewayAccount
from payment_gateways.registry import Gateway, open_gateways
from receipts.life.series import Receipt
from tests.databases import Template
from tests.proofs.crash_worker import gateway_name, reader_of
from tests.sandbox import SandboxBank, running_bank
from web.app import create_app
from web.services import Services

_ODD = ["", "0", "-1", "00", "OK", "NOK", "1e9", "۱۲۳", "null", "true", "\x00", "'\"<>", "9" * 400]
_METHODS = ("GET", "POST", "JSON", "BYTES", "TWICE")


@dataclass
class Report:
    """What a run came to."""

    seed: int
    callbacks: int = 0
    gateways: int = 0
    seconds: float = 0.0
    answers: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What a forger knows of one payment."""

    return_key: str
    fields: Mapping[str, str]  # what its own browser brought, or would bring


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.forgeries")
    parser.add_argument("--callbacks", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        template = Template(folder)
        stack.callback(template.drop)
        url = stack.enter_context(template.copy(folder))
        bank = stack.enter_context(running_bank(folder))
        report = storm(url, folder, bank, asked.callbacks, asked.seed)
    sys.stdout.write(json.dumps(vars(report), ensure_ascii=False) + "\n")
    return 1 if report.failures else 0


def storm(url: str, folder: Path, bank: SandboxBank, callbacks: int, seed: int) -> Report:
    """Send so many returns, chosen by a seed, and say what they changed."""
    report, chance = Report(seed), random.Random(seed)
    database = Database(url)
    gateways = _gateways(bank)
    report.gateways = len(gateways)
    with database.writing() as session:
        load_terminals(session, gateways)
    known = [one for name in gateways for one in _three_gifts(database, gateways, bank, name)]
    settings = Settings(instance_dir=folder / "instance", database_url=url)
    services = Services(settings, database, lambda: datetime.now(UTC), gateways)
    client = create_app(settings, services).test_client()
    before, began = _received(database), time.monotonic()
    for _ in range(callbacks):
        status = _forge(client, known, chance)
        report.answers[status] += 1
        report.callbacks += 1
    report.seconds = round(time.monotonic() - began, 1)
    if _received(database) != before:
        report.failures.append("what was received is not what it was")
    report.failures += [f"{n} answers {code}" for code, n in report.answers.items() if code >= 500]
    database.engine.dispose()
    return report


def _gateways(bank: SandboxBank) -> Mapping[str, Gateway]:
    accounts = []
    for slug in bank.get("wires"):
        number = str(secrets.randbelow(9 * 10**7))
        accounts.append(
            GatewayAccount(
                name=gateway_name(slug),
                adapter=slug,
                account="90190",
                settings=bank.get("wires", terminal=number)[slug]["settings"],
                base_url=bank.base_url,
            )
        )
    return open_gateways(accounts)


def _three_gifts(
    database: Database, gateways: Mapping[str, Gateway], bank: SandboxBank, name: str
) -> list[Known]:
    """One received, one at the pay page, one given up."""
    known = []
    for do in ("pay", "", "cancel"):
        payment = _begun(database, gateways, name)
        if not do:
            known.append(_known(payment, bank.get(f"payments/{payment.token}")["return"]))
            continue
        back = bank.pay(payment.token or "", do)
        take_return(
            database,
            gateways,
            return_key=payment.return_key,
            read=reader_of(back),
            clock=lambda: datetime.now(UTC),
        )
        known.append(_known(payment, back))
    return known


def _known(payment: Payment, back: Mapping[str, Any]) -> Known:
    query = dict(parse_qsl(urlsplit(back["url"]).query))
    return Known(payment.return_key, {**query, **back["fields"]})


def _begun(database: Database, gateways: Mapping[str, Gateway], name: str) -> Payment:
    now = datetime.now(UTC)
    with database.writing() as session:
        pledge = promise(
            session,
            [CashItem(2_500_000)],
            donor=DonorFacts(),
            office_id=None,
            channel=Channel.WEBSITE,
            now=now,
        )
    begun = begin_payment(
        database,
        gateways,
        pledge_id=pledge.id,
        gateway=name,
        public_url="http://127.0.0.1:8000",
        clock=lambda: datetime.now(UTC),
    )
    with database.reading() as session:
        payment = session.get_one(Payment, begun.payment_id)
        assert payment.token, f"{name} gave no token"
        return payment


def _forge(client: FlaskClient, known: Sequence[Known], chance: random.Random) -> int:
    target, source = chance.choice(known), chance.choice(known)
    key = target.return_key if chance.random() < 0.9 else secrets.token_hex(16)
    fields = _altered(dict(source.fields), target, chance)
    address, method = f"/bank/return/{key}", chance.choice(_METHODS)
    if method == "GET":
        answer = client.get(address, query_string=fields)
    elif method == "POST":
        answer = client.post(address, data=fields)
    elif method == "TWICE":
        answer = client.post(address, query_string=fields, data=dict(source.fields))
    elif method == "JSON":
        answer = client.post(address, json=fields)
    else:
        body = chance.choice([b"\xff\xfe\x00", b"{", b"[]", b"null", b"a=" + b"x" * 70_000])
        kind = chance.choice(["application/json", "application/x-www-form-urlencoded", "text/xml"])
        answer = client.post(address, data=body, content_type=kind)
    return answer.status_code


def _altered(fields: dict[str, str], target: Known, chance: random.Random) -> dict[str, Any]:
    """Leave out, spoil, mix with what belongs to the target, write in other cases."""
    for name in list(fields):
        luck = chance.random()
        if luck < 0.1:
            del fields[name]
        elif luck < 0.2:
            fields[name] = chance.choice(_ODD)
        elif luck < 0.45 and name in target.fields:
            fields[name] = target.fields[name]
        elif luck < 0.5:
            fields[chance.choice((name.upper(), name.lower()))] = fields.pop(name)
    return fields


def _received(database: Database) -> tuple[object, ...]:
    """Everything that must not move: final payments as they stand, and what was booked."""
    with database.reading() as session:
        final = session.execute(
            select(Payment.id, Payment.state, Payment.bank_reference, Payment.is_surplus)
            .where(Payment.final_at.is_not(None))
            .order_by(Payment.id)
        ).all()
        counts = [
            session.scalar(select(func.count()).select_from(table))
            for table in (Contribution, Posting, Receipt)
        ]
    return [tuple(row) for row in final], counts  # type: ignore[return-value]


if __name__ == "__main__":
    sys.exit(main())

"""The bank account behind the gateways: pay-outs at night, a counter by day, lines in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from payment_gateways.sandbox.books import Books, Row
from payment_gateways.sandbox.fees import fee_rial
from payment_gateways.sandbox.sales import Sales
from payment_gateways.sandbox.tehran import epoch_of, jalali, local

_CYCLE = (3, 45)  # the card network's first cycle pays what was settled the day before


class UnknownAccount(Exception):
    """The bank keeps no such account."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking; a negative amount is a debit. Texts are written as the real export does."""

    account: str
    amount: int
    kind: str
    description: str
    payer: str = ""
    deposit_id: str = "0"  # as it was typed, in whatever digits
    branch: str = "شعبه دکتر قريب"
    teller: str = "61205"
    serial: str = ""


def counter_entry(kind: str, asked: dict[str, str], amount: int, account: str) -> Entry:
    """Write what happens at the counter: a deposit, a stranger's, a desk's, a fee, a debit.

    Raises KeyError for another kind.
    """
    entry = {
        "deposit": Entry(account, amount, kind, "واريز نقدي با شناسه", "مشارکت کننده"),
        "stranger": Entry(
            account, amount, kind, "واریز انتقالی", "610433.****.****.2187", branch="شعبه بازار"
        ),
        "desk": Entry(account, amount, kind, "واریز نقدی فیش", "میز خدمت بهزیستی"),
        "fee": Entry(
            account, -amount, kind, "کارمزد خدمات بانکی", "", branch="اداره کل مدیریت عملیات"
        ),
        "debit": Entry(account, -amount, kind, "برداشت با دستور مشتري", ""),
    }[kind]
    deposit_id = asked.get("slip_id") or asked.get("deposit_id") or "0"
    description = asked.get("description") or entry.description
    if kind == "desk" and deposit_id != "0":
        description = f"{description} {deposit_id}"
    return Entry(
        account,
        entry.amount,
        kind,
        description,
        asked.get("payer") or entry.payer,
        deposit_id,
        asked.get("branch") or entry.branch,
        serial=asked.get("serial", ""),
    )


class Accounts:
    """Statement lines of every account, in order of time."""

    def __init__(self, books: Books, sales: Sales) -> None:
        self._books = books
        self._sales = sales

    def book(self, entry: Entry, *, at: int | None = None) -> int:
        """Add one line; returns its id. Raises UnknownAccount."""
        books = self._books
        with books.writing():
            if at is None:
                self.pay_out_what_is_due()
            account = books.one("SELECT * FROM account WHERE number = ?", entry.account)
            if account is None:
                raise UnknownAccount(entry.account)
            last = books.one(
                "SELECT balance, id FROM line WHERE account = ? ORDER BY id DESC", entry.account
            )
            balance = (last["balance"] if last else account["opening"]) + entry.amount
            serial = entry.serial or str((last["id"] if last else 0) % 900 + 1)
            return books.insert(
                "INSERT INTO line (account, booked_at, credit, debit, balance, description,"
                " payer, serial, deposit_id, teller, branch, kind)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                entry.account, books.now() if at is None else at,
                max(entry.amount, 0), max(-entry.amount, 0), balance, entry.description,
                entry.payer, serial, entry.deposit_id, entry.teller, entry.branch, entry.kind,
            )  # fmt: skip

    def lines(self, account: str, first: date | None, last: date | None) -> Sequence[Row]:
        """The lines of a range of Tehran days, oldest first. Raises UnknownAccount."""
        self.pay_out_what_is_due()
        if self._books.one("SELECT 1 FROM account WHERE number = ?", account) is None:
            raise UnknownAccount(account)
        return self._books.all(
            "SELECT * FROM line WHERE account = ? AND booked_at >= ? AND booked_at < ? ORDER BY id",
            account,
            epoch_of(first, 0, 0) if first else 0,
            epoch_of(last + timedelta(days=1), 0, 0) if last else 2**40,
        )

    def advance(self, seconds: int) -> None:
        """Put the clock forward, with everything that happens on the way."""
        self._books.put_clock_forward(seconds)
        self._sales.let_time_pass()
        self.pay_out_what_is_due()

    def advance_days(self, days: int) -> None:
        """Put the clock forward by days, and on to the end of that morning's pay-out."""
        now = self._books.now()
        aim = now + days * 86_400
        after_cycle = epoch_of(local(aim).date(), *_CYCLE) + 60
        self.advance(max(aim, after_cycle) - now)

    def pay_out_what_is_due(self) -> None:
        """Credit each terminal with the sum of every business day whose cycle has come."""
        now = self._books.now()
        today = local(now).date()
        due_before = today if now >= epoch_of(today, *_CYCLE) else today - timedelta(days=1)
        limit = epoch_of(due_before, 0, 0)
        waiting = "FROM payment WHERE state = 'settled' AND line_id IS NULL AND settled_at < ?"
        if self._books.one(f"SELECT 1 {waiting} LIMIT 1", limit) is None and not self._refunds(
            limit
        ):
            return
        with self._books.writing():
            rows = self._books.all(
                f"SELECT * {waiting} ORDER BY settled_at, id",
                limit,
            )
            groups: dict[tuple[date, str, str], list[Row]] = {}
            for row in rows:
                day = local(row["settled_at"]).date()
                groups.setdefault((day, row["bank"], row["terminal"]), []).append(row)
            for (day, bank, terminal), payments in sorted(groups.items()):
                self._pay_out(day, bank, terminal, payments)
            for refund in self._refunds(limit):
                self._send_back(refund, at=epoch_of(due_before, *_CYCLE) + 2)

    def _refunds(self, limit: int) -> Sequence[Row]:
        """What is to go back, of payments whose money has reached the account."""
        return self._books.all(
            "SELECT refund.*, terminal.account FROM refund JOIN payment ON payment.id = payment_id"
            " JOIN terminal ON terminal.bank = refund.bank AND terminal.terminal ="
            " refund.terminal WHERE refund.line_id IS NULL AND payment.line_id IS NOT NULL"
            " AND refund.made_at < ? ORDER BY refund.id",
            limit,
        )

    def _send_back(self, refund: Row, *, at: int) -> None:
        line_id = self.book(
            Entry(
                refund["account"],
                -refund["amount"],
                "refund",
                f"عودت وجه پايانه {refund['terminal']} پيگيري {refund['reference']}",
                branch="شاپرک",
                teller="00950",
                serial="3",
            ),
            at=at,
        )
        self._books.run("UPDATE refund SET line_id = ? WHERE id = ?", line_id, refund["id"])

    def _pay_out(self, day: date, bank: str, terminal: str, payments: list[Row]) -> None:
        books = self._books
        contract = books.one(
            "SELECT * FROM terminal WHERE bank = ? AND terminal = ?", bank, terminal
        )
        if contract is None:
            raise LookupError(terminal)
        is_free = contract["fee_mode"] == "exempt"
        fees = {row["id"]: 0 if is_free else fee_rial(row["charged"]) for row in payments}
        gross, fee = sum(row["charged"] for row in payments), sum(fees.values())
        is_net = contract["fee_mode"] == "net"
        at = epoch_of(day + timedelta(days=1), *_CYCLE)
        about = f"پايانه {terminal} مورخ {jalali(day)}"
        line_id = self.book(
            Entry(
                contract["account"],
                gross - fee if is_net else gross,
                "settlement",
                f"حواله شاپرک {about}",
                f"شاپرک-پوز {terminal}",
                branch="شاپرک",
                teller="00950",
                serial="1",
            ),
            at=at,
        )
        if fee and not is_net:
            self.book(
                Entry(
                    contract["account"],
                    -fee,
                    "settlement_fee",
                    f"کارمزد شاپرک {about}",
                    branch="اداره کل مدیریت عملیات",
                    teller="00950",
                    serial="2",
                ),
                at=at + 1,
            )
        for row in payments:
            books.run(
                "UPDATE payment SET line_id = ?, fee = ? WHERE id = ?",
                line_id, fees[row["id"]], row["id"],
            )  # fmt: skip

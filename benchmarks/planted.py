"""A planted statement: promises on our side, the bank's file on theirs, and the truth in between.

Of N lines 60 % carry a pledge's deposit id (some in Persian digits, some with leading zeros), 6 %
a payment's reference, 2 % pay out batches of twelve payments net of fees, 4 % are bank fees; the
rest are competitors that nothing explains. Of N expected payments so many never arrive.
"""

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from core.database import Database
from core.digits import to_persian
from core.identifiers import DepositId
from core.jalali import jalali_plain
from donations.models.fund import MOST_NEEDED, Fund
from donations.models.pledge import Pledge, PledgeItem
from ledger.terminals import Terminal
from offices.places import ONLINE_OFFICE_CODE, Office
from reconciliation.expected import ExpectedDeposit, ExpectedTerminalMoney
from reconciliation.loading import load

HEADINGS = (
    "مانده", "مبلغ گردش بستانکار", "مبلغ گردش بدهکار", "شرح", "واریز کننده/ ذیتفع", "شماره سریال",
    "شناسه واریز", "کد حسابگری", "شعبه", "زمان", "تاریخ", "رديف",
)  # fmt: skip
ROUND_RIAL = (500_000, 1_000_000, 2_000_000, 2_500_000, 5_000_000, 10_000_000)
FIRST_DAY = date(2026, 3, 21)
DAYS = 200
MADE_AT = datetime(2026, 3, 21, tzinfo=UTC)
BATCH_ITEMS = 12
TERMINAL = "7001"
_EPOCH_TEXT = "2026-03-21 00:00:00.000000"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bank, and what it truly is; nothing for a competitor."""

    rial: int
    day: date
    truth: tuple[str, int] | None = None
    deposit_id: str = "0"
    serial: str = "1"
    payer: str = "مشارکت کننده"
    description: str = "واریز انتقالی"
    branch: str = "شعبه بازار"


@dataclass
class Planted:
    """Both sides and the truth. Ids of pledges and payments count from 1."""

    statement: bytes = b""
    line_count: int = 0
    truths: dict[int, tuple[str, int]] = field(default_factory=dict)  # by row of the file
    pledges: list[tuple[str, int]] = field(default_factory=list)  # deposit id, rial
    money: list[tuple[date, int, str]] = field(default_factory=list)  # day, rial, reference

    def promise(self, database: Database) -> None:
        """Put our side into a database that has the catalogue."""
        with database.writing() as session:
            office_id = session.scalars(
                select(Office.id).where(Office.code == ONLINE_OFFICE_CODE)
            ).one()
            fund_id = session.scalars(select(Fund.id).where(Fund.code == MOST_NEEDED)).one()
            terminal_id = session.scalars(
                select(Terminal.id).where(Terminal.bank_terminal_id == TERMINAL)
            ).one()
            numbered = list(enumerate(self.pledges, start=1))
            load(
                session,
                Pledge,
                ("id", "tracking_code", "deposit_id", "hidden_from", "office_id", "channel",
                 "language", "view_key", "made_at"),
                ((id_, f"{3 * 10**12 + id_}", deposit_id, "nobody", office_id, "website", "fa",
                  f"{id_:032}", _EPOCH_TEXT) for id_, (deposit_id, _rial) in numbered),
            )  # fmt: skip
            load(
                session,
                PledgeItem,
                ("id", "pledge_id", "position", "kind", "fund_id", "state", "amount_rial"),
                ((id_, id_, 1, "cash", fund_id, "promised", rial) for id_, (_, rial) in numbered),
            )
            load(
                session,
                ExpectedDeposit,
                ("deposit_id", "amount_rial", "expects", "target_id"),
                sorted((code, rial, "pledge", id_) for id_, (code, rial) in numbered),
            )
            load(
                session,
                ExpectedTerminalMoney,
                ("terminal_id", "business_day", "source", "source_id", "amount_rial", "reference"),
                ((terminal_id, day.isoformat(), "payment", id_, rial, reference)
                 for id_, (day, rial, reference) in enumerate(self.money, start=1)),
            )  # fmt: skip


def plant(size: int, seed: int = 1404) -> Planted:
    """N lines and N expected payments; the same ones for the same seed."""
    chance = random.Random(seed)
    planted = Planted()
    lines = [
        *_deposits(planted, chance, size),
        *_references(planted, chance, size),
        *_batches(planted, chance, size),
        *_fees(chance, size),
    ]
    while len(lines) < size:
        lines.append(_stranger(planted, chance))
    lines.sort(key=lambda line: line.day)
    planted.line_count = len(lines)
    planted.truths = {
        row: line.truth for row, line in enumerate(lines, start=2) if line.truth is not None
    }
    planted.statement = _written(lines)
    return planted


def fee_rial(rial: int) -> int:
    """The acquirer's fee, written down a second time: 2 in 10,000, from 1,200 to 40,000."""
    return min(max(rial * 2 // 10_000, 1_200), 40_000)


def _deposits(planted: Planted, chance: random.Random, size: int) -> Iterator[Line]:
    for number in range(1, size * 7 // 10 + 1):
        code = str(DepositId(1405, 800 + number // 1_000_000, number % 1_000_000))
        rial = _amount(chance)
        planted.pledges.append((code, rial))
        if number > size * 6 // 10:
            continue  # promised, and never paid
        written = code
        if number % 20 == 0:
            written = to_persian(code)
        elif number % 20 == 1:
            written = f"0000{code}"
        day = _day(chance)
        yield Line(rial, day, ("pledge", number), deposit_id=written)
        if number % 120 == 0:  # paid a second time, later: nobody's
            yield Line(rial, day + timedelta(days=1), deposit_id=written)


def _references(planted: Planted, chance: random.Random, size: int) -> Iterator[Line]:
    for number in range(size * 6 // 100):
        day, rial = _day(chance), _amount(chance)
        reference = f"{7 * 10**11 + number}"
        planted.money.append((day, rial, reference))
        truth = ("payment", len(planted.money))
        if number % 10 == 0:  # the right reference with another amount
            yield Line(rial + 1, day, serial=reference)
        else:
            yield Line(rial, day, truth, serial=reference)


def _batches(planted: Planted, chance: random.Random, size: int) -> Iterator[Line]:
    """One batch for each day; every tenth pair of neighbouring days has equal sums."""
    count = size * 2 // 100
    for number in range(count):
        day = FIRST_DAY + timedelta(days=1_000 + 7 * number)
        amounts = [_amount(chance) for _ in range(BATCH_ITEMS)]
        first_id = len(planted.money) + 1
        planted.money += [
            (day, rial, f"{8 * 10**11 + first_id + at}") for at, rial in enumerate(amounts)
        ]
        net = sum(amounts) - sum(map(fee_rial, amounts))
        is_twin = number % 10 == 0
        if is_twin:
            planted.money += [
                (day + timedelta(days=1), rial, f"{9 * 10**11 + first_id + at}")
                for at, rial in enumerate(amounts)
            ]
        yield Line(
            net,
            day + timedelta(days=2),
            None if is_twin else ("payment", first_id),
            payer=f"شاپرک-پوز {TERMINAL}",
            description=f"حواله شاپرک پايانه {TERMINAL}",
            branch="شاپرک",
        )


def _fees(chance: random.Random, size: int) -> Iterator[Line]:
    for _number in range(size * 4 // 100):
        yield Line(
            -chance.randrange(1_000, 90_000),
            _day(chance),
            ("fee", 0),
            description="کارمزد خدمات",
            branch="اداره کل مدیریت عملیات",
        )


def _stranger(planted: Planted, chance: random.Random) -> Line:
    code, rial = planted.pledges[
        chance.randrange(len(planted.pledges) * 6 // 7, len(planted.pledges))
    ]
    kind = chance.randrange(4)
    if kind == 0:  # one of ours with another amount
        return Line(rial + 7, _day(chance), deposit_id=code)
    if kind == 1:  # a wrong digit
        return Line(rial, _day(chance), deposit_id=f"{code[:6]}{(int(code[6]) + 1) % 10}{code[7:]}")
    if kind == 2:  # another house's id
        return Line(rial, _day(chance), deposit_id=str(chance.randrange(10**11, 10**12)))
    return Line(rial, _day(chance))  # only the amount


def _amount(chance: random.Random) -> int:
    if chance.random() < 0.65:
        return chance.choice(ROUND_RIAL)
    return chance.randrange(100_000, 250_000_000)


def _day(chance: random.Random) -> date:
    return FIRST_DAY + timedelta(days=chance.randrange(DAYS))


def _written(lines: list[Line]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    balance = 10**12
    days = {line.day: jalali_plain(line.day) for line in lines}
    for number, line in enumerate(lines, start=1):
        balance += line.rial
        writer.writerow(
            (
                f"{balance:,}", f"{max(line.rial, 0):,}", f"{max(-line.rial, 0):,}",
                line.description, line.payer, line.serial, line.deposit_id, "61205", line.branch,
                f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}",
                days[line.day], number,
            )
        )  # fmt: skip
    return text.getvalue().encode("utf-8-sig")

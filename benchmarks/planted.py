"""A planted statement as the bank would write it, for what begins with a file.

Of N lines 60 % carry a pledge's deposit id (some in Persian digits, some with leading zeros), 6 %
a payment's reference, 2 % pay out batches of twelve payments net of fees, 4 % are bank fees; the
rest are competitors that nothing explains. Of N expected payments so many never arrive.
"""

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from core.digits import to_persian
from core.identifiers import DepositId
from core.jalali import jalali_plain

HEADINGS = (
    "مانده", "مبلغ گردش بستانکار", "مبلغ گردش بدهکار", "شرح", "واریز کننده/ ذیتفع", "شماره سریال",
    "شناسه واریز", "کد حسابگری", "شعبه", "زمان", "تاریخ", "رديف",
)  # fmt: skip
ROUND_RIAL = (500_000, 1_000_000, 2_000_000, 2_500_000, 5_000_000, 10_000_000)
FIRST_DAY = date(2026, 3, 21)
DAYS = 200
BATCH_ITEMS = 12
TERMINAL = "7001"


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
    """The bank's file, and what it was made of. Ids of pledges and payments count from 1."""

    statement: bytes = b""
    line_count: int = 0
    truths: dict[int, tuple[str, int]] = field(default_factory=dict)  # by row of the file
    pledges: list[tuple[str, int]] = field(default_factory=list)  # deposit id, rial
    money: list[tuple[date, int, str]] = field(default_factory=list)  # day, rial, reference


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
    planted.statement = written(lines)
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


def written(lines: list[Line], *, opening_rial: int = 10**12) -> bytes:
    """The file as the bank writes it, its balances going on from the opening."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    balance = opening_rial
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

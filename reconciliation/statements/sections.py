"""Files that hold several statements: those of one account are one sequence, which must join.

A parser goes through a file once and tells, in the order of the file, a ``Section`` for each
statement's heading, its bookings, and a ``SectionEnd``. It is given the numbers of the rows that
are to be set aside where they cannot be read.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, NamedTuple, TypeAlias

from reconciliation.statements.contract import (
    Balances,
    Bookings,
    Declared,
    Statement,
    UnreadRow,
    Wanted,
)
from reconciliation.statements.exact import FRACTION_DIGITS, as_written, written
from reconciliation.statements.refusals import (
    BalancesDisagree,
    SectionsDoNotJoin,
    SeveralAccounts,
    SeveralCurrencies,
    UnknownFormat,
    UnknownRow,
)

ACCOUNTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Section:
    """The heading of one statement in a file."""

    account: str  # as written
    currency: str
    row_number: int  # where it stands
    opening_minor: int | None = None
    declares: bool = False  # a balance before or after its rows
    minor_digits: int = FRACTION_DIGITS
    is_booked: bool = True


class SectionEnd(NamedTuple):
    """Where a statement ends, with its closing balance if it tells one."""

    closing_minor: int | None
    row_number: int


Event: TypeAlias = Section | Bookings | UnreadRow | SectionEnd
Parser: TypeAlias = Callable[[BinaryIO, frozenset[int]], Iterator[Event]]


def account_digits(account: str) -> str | None:
    """The digits of an account as written; what stands before a stroke is the bank's."""
    own = account.rpartition("/")[2]
    digits = "".join(filter(str.isdigit, own)) or "".join(filter(str.isdigit, account))
    return digits if digits.strip("0") else None


def left_of(row_number: int, said: str | list[str] | dict[str, str]) -> UnreadRow:
    """What is left of a row that was set aside: what was written."""
    return UnreadRow(
        row_number, None, None, None, None, None, None, None, None, None, None, as_written(said)
    )  # fmt: skip


def statement_of(name: str, file: BinaryIO, parse: Parser, wanted: Wanted) -> Statement:
    """The statement of the wanted account. Raises SeveralAccounts, or what the parser refuses."""
    heading = _heading(file, parse, wanted)
    file.seek(0)
    declared = Declared(opening_minor=heading.opening_minor)
    return Statement(
        format=name,
        currency=heading.currency,
        minor_digits=heading.minor_digits,
        account_digits=account_digits(heading.account),
        bookings=_bookings(parse(file, wanted.set_aside), heading, declared, wanted),
        balances=Balances.DECLARED if heading.declares else Balances.NONE,
        declared=declared,
        is_booked=heading.is_booked,
    )


def _heading(file: BinaryIO, parse: Parser, wanted: Wanted) -> Section:
    """The first heading of the wanted account, or that of the only account there is."""
    others: dict[str, Section] = {}
    for event in parse(file, wanted.set_aside):
        if isinstance(event, Section):
            if _is_wanted(event, wanted):
                return event
            others.setdefault(event.account, event)
    if not others:
        raise UnknownFormat
    if len(others) > 1:
        raise SeveralAccounts(accounts=_named(others))
    return next(iter(others.values()))


def _named(accounts: Iterable[str]) -> str:
    named = (account_digits(account) or account for account in accounts)
    return ", ".join(account[:40] for account in islice(named, ACCOUNTS_SHOWN))


def _is_wanted(section: Section, wanted: Wanted) -> bool:
    found = account_digits(section.account)
    number = "".join(filter(str.isdigit, wanted.account_number))
    return found is not None and bool(number) and found.endswith(number)


def _bookings(
    events: Iterator[Event], heading: Section, declared: Declared, wanted: Wanted
) -> Iterator[Bookings | UnreadRow]:
    """The bookings of one account's sections; each sum is proved against the balances around it."""
    is_ours = False
    opening, total = heading.opening_minor, 0
    for event in events:
        if isinstance(event, Bookings):
            if is_ours:
                total += sum(event.amount_minor)
                yield event
        elif isinstance(event, UnreadRow):
            if is_ours:
                opening = None  # without its amount nothing can be proved here
                yield event
        elif isinstance(event, Section):
            is_ours = event.account == heading.account
            if not is_ours:
                if _is_wanted(event, wanted):
                    raise SeveralAccounts(accounts=_named((heading.account, event.account)))
                continue
            _refuse_unlike(event, heading)
            _refuse_apart(event, declared)
            before = event.opening_minor
            opening, total = declared.closing_minor if before is None else before, 0
        elif is_ours:
            after = None if opening is None else opening + total
            if None not in (after, event.closing_minor) and after != event.closing_minor:
                raise BalancesDisagree(
                    row=event.row_number,
                    expected=written(after or 0, heading.minor_digits),
                    found=written(event.closing_minor or 0, heading.minor_digits),
                )
            declared.closing_minor = after if event.closing_minor is None else event.closing_minor
            is_ours = False


def _refuse_unlike(section: Section, heading: Section) -> None:
    if section.currency != heading.currency:
        raise SeveralCurrencies(row=section.row_number)
    if section.is_booked != heading.is_booked:
        raise UnknownRow(row=section.row_number)


def _refuse_apart(section: Section, declared: Declared) -> None:
    before, after = declared.closing_minor, section.opening_minor
    if before is not None and after is not None and before != after:
        raise SectionsDoNotJoin(row=section.row_number)

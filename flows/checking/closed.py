"""Proofs that what was signed still holds, and that the bank's balances are one chain."""

from collections.abc import Iterator

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from core.database import sum_rial
from core.words import _
from flows.checking.statements import line_stands, match_stands
from ledger.accounts import BankAccount
from reconciliation.closing import digest_of
from reconciliation.day_facts import BankDay, bank_codes, books_rial
from reconciliation.day_sheets import DaySheet, DaySheetDifference, DaySignature
from reconciliation.day_shown import terminal_day
from reconciliation.differences_of_day import DayFacts, Difference
from reconciliation.lines import StatementLine
from reconciliation.locks import closed_through
from reconciliation.matches import Match, SettlementItem, Target
from reconciliation.signatures import signed_sheets

_PART = 200  # sheets looked at together


def broken_balances(session: Session) -> Iterator[str]:
    """Rows of the bank whose balance is not the one before with their own amount."""
    line = StatementLine
    before = func.lag(line.balance_rial).over(
        partition_by=line.bank_account_id, order_by=line.position
    )
    row = select(
        line.id, line.amount_rial, line.balance_rial, before.label("before_rial")
    ).where(line_stands()).subquery()  # fmt: skip
    for line_id in session.scalars(
        select(row.c.id)
        .where(
            row.c.before_rial.is_not(None),
            row.c.balance_rial != row.c.before_rial + row.c.amount_rial,
        )
        .order_by(row.c.id)
    ):
        yield _("the balance of statement line {id} does not follow from the one before").format(
            id=line_id
        )


def signed_days_changed(session: Session) -> Iterator[str]:
    """Signed sheets whose frozen numbers are not those of the day's rows, the books or the hash."""
    for account in session.scalars(select(BankAccount).order_by(BankAccount.number)):
        yield from _sums_changed(session, account)
        yield from _books_changed(session, account)
        yield from _sheets_changed(session, account)


def locks_unlike_signatures(session: Session) -> Iterator[str]:
    """Accounts that are locked further, or less far, than their days are signed."""
    for account in session.scalars(select(BankAccount).order_by(BankAccount.number)):
        signed = session.scalars(
            select(func.max(DaySheet.day)).where(
                DaySheet.id.in_(signed_sheets(account.id).with_only_columns(DaySheet.id))
            )
        ).one()
        locked = closed_through(session, account.id)
        if signed != locked:
            yield _("account {account} is locked up to {locked}, and signed up to {signed}").format(
                account=account.number, locked=locked, signed=signed
            )


def paid_out_twice(session: Session) -> Iterator[str]:
    """Payments that stand in more than one settlement."""
    item = SettlementItem
    of_item = and_(Match.target == Target.SETTLEMENT, Match.target_id == item.settlement_id)
    for source, source_id in session.execute(
        select(item.source, item.source_id)
        .where(exists().where(of_item, match_stands()))
        .group_by(item.source, item.source_id)
        .having(func.count() > 1)
        .order_by(item.source, item.source_id)
    ):
        yield _("money of {source} {id} was paid out twice").format(source=source, id=source_id)


def _sums_changed(session: Session, account: BankAccount) -> Iterator[str]:
    line = StatementLine
    signed = select(DaySheet.day).where(
        DaySheet.id.in_(signed_sheets(account.id).with_only_columns(DaySheet.id))
    )
    sums = {
        (day, is_credit): (count, rial)
        for is_credit in (True, False)
        for day, count, rial in session.execute(
            select(line.booked_on, func.count(), sum_rial(line.amount_rial))
            .where(
                line.bank_account_id == account.id,
                line_stands(),
                line.booked_on.in_(signed),
                line.amount_rial > 0 if is_credit else line.amount_rial < 0,
            )
            .group_by(line.booked_on)
        )
    }
    closing_rial: int | None = None
    for sheet in session.scalars(signed_sheets(account.id).order_by(DaySheet.day)):
        came = (sheet.credit_count, sheet.credits_rial)
        went = (sheet.debit_count, -sheet.debits_rial)
        if came != sums.get((sheet.day, True), (0, 0)) or went != sums.get(
            (sheet.day, False), (0, 0)
        ):
            yield _told(account, sheet, _("its rows are not those that were signed"))
        if closing_rial not in (None, sheet.opening_rial):
            yield _told(account, sheet, _("it does not begin where the signed day before ended"))
        closing_rial = sheet.closing_rial


def _books_changed(session: Session, account: BankAccount) -> Iterator[str]:
    """Of the latest signed day, whose balances hold everything before them too."""
    found = session.execute(
        select(DaySheet, DaySignature.last_posting_id)
        .join(DaySignature, DaySignature.day_sheet_id == DaySheet.id)
        .where(DaySheet.id.in_(signed_sheets(account.id).with_only_columns(DaySheet.id)))
        .order_by(DaySheet.day.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return
    sheet, last_posting_id = found
    bank, suspense = bank_codes(account)
    books = books_rial(session, (bank, suspense), sheet.day, last_posting_id=last_posting_id)
    if (books[bank], -books[suspense]) != (sheet.books_bank_rial, sheet.books_open_rial):
        yield _told(account, sheet, _("our books of that day are not those that were signed"))


def _sheets_changed(session: Session, account: BankAccount) -> Iterator[str]:
    for sheet in session.scalars(
        signed_sheets(account.id).order_by(DaySheet.day).execution_options(yield_per=_PART)
    ):
        if digest_of(account.number, sheet.day, _frozen(session, sheet)) != sheet.digest:
            yield _told(account, sheet, _("the sheet is not the one that was signed"))


def _frozen(session: Session, sheet: DaySheet) -> DayFacts:
    """The facts of a sheet as its rows hold them."""
    differences = session.scalars(
        select(DaySheetDifference).where(DaySheetDifference.day_sheet_id == sheet.id)
    )
    return DayFacts(
        bank=BankDay(
            opening_rial=sheet.opening_rial,
            credit_count=sheet.credit_count,
            credits_rial=sheet.credits_rial,
            debit_count=sheet.debit_count,
            debits_rial=sheet.debits_rial,
            closing_rial=sheet.closing_rial,
        ),
        open_count=sheet.open_count,
        open_rial=sheet.open_rial,
        books_bank_rial=sheet.books_bank_rial,
        books_open_rial=sheet.books_open_rial,
        terminals=[terminal_day(each) for each in sheet.terminals],
        differences=[
            Difference(
                found.kind,
                found.subject_id,
                found.since_on,
                found.amount_rial,
                found.item_count,
            )
            for found in differences
        ],
    )


def _told(account: BankAccount, sheet: DaySheet, what: str) -> str:
    return _("account {account}, {day}: {what}").format(
        account=account.number, day=sheet.day, what=what
    )

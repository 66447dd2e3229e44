"""Proofs between the bank's statements and the books."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Exists, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from core.database import sum_rial
from core.words import _
from flows.checking.exact import exact_sum
from ledger.accounts import AccountKind, BankAccount, LedgerAccount, account_code
from ledger.postings import Cause, Entry, Posting, balance_rial
from reconciliation.lines import StatementFile, StatementImportUndo, StatementLine
from reconciliation.matches import Match, MatchUndo

_Reversal = aliased(Posting, name="reversal")


def line_stands() -> ColumnElement[bool]:
    """Whether the import of a statement line has not been undone."""
    return ~(
        exists()
        .where(StatementImportUndo.statement_file_id == StatementLine.statement_file_id)
        .correlate(StatementLine)
    )


def match_stands() -> ColumnElement[bool]:
    """Whether a match has not been undone."""
    return ~exists().where(MatchUndo.match_id == Match.id).correlate(Match)


def is_explained() -> Exists:
    """Whether a statement line has a match that stands."""
    return (
        exists().where(Match.line_id == StatementLine.id, match_stands()).correlate(StatementLine)
    )


def bank_differences(session: Session) -> Iterator[str]:
    """Bank accounts whose balance in our books is not the bank's own, as last imported."""
    for account in session.scalars(select(BankAccount).order_by(BankAccount.number)):
        ours = balance_rial(session, account_code(AccountKind.BANK, account.number))
        theirs = _last_imported_rial(session, account)
        if ours != theirs:
            yield _("account {account}: the bank says {theirs} rials, our books {ours}").format(
                account=account.number, theirs=theirs, ours=ours
            )


def lines_not_posted(session: Session) -> Iterator[str]:
    """Standing lines without their one posting, and postings of lines that do not stand."""
    wrong = _posted_lines().where(
        or_(
            and_(
                line_stands(),
                or_(
                    Posting.id.is_(None),
                    _Reversal.id.is_not(None),
                    Entry.id.is_(None),
                    Entry.amount_rial != StatementLine.amount_rial,
                ),
            ),
            and_(~line_stands(), Posting.id.is_not(None), _Reversal.id.is_(None)),
        )
    )
    for line_id in session.scalars(wrong):
        yield _("statement line {id} is not posted as it stands").format(id=line_id)
    of_nothing = select(Posting.id).where(
        Posting.cause == Cause.STATEMENT_LINE,
        ~exists().where(StatementLine.id == Posting.cause_id),
    )
    for posting_id in session.scalars(of_nothing.order_by(Posting.id)):
        yield _("posting {id} is of a statement line that is not there").format(id=posting_id)


def lines_wrongly_explained(session: Session) -> Iterator[str]:
    """Lines whose standing matches do not sum to the line, or that do not stand any more."""
    parts = exact_sum(Match.amount_rial)
    for line_id, amount_rial, parts_rial in session.execute(
        select(StatementLine.id, StatementLine.amount_rial, parts)
        .join(Match, Match.line_id == StatementLine.id)
        .where(match_stands())
        .group_by(StatementLine.id, StatementLine.amount_rial)
        .having(parts != StatementLine.amount_rial)
        .order_by(StatementLine.id)
    ):
        yield _("statement line {id} of {amount} rials is explained by {parts}").format(
            id=line_id, amount=amount_rial, parts=int(parts_rial)
        )
    gone = select(StatementLine.id).where(~line_stands(), is_explained())
    for line_id in session.scalars(gone.order_by(StatementLine.id)):
        yield _("statement line {id} is explained although its import was undone").format(
            id=line_id
        )


def suspense_differences(session: Session) -> Iterator[str]:
    """Suspense accounts that hold something else than the lines nobody has explained."""
    for account in session.scalars(select(BankAccount).order_by(BankAccount.number)):
        held_rial = -balance_rial(session, account_code(AccountKind.SUSPENSE, account.number))
        open_rial = session.scalars(
            select(sum_rial(StatementLine.amount_rial)).where(
                StatementLine.bank_account_id == account.id, line_stands(), ~is_explained()
            )
        ).one()
        if held_rial != open_rial:
            yield _("account {account}: suspense holds {held} rials, open lines {open}").format(
                account=account.number, held=held_rial, open=open_rial
            )


def _posted_lines() -> Select[int]:
    """Every line with its posting, the reversal of it, and its entry at the bank account."""
    return (
        select(StatementLine.id)
        .outerjoin(
            Posting,
            and_(Posting.cause == Cause.STATEMENT_LINE, Posting.cause_id == StatementLine.id),
        )
        .outerjoin(_Reversal, _Reversal.reverses_id == Posting.id)
        .outerjoin(
            LedgerAccount,
            and_(
                LedgerAccount.bank_account_id == StatementLine.bank_account_id,
                LedgerAccount.kind == AccountKind.BANK,
            ),
        )
        .outerjoin(
            Entry, and_(Entry.posting_id == Posting.id, Entry.account_id == LedgerAccount.id)
        )
        .order_by(StatementLine.id)
    )


def _last_imported_rial(session: Session, account: BankAccount) -> int:
    """What the bank says: the balance after the latest line that stands.

    A format without running balances says it by its file; an account without lines holds what
    was entered as its opening.
    """
    last = session.execute(
        select(StatementLine.balance_rial, StatementFile.closing_rial)
        .join(StatementFile, StatementFile.id == StatementLine.statement_file_id)
        .where(StatementLine.bank_account_id == account.id, line_stands())
        .order_by(StatementLine.position.desc())
        .limit(1)
    ).first()
    if last is None:
        return _opening_rial(session, account)
    balance_rial, closing_rial = last
    return closing_rial if balance_rial is None else balance_rial


def _opening_rial(session: Session, account: BankAccount) -> int:
    opening = select(Posting.id).where(Posting.cause == Cause.STATEMENT_OPENING)
    return session.scalars(
        select(sum_rial(Entry.amount_rial))
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .join(Posting, Posting.id == Entry.posting_id)
        .where(
            LedgerAccount.code == account_code(AccountKind.BANK, account.number),
            or_(Posting.id.in_(opening), Posting.reverses_id.in_(opening)),
        )
    ).one()

"""Postings by the thousand: the database writes one for each row of a selection."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, literal, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import CompoundSelect

from ledger.accounts import AccountKind, account_code, account_ids
from ledger.postings import Cause, Entry, Posting


def account_id(session: Session, kind: AccountKind, detail: str = "") -> int:
    """The id of one account; an account that is named for the first time is opened."""
    code = account_code(kind, detail)
    return account_ids(session, {code})[code]


def post_each(
    session: Session,
    cause: Cause,
    causes: Select[*tuple[Any, ...]],
    legs: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]],
    *,
    now: datetime,
) -> None:
    """Write one posting for each row of ``causes``, with its entries from ``legs``.

    ``causes`` selects cause_id and booked_on; ``legs`` selects cause_id, account_id and amount_rial
    (a debit positive) and must balance for each cause_id: the caller's queries are its proof.
    """
    cause_rows = causes.subquery()
    session.execute(
        insert(Posting).from_select(
            ["cause", "cause_id", "booked_on", "recorded_at"],
            select(
                literal(cause, Posting.cause.type),
                cause_rows.c.cause_id,
                cause_rows.c.booked_on,
                literal(now, Posting.recorded_at.type),
            ).order_by(cause_rows.c.cause_id),
        )
    )
    leg_rows = legs.subquery()
    session.execute(
        insert(Entry).from_select(
            ["posting_id", "account_id", "amount_rial"],
            select(Posting.id, leg_rows.c.account_id, leg_rows.c.amount_rial)
            .join_from(leg_rows, Posting, Posting.cause_id == leg_rows.c.cause_id)
            .where(Posting.cause == cause, leg_rows.c.amount_rial != 0),
        )
    )


def post_numbered(
    session: Session,
    cause: Cause,
    postings: Select[*tuple[Any, ...]],
    legs: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]],
    *,
    now: datetime,
) -> None:
    """Write postings whose ids the caller has taken already.

    ``postings`` selects posting_id, cause_id and booked_on; ``legs`` selects posting_id, account_id
    and amount_rial (a debit positive) and must balance for each posting_id.
    """
    rows = postings.subquery()
    session.execute(
        insert(Posting).from_select(
            ["id", "cause", "cause_id", "booked_on", "recorded_at"],
            select(
                rows.c.posting_id,
                literal(cause, Posting.cause.type),
                rows.c.cause_id,
                rows.c.booked_on,
                literal(now, Posting.recorded_at.type),
            ),
        )
    )
    leg_rows = legs.subquery()
    session.execute(
        insert(Entry).from_select(
            ["posting_id", "account_id", "amount_rial"],
            select(leg_rows.c.posting_id, leg_rows.c.account_id, leg_rows.c.amount_rial).where(
                leg_rows.c.amount_rial != 0
            ),
        )
    )


def reverse_each(
    session: Session, chosen: ColumnElement[bool], *, booked_on: date, now: datetime
) -> None:
    """Write the posting that undoes each chosen one, dated today.

    Raises IntegrityError where one of them is already reversed.
    """
    session.execute(
        insert(Posting).from_select(
            ["cause", "cause_id", "reverses_id", "booked_on", "recorded_at"],
            select(
                literal(Cause.REVERSAL, Posting.cause.type),
                Posting.id,
                Posting.id,
                literal(booked_on, Posting.booked_on.type),
                literal(now, Posting.recorded_at.type),
            )
            .where(chosen)
            .order_by(Posting.id),
        )
    )
    reversed_ids = select(Posting.id).where(chosen)
    reversal = select(Posting.id, Posting.reverses_id).subquery()
    session.execute(
        insert(Entry).from_select(
            ["posting_id", "account_id", "amount_rial"],
            select(reversal.c.id, Entry.account_id, -Entry.amount_rial)
            .join_from(Entry, reversal, reversal.c.reverses_id == Entry.posting_id)
            .where(Entry.posting_id.in_(reversed_ids)),
        )
    )

"""``day close|status``: closing a day by two persons, and how far the days are closed."""

from datetime import date

import click
from sqlalchemy import select

from core.jalali import parse_jalali
from core.refusals import NotFound
from core.words import _
from flows import closing
from ledger.accounts import BankAccount
from offices.granting import Permission, permissions_of
from offices.signing_in import confirm_code
from offices.staff import StaffMember
from reconciliation.day_sheets import DaySheet
from reconciliation.day_shown import KIND_NAMES
from reconciliation.day_views import first_difference, latest_sheet
from reconciliation.importing import account_with_number
from reconciliation.locks import closed_through
from reconciliation.signatures import next_day
from web.commands.frame import CommandGroup, answer, as_json
from web.filters import day as day_text
from web.services import current

_GREGORIAN_FROM = 1900  # no Jalali year of ours is so late

day = CommandGroup("day", help="Closing the days of an account.")


@day.command("close")
@click.argument("date_", metavar="DATE")
@click.option("--account", default="90190", show_default=True, help="Number of the account.")
@click.option("--as", "username", required=True, help="Who prepares or signs.")
@click.option("--sign", is_flag=True, help="Sign what another person has prepared.")
@click.option("--code", help="The signer's one-time code; asked for where it is not given.")
@as_json
def close(
    date_: str, account: str, username: str, code: str | None, *, sign: bool, as_json: bool
) -> None:
    """Prepare the sheet of a day, such as 1405-08-30 or 2026-11-21; with --sign, sign it."""
    on = _read_day(date_)
    person_id = _person(username)
    if sign:
        typed = code or click.prompt(_("One-time code"), err=True)
        confirm_code(current.database, person_id, typed, now=current.now())
    with current.database.writing() as session:
        if sign:
            register = account_with_number(session, account)
            prepared = latest_sheet(session, register.id, on)
            if prepared is None:
                raise NotFound(subject="day_sheet")
            sheet = closing.sign_day(
                session, prepared.id, signed_by_id=person_id, now=current.now()
            )
        else:
            sheet = closing.prepare_day(
                session, account, on, prepared_by_id=person_id, now=current.now()
            )
        facts = _facts(sheet, account, is_signed=sign)
        told = _told(sheet, is_signed=sign)
    answer(facts, told, as_json=as_json)


@day.command("status")
@as_json
def status(*, as_json: bool) -> None:
    """Show how far the days of each account are signed, and the first day that differs."""
    facts, lines = [], []
    with current.database.reading() as session:
        for account in session.scalars(select(BankAccount).order_by(BankAccount.number)):
            signed = closed_through(session, account.id)
            following = next_day(session, account.id)
            first = first_difference(session, account, now=current.now())
            facts.append(
                {
                    "account": account.number,
                    "signed_through": _iso(signed),
                    "next_day": _iso(following),
                    "first_difference": _iso(first.day if first else None),
                }
            )
            lines.append(
                _(
                    "Account {account}: signed up to {signed}, next {following}, first day that"
                    " differs {first}"
                ).format(
                    account=account.number,
                    signed=_day(signed),
                    following=_day(following),
                    first=_day(first.day if first else None),
                )
            )
    answer(facts, lines, as_json=as_json)


def _read_day(text: str) -> date:
    """A Jalali day or, by its year, a Gregorian one. Raises UnreadableDate."""
    try:
        gregorian = date.fromisoformat(text)
    except ValueError:
        return parse_jalali(text)
    return gregorian if gregorian.year >= _GREGORIAN_FROM else parse_jalali(text)


def _person(username: str) -> int:
    """Somebody who may work in finance. Raises NotFound."""
    with current.database.reading() as session:
        member = session.scalars(
            select(StaffMember).where(StaffMember.username == username, StaffMember.is_active)
        ).one_or_none()
        may_act = member is not None and Permission.WORK_IN_FINANCE in permissions_of(
            session, member.id
        )
        if member is None or not may_act:
            raise NotFound(subject="staff_member")
        return member.id


def _facts(sheet: DaySheet, account: str, *, is_signed: bool) -> dict[str, object]:
    return {
        "account": account,
        "day": sheet.day.isoformat(),
        "version": sheet.version,
        "state": "signed" if is_signed else "prepared",
        "opening_rial": sheet.opening_rial,
        "credits_rial": sheet.credits_rial,
        "debits_rial": sheet.debits_rial,
        "closing_rial": sheet.closing_rial,
        "books_rial": sheet.books_bank_rial,
        "open_rial": sheet.open_rial,
        "can_be_signed": sheet.is_whole,
        "differences": [
            {
                "kind": found.kind.value,
                "since": found.since_on.isoformat(),
                "amount_rial": found.amount_rial,
            }
            for found in sheet.differences
        ],
        "digest": sheet.digest,
    }


def _told(sheet: DaySheet, *, is_signed: bool) -> list[str]:
    state = _("signed and locked") if is_signed else _("prepared")
    lines = [
        f"{day_text(sheet.day)}: {state} ({sheet.version})",
        f"{sheet.opening_rial:,} + {sheet.credits_rial:,} − {sheet.debits_rial:,}"
        f" = {sheet.closing_rial:,}",
    ]
    return lines + [
        f"  {KIND_NAMES[found.kind]}: {found.amount_rial:,} ({day_text(found.since_on)})"
        for found in sheet.differences
    ]


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _day(value: date | None) -> str:
    return "—" if value is None else day_text(value)

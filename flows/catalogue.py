"""What a new installation begins with: funds, provinces, desks, goods, account 90190, terminals.

Everything here is data that staff extend later; loading it again adds what is missing and changes
nothing that is there.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import date, time
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_moment
from core.database import insert_if_new
from core.settings import ROOT
from donations.models.acceptance_rule import AcceptanceRule, RuleKind
from donations.models.cash_count import Denomination, DenominationChange
from donations.models.fund import MOST_NEEDED, Fund, FundKind
from donations.models.goods_category import GoodsCategory
from donations.models.volunteer import Skill
from ledger.accounts import BankAccount
from ledger.terminals import Terminal, TerminalTerms
from offices.places import Office, OfficeKind, Province
from payment_gateways.registry import Gateway
from reconciliation.calendar import WeeklyRest, say_fixed_holidays

_SERVICES = ROOT / "donations/catalogue/services.csv"
_OFFICES = ROOT / "offices/catalogue/offices.csv"
_GOODS = ROOT / "donations/catalogue/goods.csv"
_SKILLS = ROOT / "donations/catalogue/skills.csv"
_BEGINNING = date(2025, 3, 21)  # 1 Farvardin 1404
_REST = (3, 4)  # Thursday and Friday, where Monday is 0
_YEARS = range(1404, 1407)
# What the Central Bank has in circulation, in rials; Iran cheques are notes.
_NOTES = (2_000_000, 1_000_000, 500_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000)
_COINS = (5_000, 2_000, 1_000, 500)


def load_catalogue(session: Session) -> None:
    """Load everything that is missing."""
    _load_funds(session)
    _load_offices(session)
    _load_account(session)
    _load_calendar(session)
    _load_denominations(session)
    _load_goods(session)
    _load_skills(session)


def load_terminals(session: Session, gateways: Mapping[str, Gateway]) -> None:
    """Enter the terminals of the gateway accounts, with the default terms, where they are new."""
    accounts = {
        account.number: account.id for account in session.scalars(select(BankAccount)).all()
    }
    for gateway in gateways.values():
        if gateway.refusal is not None:  # its adapter alone knows what the bank calls the terminal
            continue
        if gateway.account not in accounts:
            raise LookupError(
                f"gateway {gateway.name}: bank account {gateway.account} is not in the register"
            )
        enter_terminal(
            session, gateway.name, gateway.terminal, bank_account_id=accounts[gateway.account]
        )


def enter_terminal(
    session: Session,
    name: str,
    bank_terminal_id: str,
    *,
    bank_account_id: int,
    office_id: int | None = None,
) -> int:
    """Enter one terminal with the default terms; one that is known is left as it is."""
    session.execute(
        insert_if_new(
            session,
            Terminal,
            name=name,
            bank_terminal_id=bank_terminal_id,
            bank_account_id=bank_account_id,
            office_id=office_id,
        )
    )
    terminal_id = session.scalars(select(Terminal.id).where(Terminal.name == name)).one()
    session.execute(
        insert_if_new(session, TerminalTerms, terminal_id=terminal_id, valid_from=_BEGINNING)
    )
    return terminal_id


def _load_funds(session: Session) -> None:
    session.execute(
        insert_if_new(
            session,
            Fund,
            code=MOST_NEEDED,
            kind=FundKind.GENERAL,
            name_fa="هر جا که نیاز بیشتر است",
            name_en="Where it is most needed",
            is_open=True,
        )
    )
    for row in _rows(_SERVICES):
        session.execute(
            insert_if_new(
                session,
                Fund,
                code=row["service_id"],
                kind=FundKind.SERVICE,
                name_fa=row["service_title_fa"],
                name_en=row["service_title_en"],
                is_open=True,
            )
        )
    ids = dict(session.execute(select(Fund.code, Fund.id)).all())
    for row in _rows(_SERVICES):
        if row["sub_id"]:
            session.execute(
                insert_if_new(
                    session,
                    Fund,
                    code=row["sub_id"],
                    kind=FundKind.SUB_SERVICE,
                    parent_id=ids[row["service_id"]],
                    name_fa=row["sub_title_fa"],
                    name_en=row["sub_title_en"],
                    is_open=True,
                )
            )


def _load_offices(session: Session) -> None:
    for row in _rows(_OFFICES):
        if row["province_code"]:
            session.execute(
                insert_if_new(
                    session,
                    Province,
                    code=row["province_code"],
                    name_fa=row["province_fa"],
                    name_en=row["province_en"],
                )
            )
    ids = dict(session.execute(select(Province.code, Province.id)).all())
    for row in _rows(_OFFICES):
        session.execute(
            insert_if_new(
                session,
                Office,
                code=row["code"],
                place=int(row["place"]),
                kind=OfficeKind(row["kind"]),
                province_id=ids.get(row["province_code"]),
                name_fa=row["name_fa"],
                name_en=row["name_en"],
                is_open=True,
            )
        )


def _load_account(session: Session) -> None:
    session.execute(
        insert_if_new(
            session,
            BankAccount,
            number="90190",
            bank_fa="بانک ملت",
            bank_en="Bank Mellat",
            branch_fa="دکتر قریب",
            branch_en="Dr Gharib",
            holder_fa="مشارکت‌های مردمی سازمان بهزیستی کشور",
            holder_en="Public participation of the State Welfare Organisation",
            unit="IRR",
            deposit_id_layout="year2-place3-serial6",
            deposit_id_check="iso7064-97-10",
            valid_from=_BEGINNING,
            is_central=True,
        )
    )


def _load_calendar(session: Session) -> None:
    """The weekly rest, and the holidays that the law fixes in the solar year; people add others."""
    for weekday in _REST:
        session.execute(insert_if_new(session, WeeklyRest, valid_from=_BEGINNING, weekday=weekday))
    say_fixed_holidays(session, _YEARS, now=tehran_moment(_BEGINNING, time()))


def _load_goods(session: Session) -> None:
    """Categories of goods with the rules they begin with; a rule set by people stays as it is."""
    begins_at = tehran_moment(_BEGINNING, time())
    for row in _rows(_GOODS):
        names = {name: row[name] for name in ("code", "name_fa", "name_en")}
        session.execute(insert_if_new(session, GoodsCategory, **names))
        category = select(GoodsCategory.id).where(GoodsCategory.code == row["code"])
        for kind in RuleKind:
            if int(row[kind]):
                session.execute(
                    insert_if_new(
                        session,
                        AcceptanceRule,
                        category_id=session.scalars(category).one(),
                        kind=kind,
                        value=int(row[kind]),
                        valid_from=_BEGINNING,
                        reason="catalogue",
                        set_at=begins_at,
                    )
                )


def _load_skills(session: Session) -> None:
    for row in _rows(_SKILLS):
        names = {name: row[name] for name in ("code", "name_fa", "name_en")}
        licence = row["licence_service_id"] or None
        session.execute(
            insert_if_new(
                session,
                Skill,
                **names,
                licence_service_id=licence,
                needs_licence=licence is not None,
                is_open=True,
            )
        )


def _load_denominations(session: Session) -> None:
    begins_at = tehran_moment(_BEGINNING, time())
    for is_coin, values in ((False, _NOTES), (True, _COINS)):
        for value_rial in values:
            names = {"value_rial": value_rial, "is_coin": is_coin}
            session.execute(insert_if_new(session, Denomination, **names))
            denomination = select(Denomination.id).filter_by(**names)
            session.execute(
                insert_if_new(
                    session,
                    DenominationChange,
                    denomination_id=session.scalars(denomination).one(),
                    is_counted=True,
                    valid_from=_BEGINNING,
                    reason="catalogue",
                    set_at=begins_at,
                )
            )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)

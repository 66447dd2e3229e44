"""Planting by the million: both sides and the truth are made by the database itself.

Of N lines 60 % carry a pledge's deposit id, 6 % a payment's reference, 2 % pay out batches of
twelve payments net of fees, 4 % are bank fees; the rest are competitors that nothing may explain:

* a deposit id paid twice, with another amount, with a wrong digit, or of another house;
* a reference with another amount, or twice with the right one;
* two neighbouring batches of one sum, and one line for them;
* the amount of a promise that nobody kept: alone, or with the last four digits of a card.

Of N expected payments so many never arrive. Chance is arithmetic, so that every run is the same.
"""

# ruff: noqa: S608  the statements are put together from constants of this module

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text, true
from sqlalchemy.orm import Session

from benchmarks.planted import BATCH_ITEMS, DAYS, FIRST_DAY, ROUND_RIAL
from core.database import Database
from flows.catalogue import enter_terminal, load_catalogue
from ledger.accounts import AccountKind, account_code, account_ids
from offices.places import ONLINE_OFFICE_CODE
from reconciliation.worktables import open_lines

ACCOUNT = "90190"
TERMINALS = 200  # with batches; one more has the payments that come under their own reference
_DAYS_BETWEEN_BATCHES = 8
_MADE_AT = "2026-03-21 00:00:00.000000"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many of each there are among N lines."""

    lines: int

    @property
    def pledges(self) -> int:
        return self.lines * 7 // 10

    @property
    def kept(self) -> int:
        return self.lines * 6 // 10

    @property
    def references(self) -> int:
        return self.lines * 6 // 100

    @property
    def batches(self) -> int:
        return self.lines * 2 // 100

    @property
    def fees(self) -> int:
        return self.lines * 4 // 100

    @property
    def days(self) -> int:
        return max(DAYS, (self.batches // TERMINALS + 1) * _DAYS_BETWEEN_BATCHES) + 10


def plant_lines(database: Database, lines: int) -> None:
    """Fill an empty database with the catalogue, the promises, one statement and the truth."""
    sizes = Sizes(lines)
    with database.writing() as session:
        load_catalogue(session)
        _enter_terminals(session)
        _count_to(session, lines)
        _write_days(session, sizes)
        values = {**_ids(session), **{name: getattr(sizes, name) for name in _COUNTS}}
        values["fingerprint"] = bytes(16)
        for statement in _STATEMENTS:
            _execute(session, statement, values)
        if not database.is_sqlite:
            for table in _NUMBERED:
                session.execute(text(_GO_ON_NUMBERING.format(table=table)))
    with database.writing() as session:
        open_lines(session, true())


def _execute(session: Session, statement: str, values: dict[str, object]) -> None:
    clause = text(statement)
    named = set(clause.compile().params)
    session.execute(clause, {name: value for name, value in values.items() if name in named})


def _enter_terminals(session: Session) -> None:
    account_id = session.execute(
        text("SELECT id FROM bank_account WHERE number = :number"), {"number": ACCOUNT}
    ).scalar_one()
    for number in range(TERMINALS + 1):
        enter_terminal(session, f"planted-{number}", f"{7000 + number}", bank_account_id=account_id)
    kinds = (AccountKind.BANK, AccountKind.SUSPENSE)
    account_ids(session, {account_code(kind, ACCOUNT) for kind in kinds})


def _count_to(session: Session, last: int) -> None:
    session.execute(text("CREATE TABLE planted_number (n BIGINT PRIMARY KEY)"))
    session.execute(
        text(
            "INSERT INTO planted_number WITH RECURSIVE series(n) AS"
            " (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :last) SELECT n FROM series"
        ),
        {"last": last},
    )


def _write_days(session: Session, sizes: Sizes) -> None:
    session.execute(text("CREATE TABLE planted_day (at BIGINT PRIMARY KEY, day DATE NOT NULL)"))
    session.execute(
        text("INSERT INTO planted_day (at, day) VALUES (:at, :day)"),
        [{"at": at, "day": _day(at)} for at in range(sizes.days + DAYS)],
    )


def _day(at: int) -> date | str:
    return (FIRST_DAY + timedelta(days=at)).isoformat()


def _ids(session: Session) -> dict[str, object]:
    def one(query: str, **values: object) -> int:
        return int(session.execute(text(query), values).scalar_one())

    return {
        "office": one("SELECT id FROM office WHERE code = :code", code=ONLINE_OFFICE_CODE),
        "fund": one("SELECT min(id) FROM fund WHERE kind = 'general'"),
        "account": one("SELECT id FROM bank_account WHERE number = :number", number=ACCOUNT),
        "terminal": one("SELECT id FROM terminal WHERE name = 'planted-0'"),
    }


_COUNTS = ("lines", "pledges", "kept", "references", "batches", "fees")


def _chance(n: str, salt: int) -> str:
    """A number from 0 to 2^31 - 2 that follows from n alone."""
    return f"((({n} * 48271 + {salt}) % 2147483647) * 16807 % 2147483647)"


def _rial(n: str, salt: int) -> str:
    """Sixty-five of a hundred amounts are one of a few round ones."""
    rounds = " ".join(f"WHEN {at} THEN {rial}" for at, rial in enumerate(ROUND_RIAL))
    return (
        f"CASE WHEN {_chance(n, salt)} % 100 < 65"
        f" THEN CASE {_chance(n, salt + 1)} % {len(ROUND_RIAL)} {rounds} END"
        f" ELSE 100000 + {_chance(n, salt + 2)} % 249900000 END"
    )


# Scattered, so that the order of the ids is not that of the lines; 10,000,019 is a prime.
_BODY = "((15800000000 + n * 7919 % 10000019) * 100)"
_DEPOSIT_ID = f"CAST({_BODY} + 98 - {_BODY} % 97 AS TEXT)"
_FEE = (
    "CASE WHEN rial * 2 / 10000 < 1200 THEN 1200 WHEN rial * 2 / 10000 > 40000 THEN 40000"
    " ELSE rial * 2 / 10000 END"
)
_LINE = (
    "INSERT INTO planted_line (rial, at, line_class, truth, truth_id, deposit_id, reference,"
    " terminal, payer, card_key) "
)
_AT = f"{_chance('n', 11)} % {DAYS}"

_STATEMENTS = (
    f"""
    INSERT INTO pledge (id, tracking_code, deposit_id, hidden_from, office_id, channel, language,
        view_key, made_at)
    SELECT n, CAST(3000000000000 + n AS TEXT), {_DEPOSIT_ID}, 'nobody', :office, 'website', 'fa',
        'planted-' || CAST(n AS TEXT), '{_MADE_AT}'
    FROM planted_number WHERE n <= :pledges ORDER BY n
    """,
    f"""
    INSERT INTO pledge_item (id, pledge_id, position, kind, fund_id, state, amount_rial)
    SELECT n, n, 1, 'cash', :fund, 'promised', {_rial("n", 1)}
    FROM planted_number WHERE n <= :pledges ORDER BY n
    """,
    """
    INSERT INTO expected_deposit (deposit_id, amount_rial, expects, target_id)
    SELECT pledge.deposit_id, amount_rial, 'pledge', pledge.id
    FROM pledge JOIN pledge_item ON pledge_item.pledge_id = pledge.id
    ORDER BY pledge.deposit_id, amount_rial
    """,
    # Payments: first those under their own reference, then twelve for each batch, and its twin.
    """
    CREATE TABLE planted_money (id BIGINT PRIMARY KEY, terminal BIGINT NOT NULL,
        at BIGINT NOT NULL, rial BIGINT NOT NULL, batch BIGINT)
    """,
    f"""
    INSERT INTO planted_money (id, terminal, at, rial)
    SELECT n, 0, {_AT}, {_rial("n", 21)} FROM planted_number WHERE n <= :references ORDER BY n
    """,
    f"""
    INSERT INTO planted_money (id, terminal, at, rial, batch)
    SELECT :references + n, 1 + batch % {TERMINALS},
        batch / {TERMINALS} * {_DAYS_BETWEEN_BATCHES}, {_rial("n", 31)}, batch
    FROM (SELECT n, (n - 1) / {BATCH_ITEMS} AS batch FROM planted_number
        WHERE n <= :batches * {BATCH_ITEMS}) AS numbered ORDER BY n
    """,
    f"""
    INSERT INTO planted_money (id, terminal, at, rial)
    SELECT id + :batches * {BATCH_ITEMS}, terminal, at + 1, rial
    FROM planted_money WHERE batch % 10 = 0 ORDER BY id
    """,
    """
    INSERT INTO expected_terminal_money (terminal_id, business_day, source, source_id,
        amount_rial, reference)
    SELECT :terminal + terminal, day, 'payment', id, rial, CAST(700000000000 + id AS TEXT)
    FROM planted_money JOIN planted_day ON planted_day.at = planted_money.at
    ORDER BY terminal, day, id
    """,
    """
    CREATE TABLE planted_line (rial BIGINT NOT NULL, at BIGINT NOT NULL,
        line_class VARCHAR(30) NOT NULL, truth VARCHAR(30), truth_id BIGINT,
        deposit_id VARCHAR(30), reference VARCHAR(40), terminal VARCHAR(40), payer TEXT,
        card_key VARCHAR(20))
    """,
    f"""
    {_LINE} SELECT amount_rial, {_AT}, 'transfer', 'pledge', n, deposit_id, '1', NULL, NULL, NULL
    FROM planted_number JOIN pledge ON pledge.id = n JOIN pledge_item ON pledge_item.id = n
    WHERE n <= :kept
    """,
    f"""
    {_LINE} SELECT rial, at + 1, line_class, NULL, NULL, deposit_id, '2', NULL, NULL, NULL
    FROM planted_line WHERE truth_id % 120 = 0
    """,
    f"""
    {_LINE} SELECT rial + CASE WHEN id % 10 = 0 THEN 1 ELSE 0 END, at, 'transfer',
        CASE WHEN id % 10 > 0 AND id % 50 > 1 THEN 'payment' END, id, NULL,
        CAST(700000000000 + id AS TEXT), NULL, NULL, NULL
    FROM planted_money WHERE id <= :references
    """,
    f"""
    {_LINE} SELECT rial, at + 1, line_class, NULL, NULL, NULL, reference, NULL, NULL, NULL
    FROM planted_line WHERE reference <> '1' AND truth_id % 50 = 1
    """,
    f"""
    {_LINE} SELECT sum(rial) - sum({_FEE}), min(at) + 2, 'settlement',
        CASE WHEN batch % 10 > 0 THEN 'payment' END, min(id), NULL, '1',
        CAST(7000 + min(terminal) AS TEXT), NULL, NULL
    FROM planted_money WHERE batch IS NOT NULL GROUP BY batch
    """,
    f"""
    {_LINE} SELECT -1000 - {_chance("n", 41)} % 89000, {_AT}, 'fee', 'fee', NULL, NULL, '1', NULL,
        NULL, NULL
    FROM planted_number WHERE n <= :fees
    """,
    # Strangers until there are as many lines as asked for, from promises that nobody kept.
    f"""
    {_LINE} SELECT amount_rial + CASE n % 5 WHEN 0 THEN 7 ELSE 0 END, {_AT}, 'transfer', NULL, NULL,
        CASE n % 5 WHEN 0 THEN deposit_id
            WHEN 1 THEN substr(deposit_id, 1, 6)
                || CAST((CAST(substr(deposit_id, 7, 1) AS BIGINT) + 1) % 10 AS TEXT)
                || substr(deposit_id, 8)
            WHEN 2 THEN CAST(300000000000 + {_chance("n", 51)} AS TEXT) END,
        '1', NULL, CASE n % 5 WHEN 3 THEN 'کارت ' || CAST(1000 + n % 9000 AS TEXT) END,
        CASE n % 5 WHEN 3 THEN CAST(1000 + n % 9000 AS TEXT) END
    FROM planted_number
    JOIN pledge ON pledge.id = :kept + 1 + n % (:pledges - :kept)
    JOIN pledge_item ON pledge_item.pledge_id = pledge.id
    WHERE n <= :lines - (SELECT count(*) FROM planted_line)
    """,
    f"""
    INSERT INTO statement_file (id, bank_account_id, sha256, name, format, row_count, new_count,
        known_count, opening_rial, closing_rial, generation, imported_at)
    SELECT 1, :account, 'planted', 'planted.csv', 'mellat', count(*), count(*), 0, 0, sum(rial), 0,
        '{_MADE_AT}'
    FROM planted_line
    """,
    """
    CREATE TABLE planted_row AS
    SELECT row_number() OVER (ORDER BY at, rial, deposit_id, reference, truth_id) AS id,
        planted_line.*
    FROM planted_line
    """,
    """
    INSERT INTO statement_line (id, statement_file_id, bank_account_id, generation, position,
        row_number, fingerprint, occurrence, booked_on, amount_rial, balance_rial, line_class,
        deposit_id, reference, terminal, branch, payer, card_key, description, raw)
    SELECT id, 1, :account, 0, id, id + 1, :fingerprint, id, day, rial,
        sum(rial) OVER (ORDER BY id), line_class, deposit_id, reference, terminal, 'شعبه بازار',
        payer, card_key, 'واریز انتقالی', '{}'
    FROM planted_row JOIN planted_day ON planted_day.at = planted_row.at ORDER BY id
    """,
    """
    CREATE TABLE planted_truth (line_id BIGINT PRIMARY KEY, truth VARCHAR(30) NOT NULL,
        truth_id BIGINT)
    """,
    """
    INSERT INTO planted_truth (line_id, truth, truth_id)
    SELECT id, truth, truth_id FROM planted_row WHERE truth IS NOT NULL ORDER BY id
    """,
)
_GO_ON_NUMBERING = "SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
_NUMBERED = ("pledge", "pledge_item", "statement_file", "statement_line")

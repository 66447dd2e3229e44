"""Looking up among a million contributions: beside a point query, and beside a thousand of them.

A search by name, mobile or tracking code is timed beside fetching one entry by its primary key, the
first page of the staff list and of the dashboard beside the same pages of a small house. Planted by
the database itself: names are put together from two lists, so that some are common and most rare.
"""

# ruff: noqa: S608  the statements are put together from constants of this module

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.database import Database
from core.settings import ROOT, Settings
from flows.catalogue import load_catalogue
from flows.donors import find_donors
from flows.entries import entry_of, latest_entries
from flows.office_figures import look_at_offices, sum_days
from offices import sessions
from offices.granting import add_staff
from offices.places import Office
from offices.scope import EVERYWHERE, Scope
from offices.staff import Role
from web.app import create_app
from web.services import Services

MANY, FEW = 1_000_000, 1_000
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
_DAYS = 365
_GIVEN = (
    *("محمد", "علی", "زهرا", "فاطمه", "حسین", "مریم", "رضا", "مهدی", "زینب", "سارا"),
    *("امیر", "نرگس", "احمد", "لیلا", "حسن", "معصومه", "سعید", "الهام", "جواد", "طاهره"),
    *("کاظم", "پروین", "ناصر", "شهلا", "یوسف", "اعظم", "داود", "ملیحه", "بهرام", "نسرین"),
)
_FAMILY = (
    *("احمدی", "محمدی", "حسینی", "کریمی", "رضایی", "موسوی", "جعفری", "صادقی", "هاشمی", "اکبری"),
    *("قاسمی", "رحیمی", "نوری", "کاظمی", "مرادی", "یزدانی", "شریفی", "عباسی", "ملکی", "سلیمانی"),
    *("باقری", "فتحی", "امینی", "صالحی", "نجفی", "خسروی", "بهرامی", "توکلی", "زارع", "افشار"),
)
_TIMES = 200


def run(*, many: int = MANY, times: int = _TIMES) -> dict[str, object]:
    """Times in milliseconds, engine by engine; PostgreSQL where ``TEST_DATABASE_URL`` names one."""
    figures: dict[str, object] = {}
    for engine in ("sqlite", "postgresql") if os.environ.get("TEST_DATABASE_URL") else ("sqlite",):
        with tempfile.TemporaryDirectory() as folder, _database(engine, Path(folder)) as large:
            planted_seconds = _planted(large, many)
            with _database(engine, Path(folder) / "small") as small:
                _planted(small, FEW)
                figures[engine] = {
                    "contributions": many,
                    "planted_in_seconds": round(planted_seconds, 1),
                    **_lookups(large, many, times),
                    **_pages(large, small, Path(folder), times),
                }
    return figures


def _lookups(database: Database, many: int, times: int) -> dict[str, object]:
    """Searches beside a point query, at a desk and for the nation."""
    chance = Random(7)
    with database.reading() as session:
        desk = Scope(frozenset({session.query(Office.id).filter_by(code="07").scalar()}))
        codes = session.execute(
            text("SELECT tracking_code, id FROM pledge WHERE id % 997 = 5 LIMIT 500")
        ).all()
    point = _measured(
        database, times, lambda s, _i: entry_of(s, EVERYWHERE, chance.randrange(1, many))
    )
    ways: Mapping[str, Callable[[Session, int], object]] = {
        "donor by name, at a desk": lambda s, _i: find_donors(s, desk, _name(chance)),
        "donor by name, nation": lambda s, _i: find_donors(s, EVERYWHERE, _name(chance)),
        "donor by mobile": lambda s, _i: find_donors(s, EVERYWHERE, _mobile(chance, many)),
        "donor by tracking code": lambda s, i: find_donors(
            s, EVERYWHERE, codes[i % len(codes)].tracking_code
        ),
        "entry by tracking code": lambda s, i: latest_entries(
            s, EVERYWHERE, search=codes[i % len(codes)].tracking_code
        ),
        "entries by mobile": lambda s, _i: latest_entries(
            s, EVERYWHERE, search=_mobile(chance, many)
        ),
        "entries by full name, at a desk": lambda s, _i: latest_entries(
            s, desk, search=_name(chance), limit=10
        ),
    }
    rows: dict[str, object] = {"entry by its id (point query)": _row(point, point)}
    for name, way in ways.items():
        rows[name] = _row(_measured(database, times, way), point)
    return {"searching": rows}


def _pages(large: Database, small: Database, folder: Path, times: int) -> dict[str, object]:
    """The first pages of staff, of the large house beside the small one."""
    rows: dict[str, object] = {}
    browsers = [_browser(house, folder / name) for house, name in ((large, "l"), (small, "s"))]
    for name, path in (
        ("list of entries", "/desk/entries"),
        ("dashboard of a desk", "/desk"),
        ("offices of the nation", "/desk/offices"),
    ):
        rows[name] = _row(*(_ms(times // 4, partial(get, path)) for get in browsers))
    return {"pages": rows}


def _row(milliseconds: list[float], beside: list[float]) -> dict[str, float]:
    p50, p95 = _at(milliseconds, 50), _at(milliseconds, 95)
    return {
        "p50_ms": round(p50, 2),
        "p95_ms": round(p95, 2),
        "times": round(p95 / _at(beside, 95), 2),
    }


def _at(milliseconds: list[float], percent: int) -> float:
    return statistics.quantiles(milliseconds, n=100, method="inclusive")[percent - 1]


def _measured(
    database: Database, times: int, look: Callable[[Session, int], object]
) -> list[float]:
    def ask(i: int) -> None:
        with database.reading() as session:
            look(session, i)

    return _ms(times, ask)


def _ms(times: int, ask: Callable[[int], object]) -> list[float]:
    for i in range(10):  # what is asked for the first time is compiled and read from the disk
        ask(i)
    taken = []
    for i in range(times):
        began = time.perf_counter()
        ask(i)
        taken.append((time.perf_counter() - began) * 1_000)
    return taken


def _name(chance: Random) -> str:
    return f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)} {chance.randrange(1_000)}"


def _mobile(chance: Random, many: int) -> str:
    return f"0912{chance.randrange(1, many // 2):07d}"


def _browser(database: Database, folder: Path) -> Callable[[str, int], None]:
    """Somebody of the whole nation who has signed in, without a network between."""
    with database.writing() as session:
        made = add_staff(
            session,
            username="nation",
            name="ناظر",
            role=Role.NATIONAL_MANAGER,
            office_code="07",
            now=NOW,
        )
        key = sessions.open_session(session, made.staff_member_id, address="", browser="", now=NOW)
    settings = Settings(
        instance_dir=folder, database_url=database.engine.url.render_as_string(hide_password=False)
    )
    app: Flask = create_app(settings, Services(settings, database, lambda: NOW, {}))
    http = app.test_client()
    http.set_cookie("sid", key)

    def get(path: str, _i: int) -> None:
        answer = http.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")

    return get


@contextmanager
def _database(engine: str, folder: Path) -> Iterator[Database]:
    """A fresh database with every table and the catalogue; on the server it is dropped again."""
    folder.mkdir(parents=True, exist_ok=True)
    if engine == "sqlite":
        database = Database(f"sqlite:///{folder / 'searching.db'}")
        _prepare(database)
        yield database
        database.engine.dispose()
        return
    server = make_url(os.environ["TEST_DATABASE_URL"])
    name = f"searching_{os.getpid()}_{folder.name[-8:].replace('-', '_').lower()}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(server.set(database=name).render_as_string(hide_password=False))
    try:
        _prepare(database)
        yield database
    finally:
        database.engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def _prepare(database: Database) -> None:
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    with database.writing() as session:
        load_catalogue(session)


def _planted(database: Database, many: int) -> float:
    """Plant contributions of half as many donors, and sum and analyse as a running house does."""
    began = time.perf_counter()
    for statement in _statements(many, is_sqlite=database.is_sqlite):
        with database.writing() as session:
            session.execute(text(statement))
    sum_days(database)
    look_at_offices(database, now=NOW)
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return time.perf_counter() - began


def _statements(many: int, *, is_sqlite: bool) -> Iterator[str]:
    donors = many // 2
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0})"
        if is_sqlite
        else "WITH n(i) AS (SELECT generate_series(1, {0}))"
    )
    name = f"{_chosen(_GIVEN, 'i')} || ' ' || {_chosen(_FAMILY, 'i / 31')} || ' ' || (i * 7 % 1000)"
    digits = _padded(is_sqlite=is_sqlite)
    office = "(1 + i % 34)"  # the headquarters and every desk
    day = _day(f"({_DAYS} - i * {_DAYS} / {many})", is_sqlite=is_sqlite)  # ids grow with time
    made_at = f"{day} || ' 08:00:00.000000'" if is_sqlite else f"({day} + time '08:00')"
    yield (
        f"INSERT INTO donor (id, name, name_folded, mobile, created_at) {numbers.format(donors)}"
        f" SELECT i, {name}, {name}, '0912' || {digits.format('i', 7)}, {made_at} FROM n"
    )
    yield (
        "INSERT INTO pledge (id, tracking_code, deposit_id, donor_id, hidden_from, office_id,"
        f" channel, language, view_key, made_at) {numbers.format(many)}"
        f" SELECT i, {_code(is_sqlite=is_sqlite)}, {digits.format('i', 13)}, 1 + i % {donors},"
        f" 'nobody', {office}, 'desk', 'fa', {digits.format('i', 32)}, {made_at} FROM n"
    )
    fund = "(SELECT min(id) FROM fund)"
    yield (
        "INSERT INTO pledge_item (id, pledge_id, position, kind, fund_id, state, amount_rial)"
        f" {numbers.format(many)} SELECT i, i, 1, 'cash', {fund}, 'received',"
        " 1000000 + i % 977 * 10000 FROM n"
    )
    yield (
        "INSERT INTO contribution (id, pledge_id, office_id, origin, cause_id, tender, received_on,"
        f" recorded_at) {numbers.format(many)} SELECT i, i, {office}, 'desk', i, 'cash', {day},"
        f" {made_at} FROM n"
    )
    yield (
        "INSERT INTO contribution_line (id, contribution_id, pledge_item_id, kind, fund_id,"
        f" amount_rial) {numbers.format(many)} SELECT i, i, i, 'cash', {fund},"
        " 1000000 + i % 977 * 10000 FROM n"
    )
    yield (
        "INSERT INTO receipt_series (id, year, office_id, unit, last_serial)"
        f" SELECT id, 1405, id, 'IRR', {many} FROM office"
    )
    yield (
        "INSERT INTO receipt (id, series_id, serial, number, contribution_id, kind, issued_on,"
        f" issued_at, amount_rial, facts, facts_hash, verify_key) {numbers.format(many)}"
        f" SELECT i, {office}, i, '1405/' || {digits.format(office, 3)} || '/' || i, i, 'cash',"
        f" {day}, {made_at}, 1000000, '{{}}', {digits.format('i', 64)}, {digits.format('i', 16)}"
        " FROM n"
    )
    blank = "instr" if is_sqlite else "strpos"
    for word in ("d.name_folded", f"substr(d.name_folded, 1 + {blank}(d.name_folded, ' '))"):
        yield (
            "INSERT INTO donor_word (office_id, word, donor_id)"
            f" SELECT DISTINCT p.office_id, {word}, d.id FROM pledge p"
            " JOIN donor d ON d.id = p.donor_id"
        )
    # As the sealer leaves it: sums of days reach up to here.
    yield (
        "INSERT INTO seal (stream, first_id, last_id, row_count, previous_hash, hash, sealed_at)"
        f" VALUES ('contribution_line', 1, {many}, {many}, '0', '1', '2026-11-22 00:00:00')"
    )


def _chosen(words: Sequence[str], by: str) -> str:
    cases = " ".join(f"WHEN {at} THEN '{word}'" for at, word in enumerate(words))
    return f"CASE ({by}) % {len(words)} {cases} END"


def _padded(*, is_sqlite: bool) -> str:
    return "printf('%0{1}d', {0})" if is_sqlite else "lpad(({0})::text, {1}, '0')"


def _day(by: str, *, is_sqlite: bool) -> str:
    last = tehran_date(NOW).isoformat()
    if is_sqlite:
        return f"date('{last}', '-' || {by} || ' days')"
    return f"(date '{last}' - ({by})::int)"


def _code(*, is_sqlite: bool) -> str:
    """A tracking code by its rule: twelve digits from 300000000000 on, and a check digit."""
    body = "(300000000000 + i * 7919)"
    digit = "({0} / 1{1} % 10)"
    total = []
    for at in range(12):
        one = digit.format(body, "0" * at)
        total.append(
            f"(CASE WHEN {one} > 4 THEN {one} * 2 - 9 ELSE {one} * 2 END)" if at % 2 == 0 else one
        )
    check = f"((10 - ({' + '.join(total)}) % 10) % 10)"
    return f"({body} || '' || {check})" if is_sqlite else f"({body}::text || ({check})::text)"

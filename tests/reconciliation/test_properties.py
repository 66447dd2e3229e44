"""What holds whatever comes: the order of rows, exports and runs changes no allocation."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import case, null, select

from core.database import Base, Database
from flows.importing import import_statement
from flows.reconciling import run
from flows.undoing import undo_run
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Target
from tests.databases import Template
from tests.factories import NOON
from tests.reconciliation.bank import Booking, as_csv, cells, fee
from tests.reconciliation.conftest import WORK
from tests.reconciliation.planted import promised

_FEW = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_RIAL = st.sampled_from([100_000, 200_000, 500_000])
# What may happen to one pledge: its deposit, a second one, another amount, or nothing at all.
_FATE = st.sampled_from(["paid", "paid", "twice", "short", "never"])
_WORLD = st.fixed_dictionaries(
    {
        "fates": st.lists(st.tuples(_RIAL, _FATE), min_size=2, max_size=6),
        "shared": st.lists(st.lists(_RIAL, min_size=2, max_size=3), max_size=2),
        "taken_back": st.integers(0, 2),
        "fees": st.integers(0, 2),
        "strangers": st.lists(_RIAL, min_size=1, max_size=3),
    }
)


@pytest.fixture
def another(template: Template, tmp_path_factory: pytest.TempPathFactory):
    """Opens a fresh database for each example, and closes it after."""

    class Fresh:
        def __enter__(self) -> Database:
            self._copy = template.copy(tmp_path_factory.mktemp("example"))
            self._database = Database(self._copy.__enter__())
            return self._database

        def __exit__(self, *raised: object) -> None:
            self._database.engine.dispose()
            self._copy.__exit__(*raised)

    return Fresh


def bookings_of(database: Database, world: dict[str, object]) -> list[Booking]:
    """The pledges of a world, and the lines of the bank that bring what they bring."""
    found: list[Booking] = []
    with database.writing() as session:
        for rial, fate in world["fates"]:
            code = promised(session, rial).deposit_id
            came = rial - 1 if fate == "short" else rial
            times = {"never": 0, "twice": 2}.get(fate, 1)
            found += [Booking(came, deposit_id=code)] * times
        for rials in world["shared"]:
            codes = " ".join(promised(session, rial).deposit_id for rial in rials)
            found.append(Booking(sum(rials), description=codes))
    for at in range(world["taken_back"]):
        serial = str(700_000 + at)
        found += [Booking(5_000, serial=serial), Booking(-5_000, serial=serial)]
    found += [fee(1_200)] * world["fees"]
    found += [Booking(rial, payer="ناشناس") for rial in world["strangers"]]
    return found


def allocations(database: Database) -> Counter[tuple[object, ...]]:
    """What stands: the place of the line in its account, the rule, the part and the pledge.

    In fresh databases, both are numbered alike.
    """
    pledge_id = case((Match.target == Target.PLEDGE, Match.target_id), else_=null())
    with database.reading() as session:
        return Counter(
            tuple(row)
            for row in session.execute(
                select(StatementLine.position, Match.rule, Match.amount_rial, pledge_id)
                .join_from(Match, StatementLine, StatementLine.id == Match.line_id)
                .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
                .where(MatchUndo.id.is_(None))
            )
        )


def work_tables(database: Database) -> dict[str, set[tuple[object, ...]]]:
    def rows(model: type[Base]) -> set[tuple[object, ...]]:
        with database.reading() as session:
            return {tuple(row) for row in session.execute(select(*model.__table__.columns))}

    return {model.__tablename__: rows(model) for model in WORK}


def hand_in(database: Database, bookings: list[Booking], name: str, **options: object) -> None:
    import_statement(database, as_csv(cells(bookings, **options)), name, account="90190", now=NOON)


@_FEW
@given(world=_WORLD, data=st.data())
def test_any_overlapping_exports_and_any_runs_between_make_the_same_allocations(
    another, world, data
):
    with another() as database:
        hand_in(database, bookings_of(database, world), "all.csv")
        run(database, now=NOON)
        at_once = allocations(database)
    with another() as database:
        bookings = bookings_of(database, world)
        ends = data.draw(st.sets(st.integers(1, len(bookings)), max_size=3), "ends")
        for start, end in pairwise(sorted({0, len(bookings), *ends})):
            first = start - data.draw(st.integers(0, start), "overlap")
            hand_in(
                database,
                bookings[first:end],
                f"{end}.csv",
                opening_rial=10_000_000 + sum(each.rial for each in bookings[:first]),
                newest_first=data.draw(st.booleans(), "newest first"),
            )
            if data.draw(st.booleans(), "run now"):
                run(database, now=NOON)
        run(database, now=NOON)

        assert allocations(database) == at_once


@_FEW
@given(world=_WORLD, chance=st.randoms(use_true_random=False))
def test_any_order_of_rows_makes_the_same_allocations(another, world, chance):
    """Told by what the rows carry: equal rows may change places with each other."""
    seen = []
    for is_shuffled in (False, True):
        with another() as database:
            bookings = bookings_of(database, {**world, "taken_back": 0})
            order = list(range(len(bookings)))
            if is_shuffled:
                chance.shuffle(order)
            alike = [bookings.index(bookings[at]) for at in order]
            hand_in(database, [bookings[at] for at in order], "all.csv")
            run(database, now=NOON)
            seen.append(
                Counter(
                    (alike[position - 1], *rest)
                    for (position, *rest), times in allocations(database).items()
                    for _time in range(times)
                )
            )

    assert seen[0] == seen[1]


@_FEW
@given(world=_WORLD)
def test_an_undone_run_leaves_the_work_tables_as_they_were(another, world):
    with another() as database:
        hand_in(database, bookings_of(database, world), "all.csv")
        before = work_tables(database)
        report = run(database, now=NOON)
        at_first = allocations(database)
        undo_run(database, report.run, reason="آزمایش", now=NOON)
        assert work_tables(database) == before
        run(database, now=NOON)

        assert allocations(database) == at_first


@_FEW
@given(world=_WORLD)
def test_what_is_known_already_adds_nothing_and_changes_nothing(another, world):
    with another() as database:
        bookings = bookings_of(database, world)
        hand_in(database, bookings, "all.csv")
        run(database, now=NOON)
        at_first = allocations(database)
        hand_in(database, bookings, "again.csv", newest_first=True)

        assert run(database, now=NOON).matched == 0
        assert allocations(database) == at_first

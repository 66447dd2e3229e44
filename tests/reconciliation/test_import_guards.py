"""Guards of an import that stand behind another: each met where the other does not help."""

import threading

import pytest
from sqlalchemy import func, select

from core.confined import Limits
from flows.importing import import_statement
from reconciliation.lines import StatementFile
from reconciliation.splicing import GapInStatement
from tests.factories import NOON
from tests.reconciliation.bank import Booking, as_csv, cells, days_ago

NOTHING_CAN_BE_READ_WITH = Limits(memory_bytes=1 << 20, processor_seconds=1, wall_seconds=20)


def take_in(database, rows, *, opening_rial=10_000_000, **options):
    data = as_csv(cells(rows, opening_rial=opening_rial))
    return import_statement(database, data, "s.csv", account="90190", now=NOON, **options)


def count_files(database):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(StatementFile)).one()


def test_a_file_that_is_known_is_not_read_again(database):
    rows = [Booking(5), Booking(-7)]
    take_in(database, rows)

    again = take_in(database, rows, limits=NOTHING_CAN_BE_READ_WITH)
    assert (again.new, again.known, again.known_since) == (0, 2, NOON)


def test_one_file_handed_in_by_many_at_once_is_kept_once(database):
    together, came = threading.Barrier(3), []

    def bring():
        together.wait(30)
        came.append(take_in(database, [Booking(5)]).new)

    threads = [threading.Thread(target=bring) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(came) == [0, 0, 1]
    assert count_files(database) == 1


@pytest.mark.parametrize(
    ("day", "opening_rial"),
    [(days_ago(9), 10_000_300), (days_ago(1), 9_999_500)],
    ids=["behind the last row, but earlier", "before the first row, but later"],
)
def test_a_balance_that_agrees_by_chance_joins_no_file_against_the_days(
    database, day, opening_rial
):
    """The end of one chain may be the beginning of another; days do not run backwards."""
    take_in(database, [Booking(100, day=days_ago(5)), Booking(200, day=days_ago(4))])

    with pytest.raises(GapInStatement):
        take_in(database, [Booking(500, day=day)], opening_rial=opening_rial)
    assert count_files(database) == 1

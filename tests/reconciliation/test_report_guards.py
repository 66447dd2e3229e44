"""What a provider's list may not explain, each with another list beside it that is in order."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from core.confined import Limits, environment
from flows.settlement_reports import import_report
from reconciliation import parsing_tables, report_rows
from reconciliation.batches import sure_batches
from reconciliation.found import LostRace
from reconciliation.reported import sure_reports
from reconciliation.reports import SettlementReportItem
from reconciliation.settling import find_batches
from reconciliation.statements.refusals import DamagedFile, FileTooLarge
from tests.reconciliation.bank import as_csv, days_ago, pay_out
from tests.reconciliation.test_settlements import FEE, HEADINGS, handed_in, listed, owed


def sure(database):
    with database.reading() as session:
        return [(each.report_id, each.batch.line_id) for each in sure_reports(session)]


def test_a_list_that_may_still_grow_explains_nothing_beside_one_that_is_final(
    database, imported, now
):
    owed(database, 1_000_000, 2_000_000)
    handed_in(database, now, listed((1, 1_000_000)), is_final=False)
    handed_in(database, now, listed((2, 2_000_000)))
    imported([pay_out(1_000_000 - FEE)])

    assert sure(database) == []


def test_a_line_after_the_window_of_the_terms_is_not_of_an_old_list(database, imported, now):
    owed(database, 1_000_000, day=days_ago(23))
    handed_in(database, now, listed((1, 1_000_000), day="1405/08/08"))
    imported([pay_out(1_000_000 - FEE)])

    assert sure(database) == []


def test_a_line_before_the_payments_is_not_of_their_list(database, imported, now):
    owed(database, 1_000_000)
    handed_in(database, now, listed((1, 1_000_000)))
    imported([pay_out(1_000_000 - FEE, day=days_ago(3)), pay_out(7_000_000)])

    assert sure(database) == []


def test_of_two_lists_with_one_sum_neither_takes_the_line(database, imported, now):
    owed(database, 1_000_000, 1_000_000)
    for number in (1, 2):
        handed_in(database, now, listed((number, 1_000_000)))
    imported([pay_out(1_000_000 - FEE)])

    assert sure(database) == []


def test_the_list_that_is_in_order_is_sure(database, imported, now):
    """What the tests above would find without the guard that each of them meets."""
    owed(database, 1_000_000)
    handed_in(database, now, listed((1, 1_000_000)))
    imported([pay_out(1_000_000 - FEE)])

    assert len(sure(database)) == 1


def test_no_card_s_number_of_a_list_is_kept_whole(database, now):
    row = ["خرید", "1405/08/30", "1000", "7001", "6104331234561234", "900000000001"]
    handed_in(database, now, as_csv([row], headings=HEADINGS))

    with database.reading() as session:
        assert session.scalars(select(SettlementReportItem.card)).one() == "610433******1234"


def test_a_list_without_an_end_of_line_hits_a_limit_and_not_us(database, now):
    data = ",".join(HEADINGS).encode() + b"\n" + b"9" * (20 << 20)

    with pytest.raises(FileTooLarge):
        handed_in(database, now, data)


@pytest.mark.parametrize(
    ("how", "refusal"), [("dies", DamagedFile), ("babbles", DamagedFile), ("grows", FileTooLarge)]
)
def test_a_child_that_dies_over_a_list_is_a_refusal(database, now, monkeypatch, how, refusal):
    monkeypatch.setattr(parsing_tables, "_CHILD", f"tests.reconciliation.bad_children.{how}")
    limits = Limits(memory_bytes=200 << 20, processor_seconds=1, wall_seconds=30)

    with pytest.raises(refusal):
        import_report(
            database, listed((1, 1_000)), "l.csv", terminal="mellat-main", now=now, limits=limits
        )
    with database.reading() as session:
        assert session.scalars(select(SettlementReportItem.id)).all() == []


def test_the_child_that_reads_lists_needs_no_database():
    loaded = subprocess.run(
        [
            sys.executable, "-P", "-c",
            "import sys, reconciliation.tables_child;"
            "print({'sqlalchemy', 'flask', 'pydantic'} & set(sys.modules))",
        ],
        env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert loaded.stdout.strip() == "set()"


def test_a_list_of_too_many_payments_is_refused_at_the_row(monkeypatch):
    monkeypatch.setattr(report_rows, "ROWS_MAX", 2)
    rows = (SimpleNamespace(row_number=at, reference=None, order_number=None) for at in (5, 6, 7))

    with pytest.raises(FileTooLarge) as refused:
        list(report_rows._once_each(rows))
    assert refused.value.details["row"] == 7


@pytest.mark.parametrize("changed", [{"gross_rial": 999_999}, {"fee_rial": 1}, {"item_count": 2}])
def test_a_batch_whose_money_changed_since_it_was_found_is_not_written(database, imported, changed):
    owed(database, 1_000_000)
    imported([pay_out(1_000_000 - FEE)])
    with database.reading() as session:
        (batch,) = sure_batches(session)

    with pytest.raises(LostRace), database.writing() as session:
        find_batches(session, [replace(batch, **changed)])

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, insert, select

from core.database import sum_rial
from core.rial import UnreadableAmount, checked_rial, format_rial, parse_rial


@pytest.mark.parametrize(
    ("typed", "amount_rial"),
    [
        ("۲٬۵۰۰٬۰۰۰", 2_500_000),
        ("2,500,000", 2_500_000),
        ("2.500.000", 2_500_000),
        ("٢٥٠٠٠٠٠ ریال", 2_500_000),
        (" 1 000 ", 1_000),
        ("1000000000000000", 10**15),
    ],
)
def test_an_amount_is_read_as_people_write_it(typed, amount_rial):
    assert parse_rial(typed) == amount_rial


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "-5",
        "1.5",
        "1e6",
        "abc",
        "²",
        "1_000",
        "1000000000000001",
        "1,5",
        "12,34",
        "۱٬۵",
        "1 5",
        "1,000 000",
        "1,0000",
        "12.34.567",
        "NaN",
        "٪۵",
    ],
)
def test_what_cannot_be_read_is_refused_and_never_zero(typed):
    with pytest.raises(UnreadableAmount):
        parse_rial(typed)


def test_a_truth_value_is_no_amount():
    with pytest.raises(UnreadableAmount):
        checked_rial(True)


def test_an_amount_is_written_for_persian_readers():
    assert format_rial(1_500_000) == "۱٬۵۰۰٬۰۰۰ ریال"


def test_sums_are_exact_beyond_what_the_engines_sum(database):
    table = Table("many_rials", MetaData(), Column("rial", BigInteger))
    with database.writing() as session:
        table.create(session.connection())
        session.execute(insert(table), [{"rial": 10**15}] * 9_300 + [{"rial": -1}])
        total = session.scalar(select(sum_rial(table.c.rial)))

    assert total == 9_300 * 10**15 - 1
    assert isinstance(total, int)


def test_an_empty_sum_is_zero(database):
    table = Table("no_rials", MetaData(), Column("rial", BigInteger))
    with database.writing() as session:
        table.create(session.connection())

        assert session.scalar(select(sum_rial(table.c.rial))) == 0

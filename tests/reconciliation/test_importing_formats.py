"""Published formats through the whole import: rials become lines, everything else is refused."""

import json

import pytest

from core.refusals import Refusal
from flows.importing import import_statement
from tests.factories import NOON
from tests.reconciliation.statement_files import (
    Moved,
    as_bai2,
    as_camt,
    as_mt940,
    as_ofx,
)

TWO = [Moved(2_500_000_00, "A1"), Moved(-50_000_00, "A2")]


def take_in(database, data, **options):
    return import_statement(database, data, "s", account="90190", now=NOON, **options)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (as_mt940(TWO, opening=100_00), "mt940"),
        (as_camt(TWO, opening=100_00), "camt053"),
        (as_ofx(TWO, opening=100_00), "ofx"),
        (as_bai2([Moved(2_500_000), Moved(-50_000)], opening=100, currency="IRR"), "bai2"),
    ],
)
def test_a_file_of_whole_rials_becomes_lines_once(database, data, name):
    report = take_in(database, data, format=name)

    assert (report.format, report.new, report.closing_rial) == (name, 2, 2_450_100)
    assert take_in(database, data).new == 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (as_mt940(TWO, currency="EUR"), "statement.foreign_currency"),
        (as_bai2(TWO, currency="JPY"), "statement.foreign_currency"),
        (as_mt940([Moved(1)]), "statement.not_whole_rials"),
        (as_camt(TWO, message="BkToCstmrAcctRpt", statement="Rpt"), "statement.not_booked"),
        (as_mt940(TWO, account="70707"), "statement.other_account"),
        (as_mt940(TWO).replace(b"C2500000,", b"C2600000,"), "statement.balances_disagree"),
    ],
    ids=["euro", "yen", "fraction", "intraday", "other account", "contradicts itself"],
)
def test_what_is_no_statement_of_this_account_in_rials_is_refused(database, data, code):
    with pytest.raises(Refusal) as refused:
        take_in(database, data)

    assert refused.value.code == code


def test_the_formats_are_listed_with_their_packages(app):
    result = app.test_cli_runner().invoke(args=["statements", "formats", "--json"])

    listed = {each["name"]: each for each in json.loads(result.output)}
    assert {"mellat-xlsx", "csv", "mt940", "camt053", "ofx", "bai2"} <= set(listed)
    assert listed["mt940"]["package"] == "mosharekat"
    assert not any(each["refusal"] for each in listed.values())

"""The journal: accepted by beancount, which comes to the same balances."""

from collections import Counter
from datetime import date

import pytest
from beancount import loader
from beancount.core.data import Open, Transaction

from flows.exporting import export_beancount
from ledger.accounts import AccountKind
from ledger.export import account_name
from ledger.postings import Cause, balance_rial, move, post
from tests.factories import NOON
from tests.ledger.world import a_world


def journal(database):
    with database.reading() as session:
        return "\n".join(export_beancount(session))


def read(text):
    entries, errors, _options = loader.load_string(text)
    return entries, [error.message for error in errors]


def test_beancount_accepts_the_books_and_comes_to_our_balances(database):
    a_world(database)

    entries, errors = read(journal(database))

    assert errors == []
    theirs = Counter()
    for entry in entries:
        for leg in entry.postings if isinstance(entry, Transaction) else ():
            theirs[leg.account] += int(leg.units.number)
    codes = {entry.account: entry.meta["code"] for entry in entries if isinstance(entry, Open)}
    with database.reading() as session:
        assert {account: balance_rial(session, code) for account, code in codes.items()} == {
            account: theirs[account] for account in codes
        }
    assert theirs["Assets:Bank:N90190"] == 6_940_000


def test_the_names_of_the_accounts_are_persian(database):
    a_world(database)

    entries, _errors = read(journal(database))

    names = {entry.account: entry.meta["name"] for entry in entries if isinstance(entry, Open)}
    assert names["Assets:Bank:N90190"] == "بانک ملت، دکتر قریب، 90190"
    assert all(names.values())


def test_books_without_postings_are_accepted(database):
    assert read(journal(database)) == ([], [])


@pytest.mark.parametrize(
    ("written", "instead"),
    [("  2500000 IRR", "  2500001 IRR"), ("open Assets:Bank", "open Assets:Elsewhere")],
    ids=["an amount", "an account"],
)
def test_a_changed_journal_is_refused(database, written, instead):
    a_world(database)
    text = journal(database)
    assert written in text

    _entries, errors = read(text.replace(written, instead, 1))

    assert errors != []


def test_a_transaction_left_out_is_noticed_by_the_balances_at_the_end(database):
    a_world(database)
    blocks = journal(database).split("\n\n")
    (surplus,) = [block for block in blocks if '* "surplus' in block]

    _entries, errors = read("\n\n".join(block for block in blocks if block != surplus))

    assert any("Balance failed" in error for error in errors)


def test_amounts_of_any_size_are_written_out(database):
    legs = move("desk:07", "fund:most-needed", 10**15)
    with database.writing() as session:
        for cause_id in range(1, 10):
            post(session, Cause.REFUND, cause_id, legs, booked_on=date(2026, 11, 22), now=NOON)

    text = journal(database)

    assert "Liabilities:Fund:Fmost-needed  -9000000000000000 IRR" in text
    assert read(text)[1] == []


@pytest.mark.parametrize(
    ("kind", "code", "name"),
    [
        (AccountKind.BANK, "bank:90190", "Assets:Bank:N90190"),
        (AccountKind.FUND, "fund:19041062101", "Liabilities:Fund:F19041062101"),
        (AccountKind.GATEWAY, "gateway:mellat-main", "Assets:Gateway:Tmellat-main"),
        (AccountKind.GATEWAY, "gateway:a_b", "Assets:Gateway:Ta-x5f-b"),
        (AccountKind.SURPLUS, "surplus", "Liabilities:Surplus"),
    ],
)
def test_a_code_becomes_a_name_that_beancount_accepts(kind, code, name):
    assert account_name(kind, code) == name


def test_the_journal_is_of_one_moment(database):
    a_world(database)
    with database.reading() as session:
        lines = export_beancount(session)
        first = [next(lines) for _line in range(5)]
        with database.writing() as other:
            legs = move("desk:07", "surplus", 5)
            post(other, Cause.WITHDRAWAL, 901, legs, booked_on=date(2026, 11, 22), now=NOON)
        text = "\n".join([*first, *lines])

    assert read(text)[1] == []
    assert "withdrawal" not in text

"""Paper books: every leaf of a book gets its word, and a hole is found."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from donations.models.pledge import Pledge
from offices.scope import EVERYWHERE, NOWHERE
from receipts.life.leaves import (
    BookClosed,
    GiftHasLeaf,
    GiftNotFound,
    LeafKnown,
    LeafReasonMissing,
    LeavesUnexplained,
    UnusableBook,
    books_with_standing,
    close_book,
    leaves_of,
    register_book,
    tell_leaf,
    unexplained_leaves,
)
from receipts.life.paper_books import Fate
from receipts.life.series import Receipt
from tests.factories import a_desk_contribution, a_staff_member, office_id


@pytest.fixture
def clerk(session):
    return a_staff_member(session)


@pytest.fixture
def book(session, clerk, now):
    return a_book(session, clerk, now)


def a_book(session, clerk, now, *, series="الف", first=101, last=105):
    return register_book(
        session,
        office_id=office_id(session),
        series=series,
        first_number=first,
        last_number=last,
        registered_by_id=clerk.id,
        now=now,
    )


def tell(session, book, clerk, now, number, fate, gift="", reason="پاره شد"):
    return tell_leaf(
        session,
        EVERYWHERE,
        book.id,
        number,
        fate,
        gift=gift,
        reason=reason,
        told_by_id=clerk.id,
        now=now,
    )


def a_gift(session, clerk, office="07"):
    """The receipt number and the tracking code of a gift recorded at a desk."""
    contribution = a_desk_contribution(session, staff_id=clerk.id, office=office)
    receipt = session.query(Receipt).filter_by(contribution_id=contribution.id).one()
    return receipt.number, session.get_one(Pledge, contribution.pledge_id).tracking_code


def standing(session, book):
    return [
        "hole" if each.is_unexplained else each.fate and each.fate.fate.value
        for each in leaves_of(session, book)
    ]


@pytest.mark.parametrize("named_by", [0, 1], ids=["receipt number", "tracking code"])
def test_a_used_leaf_names_the_gift_it_was_given_for(session, book, clerk, now, named_by):
    told = tell(session, book, clerk, now, 101, Fate.USED, a_gift(session, clerk)[named_by], "")

    assert told.contribution is not None
    assert standing(session, book) == ["used", None, None, None, None]


def test_a_leaf_that_was_passed_over_is_a_hole_until_it_is_told(session, book, clerk, now):
    tell(session, book, clerk, now, 103, Fate.SPOILED)

    assert standing(session, book) == ["hole", "hole", "spoiled", None, None]
    assert list(unexplained_leaves(session)) == ["الف 101", "الف 102"]
    assert books_with_standing(session, EVERYWHERE)[0].unexplained == 2

    tell(session, book, clerk, now, 101, Fate.LOST)
    tell(session, book, clerk, now, 102, Fate.SPOILED)
    assert list(unexplained_leaves(session)) == []


def test_a_later_word_corrects_the_first_and_both_stay(session, book, clerk, now):
    tell(session, book, clerk, now, 101, Fate.LOST)

    second = tell(session, book, clerk, now, 101, Fate.SPOILED, reason="پیدا شد، پاره بود")

    assert second.corrects_id is not None
    assert standing(session, book)[0] == "spoiled"


def test_a_book_handed_back_has_a_word_for_every_leaf(session, book, clerk, now):
    tell(session, book, clerk, now, 101, Fate.SPOILED)

    close_book(session, book.id, reason="پایان سال", closed_by_id=clerk.id, now=now)

    assert standing(session, book) == ["spoiled", *["unused"] * 4]
    with pytest.raises(BookClosed):
        tell(session, book, clerk, now, 102, Fate.LOST)


def test_a_book_with_holes_is_not_taken_back(session, book, clerk, now):
    tell(session, book, clerk, now, 102, Fate.SPOILED)

    with pytest.raises(LeavesUnexplained):
        close_book(session, book.id, reason="پایان سال", closed_by_id=clerk.id, now=now)


@pytest.mark.usefixtures("book")
def test_no_leaf_is_in_two_books(session, clerk, now):
    with pytest.raises(LeafKnown):
        a_book(session, clerk, now, first=105, last=110)
    session.rollback()


@pytest.mark.parametrize(
    "facts",
    [{"series": " "}, {"first": 0}, {"first": 9, "last": 8}, {"first": 1, "last": 1_001}],
    ids=["no series", "from zero", "backwards", "too many"],
)
def test_numbers_that_make_no_book_are_refused(session, clerk, now, facts):
    with pytest.raises(UnusableBook):
        a_book(session, clerk, now, **facts)


def test_one_gift_has_one_leaf(session, book, clerk, now):
    number, code = a_gift(session, clerk)
    tell(session, book, clerk, now, 101, Fate.USED, number)

    with pytest.raises(GiftHasLeaf):
        tell(session, book, clerk, now, 102, Fate.USED, code)


@pytest.mark.parametrize("gift", ["", "1405/07/000999", "elsewhere"])
def test_a_leaf_is_used_for_a_gift_of_its_desk(session, book, clerk, now, gift):
    gift = a_gift(session, clerk, office="08")[0] if gift == "elsewhere" else gift

    with pytest.raises(GiftNotFound):
        tell(session, book, clerk, now, 101, Fate.USED, gift)


def test_what_is_not_used_needs_a_reason(session, book, clerk, now):
    with pytest.raises(LeafReasonMissing):
        tell(session, book, clerk, now, 101, Fate.LOST, reason=" ")


@pytest.mark.usefixtures("book")
def test_another_desk_sees_no_book(session):
    assert books_with_standing(session, NOWHERE) == []


@pytest.mark.parametrize(
    "row",
    [
        "(1, 'used', NULL, 'x', NULL)",
        "(1, 'lost', NULL, '', NULL)",
        "(1, 'eaten', NULL, 'x', NULL)",
        "(2, 'lost', NULL, 'x', NULL)",
        "(1, 'lost', NULL, 'x', {first})",
    ],
    ids=["used for nothing", "lost for no reason", "another word", "a second first word",
         "correcting another leaf"],
)  # fmt: skip
def test_the_database_refuses_a_word_that_explains_nothing(session, book, clerk, now, row):
    leaf = {place: each.leaf.id for place, each in enumerate(leaves_of(session, book), start=1)}
    first = tell(session, book, clerk, now, 102, Fate.LOST)
    place, rest = row[1:].split(",", 1)
    values = f"({leaf[int(place)]},{rest}".format(first=first.id)

    with pytest.raises(IntegrityError):
        session.execute(
            text(
                "INSERT INTO leaf_fate (leaf_id, fate, contribution_id, reason, corrects_id,"  # noqa: S608
                f" told_by_id, told_at) VALUES {values[:-1]}, {clerk.id}, '2026-11-22 00:00:00')"
            )
        )
    session.rollback()

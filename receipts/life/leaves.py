"""What is done with paper receipt books: registered, told leaf by leaf, closed, shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, joinedload

from core.database import Id
from core.digits import digits_only, normalise
from core.refusals import NotFound, Refusal
from donations.models.contribution import Contribution
from donations.models.pledge import Pledge
from offices.audit import note
from offices.scope import EVERYWHERE, Scope
from receipts.life.numbering import UnreadableNumber, parse_number
from receipts.life.paper_books import (
    LEAVES_MAX,
    SERIES_MAX,
    Fate,
    LeafFate,
    PaperBook,
    PaperBookClosing,
    PaperLeaf,
)
from receipts.life.series import Receipt

REASON_MAX = 500
_NUMBER_MAX = 10**9


class UnusableBook(Refusal):
    """A book without a series, or whose numbers make no book."""

    code = "paper_book.unusable"
    http_status = 422
    field = "last_number"


class LeafKnown(Refusal):
    """A leaf of this series and number stands in another book already."""

    code = "paper_book.leaf_known"
    field = "first_number"


class BookClosed(Refusal):
    """The book was handed back; its leaves have their last word."""

    code = "paper_book.closed"


class LeafReasonMissing(Refusal):
    """A leaf that is not used, or a word that corrects another, without a reason."""

    code = "paper_leaf.reason_missing"
    http_status = 422
    field = "reason"


class LeafUnknown(Refusal):
    """The book has no leaf of this number."""

    code = "paper_leaf.unknown"
    http_status = 422
    field = "number"


class GiftNotFound(Refusal):
    """No gift of this desk has such a receipt number or tracking code."""

    code = "paper_leaf.gift_not_found"
    http_status = 422
    field = "gift"


class GiftHasLeaf(Refusal):
    """The gift stands on another leaf already: two papers for one gift."""

    code = "paper_leaf.gift_has_leaf"
    field = "gift"


class LeavesUnexplained(Refusal):
    """Leaves before the last one that was told have no word yet."""

    code = "paper_book.leaves_unexplained"


@dataclass(frozen=True, slots=True)
class BookStanding:
    """A book with how many of its leaves are told, and how many should be and are not."""

    book: PaperBook
    told: int
    unexplained: int


@dataclass(frozen=True, slots=True)
class LeafStanding:
    """A leaf with its word; without one it is blank, or unexplained where later ones are told."""

    leaf: PaperLeaf
    fate: LeafFate | None
    is_unexplained: bool


def books_in(scope: Scope) -> Select[PaperBook]:
    """The books of the desks of a scope."""
    return select(PaperBook).where(scope.narrow(PaperBook.office_id))


def register_book(
    session: Session,
    *,
    office_id: int,
    series: str,
    first_number: int,
    last_number: int,
    registered_by_id: int,
    now: datetime,
) -> PaperBook:
    """Write down that a desk was given a book. Raises UnusableBook, LeafKnown."""
    series = normalise(series)
    count = last_number - first_number + 1
    is_numbered = first_number > 0 and last_number <= _NUMBER_MAX and 0 < count <= LEAVES_MAX
    if not (0 < len(series) <= SERIES_MAX and is_numbered):
        raise UnusableBook(most=LEAVES_MAX)
    book = PaperBook(
        office_id=office_id,
        series=series,
        first_number=first_number,
        last_number=last_number,
        registered_by_id=registered_by_id,
        registered_at=now,
    )
    session.add(book)
    session.flush()
    numbers = range(first_number, last_number + 1)
    try:
        session.execute(
            insert(PaperLeaf),
            [{"book_id": book.id, "series": series, "number": number} for number in numbers],
        )
    except IntegrityError as known:
        raise LeafKnown(series=series) from known
    note(
        session,
        "paper_book.register",
        subject="paper_book",
        subject_id=book.id,
        now=now,
        actor_id=registered_by_id,
        series=series,
        first=first_number,
        last=last_number,
    )
    return book


def book_in(session: Session, scope: Scope, book_id: int) -> PaperBook:
    """One book. Raises NotFound for one outside the scope."""
    book = session.scalars(books_in(scope).where(PaperBook.id == book_id)).one_or_none()
    if book is None:
        raise NotFound(subject="paper_book")
    return book


def books_with_standing(session: Session, scope: Scope) -> Sequence[BookStanding]:
    """The books of a scope, newest first, with how their leaves stand."""
    books = session.scalars(
        books_in(scope)
        .options(joinedload(PaperBook.office), joinedload(PaperBook.closing))
        .order_by(PaperBook.id.desc())
    ).all()
    told = dict(
        session.execute(
            select(PaperLeaf.book_id, func.count())
            .join(LeafFate, LeafFate.leaf_id == PaperLeaf.id)
            .where(_holds())
            .group_by(PaperLeaf.book_id)
        ).all()
    )
    holes = dict(
        session.execute(
            _unexplained()
            .with_only_columns(PaperLeaf.book_id, func.count())
            .group_by(PaperLeaf.book_id)
        ).all()
    )
    return [BookStanding(book, told.get(book.id, 0), holes.get(book.id, 0)) for book in books]


def leaves_of(session: Session, book: PaperBook) -> Sequence[LeafStanding]:
    """Every leaf of a book in order, each with its word."""
    fates = session.execute(
        select(PaperLeaf, LeafFate)
        .outerjoin(LeafFate, (LeafFate.leaf_id == PaperLeaf.id) & _holds())
        .where(PaperLeaf.book_id == book.id)
        .order_by(PaperLeaf.number)
    ).all()
    last_told = max((leaf.number for leaf, fate in fates if fate is not None), default=0)
    is_closed = book.closing is not None
    return [
        LeafStanding(leaf, fate, fate is None and (is_closed or leaf.number < last_told))
        for leaf, fate in fates
    ]


def tell_leaf(
    session: Session,
    scope: Scope,
    book_id: int,
    number: int,
    fate: Fate,
    *,
    gift: str = "",
    reason: str = "",
    told_by_id: int,
    now: datetime,
) -> LeafFate:
    """Say what became of a leaf; a second word corrects the first, and needs a reason.

    ``gift`` is the receipt number or tracking code of what a used leaf was given for.
    Raises NotFound, LeafUnknown, BookClosed, LeafReasonMissing, GiftNotFound, GiftHasLeaf.
    """
    book = book_in(session, scope, book_id)
    leaf = _held_leaf(session, book, number)
    if book.closing is not None:
        raise BookClosed
    earlier = session.scalars(
        select(LeafFate).where(LeafFate.leaf_id == leaf.id, _holds())
    ).one_or_none()
    reason = normalise(reason)
    needs_reason = fate is not Fate.USED or earlier is not None
    if (needs_reason and not reason) or len(reason) > REASON_MAX:
        raise LeafReasonMissing(longest=REASON_MAX)
    contribution_id = _gift_of(session, book, leaf, gift) if fate is Fate.USED else None
    told = LeafFate(
        leaf_id=leaf.id,
        fate=fate,
        contribution_id=contribution_id,
        reason=reason,
        told_by_id=told_by_id,
        told_at=now,
        corrects_id=earlier.id if earlier else None,
    )
    session.add(told)
    session.flush()
    note(
        session,
        "paper_leaf.tell",
        subject="paper_leaf",
        subject_id=leaf.id,
        now=now,
        actor_id=told_by_id,
        fate=fate.value,
        contribution_id=contribution_id,
    )
    return told


def close_book(
    session: Session, book_id: int, *, reason: str, closed_by_id: int, now: datetime
) -> None:
    """Take a book back: what is blank at its end is unused; holes before that are refused.

    Raises NotFound, BookClosed, LeafReasonMissing, LeavesUnexplained.
    """
    book = book_in(session, EVERYWHERE, book_id)
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise LeafReasonMissing(longest=REASON_MAX)
    _hold(session, book)
    if book.closing is not None:
        raise BookClosed
    if holes := [each.leaf.number for each in leaves_of(session, book) if each.is_unexplained]:
        raise LeavesUnexplained(count=len(holes), first=holes[0])
    session.execute(
        insert(LeafFate).from_select(
            ["leaf_id", "fate", "reason", "told_by_id", "told_at"],
            select(
                PaperLeaf.id,
                literal(Fate.UNUSED, LeafFate.fate.type),
                literal(reason, LeafFate.reason.type),
                literal(closed_by_id, Id),
                literal(now, LeafFate.told_at.type),
            ).where(PaperLeaf.book_id == book.id, _is_blank()),
        )
    )
    session.add(PaperBookClosing(book_id=book.id, closed_by_id=closed_by_id, closed_at=now))
    session.flush()
    note(
        session,
        "paper_book.close",
        subject="paper_book",
        subject_id=book.id,
        now=now,
        actor_id=closed_by_id,
        reason=reason,
    )


def unexplained_leaves(session: Session) -> Iterator[str]:
    """Leaves that should have a word and have none, as printed on them."""
    found = session.execute(
        _unexplained()
        .with_only_columns(PaperLeaf.series, PaperLeaf.number)
        .order_by(PaperLeaf.series, PaperLeaf.number)
    )
    for series, number in found:
        yield f"{series} {number}"


def _unexplained() -> Select[PaperLeaf]:
    """Blank leaves before one that was told, or of a closed book."""
    later = aliased(PaperLeaf)
    is_passed = exists().where(
        later.book_id == PaperLeaf.book_id,
        later.number > PaperLeaf.number,
        exists().where(LeafFate.leaf_id == later.id),
    )
    is_closed = exists().where(PaperBookClosing.book_id == PaperLeaf.book_id)
    return select(PaperLeaf).where(_is_blank(), is_passed | is_closed)


def _is_blank() -> ColumnElement[bool]:
    return ~exists().where(LeafFate.leaf_id == PaperLeaf.id).correlate(PaperLeaf)


def _holds() -> ColumnElement[bool]:
    """Whether nothing corrects this word."""
    correction = aliased(LeafFate)
    return ~exists().where(correction.corrects_id == LeafFate.id)


def _hold(session: Session, book: PaperBook) -> None:
    """Let whoever changes the same book wait, and read it as it is by then."""
    session.get_one(PaperBook, book.id, with_for_update={"key_share": True})
    session.refresh(book, ["closing"])


def _held_leaf(session: Session, book: PaperBook, number: int) -> PaperLeaf:
    _hold(session, book)
    leaf = session.scalars(
        select(PaperLeaf).where(PaperLeaf.book_id == book.id, PaperLeaf.number == number)
    ).one_or_none()
    if leaf is None:
        raise LeafUnknown
    return leaf


def _gift_of(session: Session, book: PaperBook, leaf: PaperLeaf, gift: str) -> int:
    """The contribution a leaf was given for: recorded at the desk that has the book."""
    try:
        found_by = Receipt.number == parse_number(gift)
    except UnreadableNumber:
        found_by = Pledge.tracking_code == (digits_only(gift) or "")
    contribution_id = session.scalars(
        select(Contribution.id)
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .join(Receipt, Receipt.contribution_id == Contribution.id)
        .where(found_by, Contribution.office_id == book.office_id)
        .order_by(Contribution.id.desc())
        .limit(1)
    ).first()
    if contribution_id is None:
        raise GiftNotFound
    elsewhere = select(LeafFate.id).where(
        LeafFate.contribution_id == contribution_id, LeafFate.leaf_id != leaf.id, _holds()
    )
    if session.scalars(elsewhere).first() is not None:
        raise GiftHasLeaf
    return contribution_id

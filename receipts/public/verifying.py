"""What a stranger who holds a receipt may learn about it, and what only its key adds."""

import hmac
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from core.clock import tehran_date
from core.refusals import NotFound
from receipts.documents.facts import ReceiptKind
from receipts.life.freezing import facts_of
from receipts.life.numbering import parse_number
from receipts.life.series import Receipt, ReceiptState
from receipts.public.heads import HeadOfDay, head_of

_NOBODYS_KEY = "0" * 16  # what a number that was never issued is compared with


@dataclass(frozen=True, slots=True)
class ReceiptDetails:
    """What the key in the QR code adds. The donor is named by first letters only."""

    kind: ReceiptKind
    amount_rial: int | None
    masked_name: str | None
    replaced_by: str | None  # the number of the receipt that took its place
    replaces: str | None
    head: HeadOfDay | None  # of its series on its day, once that day's list is published


@dataclass(frozen=True, slots=True)
class Verified:
    """A receipt of ours: its state and day, and more for those who hold its key."""

    number: str
    state: ReceiptState
    issued_on: date
    void_since: date | None
    details: ReceiptDetails | None

    @property
    def is_valid(self) -> bool:
        """Whether the receipt stands."""
        return self.state is ReceiptState.ISSUED


def verify(session: Session, number: str, key: str = "") -> Verified:
    """Look a receipt up by its number. Raises UnreadableNumber, NotFound.

    A wrong key is answered like no key at all, and a number that was never issued costs the same
    look-up and comparison, so that guessing teaches nothing by the time it takes either.
    """
    receipt = _receipt(session, number)
    is_opened = opens(receipt, key)
    if receipt is None:
        raise NotFound(subject="receipt")
    return standing_of(session, receipt, is_opened=is_opened)


def standing_of(session: Session, receipt: Receipt, *, is_opened: bool = False) -> Verified:
    """State and day of a receipt, and its details for whoever proved to hold it."""
    void = receipt.void
    return Verified(
        number=receipt.number,
        state=receipt.state,
        issued_on=receipt.issued_on,
        void_since=tehran_date(void.voided_at) if void else None,
        details=_details(session, receipt) if is_opened else None,
    )


def receipt_with(session: Session, number: str) -> Receipt:
    """The receipt of a number in any spelling. Raises UnreadableNumber, NotFound."""
    receipt = _receipt(session, number)
    if receipt is None:
        raise NotFound(subject="receipt")
    return receipt


def opens(receipt: Receipt | None, key: str) -> bool:
    """Whether this is the receipt's own key; compared in a time that betrays no digit of it."""
    own = _NOBODYS_KEY if receipt is None else receipt.verify_key
    return hmac.compare_digest(key.encode(), own.encode()) and receipt is not None


def masked_name(name: str) -> str:
    """A name by the first letters of its words: م••• ر•••."""
    return " ".join(f"{word[0]}•••" for word in name.split())


def _receipt(session: Session, number: str) -> Receipt | None:
    """With everything its state takes, in one look-up whether it exists or not."""
    return session.scalars(
        select(Receipt)
        .where(Receipt.number == parse_number(number))
        .options(joinedload(Receipt.void), joinedload(Receipt.replaced_by))
    ).one_or_none()


def _details(session: Session, receipt: Receipt) -> ReceiptDetails:
    name = facts_of(receipt).donor_name
    return ReceiptDetails(
        kind=receipt.kind,
        amount_rial=receipt.amount_rial,
        masked_name=masked_name(name) if name else None,
        replaced_by=receipt.replaced_by.number if receipt.replaced_by else None,
        replaces=receipt.replaces.number if receipt.replaces else None,
        head=head_of(session, receipt),
    )

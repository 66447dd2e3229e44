"""What a stranger who holds a receipt may learn about it, and what only its key adds."""

import hmac
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import NotFound
from receipts.facts import ReceiptKind
from receipts.freezing import facts_of
from receipts.numbering import parse_number
from receipts.series import Receipt, ReceiptVoid


@dataclass(frozen=True, slots=True)
class ReceiptDetails:
    """What the key in the QR code adds. The donor is named by first letters only."""

    kind: ReceiptKind
    amount_rial: int | None
    masked_name: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """A receipt of ours: its state and day, and more for those who hold its key."""

    number: str
    issued_on: date
    void_since: date | None
    details: ReceiptDetails | None

    @property
    def is_valid(self) -> bool:
        """Whether the receipt stands."""
        return self.void_since is None


def verify(session: Session, number: str, key: str = "") -> Verified:
    """Look a receipt up by its number. Raises UnreadableNumber, NotFound.

    A wrong key is answered like no key at all, so that guessing one teaches nothing.
    """
    receipt = receipt_with(session, number)
    void = session.scalars(
        select(ReceiptVoid).where(ReceiptVoid.receipt_id == receipt.id)
    ).one_or_none()
    return Verified(
        number=receipt.number,
        issued_on=receipt.issued_on,
        void_since=tehran_date(void.voided_at) if void else None,
        details=_details(receipt) if opens(receipt, key) else None,
    )


def receipt_with(session: Session, number: str) -> Receipt:
    """The receipt of a number in any spelling. Raises UnreadableNumber, NotFound."""
    receipt = session.scalars(
        select(Receipt).where(Receipt.number == parse_number(number))
    ).one_or_none()
    if receipt is None:
        raise NotFound(subject="receipt")
    return receipt


def opens(receipt: Receipt, key: str) -> bool:
    """Whether this is the receipt's own key; compared in a time that betrays no digit of it."""
    return hmac.compare_digest(key.encode(), receipt.verify_key.encode())


def masked_name(name: str) -> str:
    """A name by the first letters of its words: م••• ر•••."""
    return " ".join(f"{word[0]}•••" for word in name.split())


def _details(receipt: Receipt) -> ReceiptDetails:
    name = facts_of(receipt).donor_name
    return ReceiptDetails(
        kind=receipt.kind,
        amount_rial=receipt.amount_rial,
        masked_name=masked_name(name) if name else None,
    )

"""What the organisation itself writes on its documents, from a day on.

A text is never changed: of those that have begun, the one that began last holds. What a receipt
prints is copied to its letterhead when it is issued, so that a later text changes none.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, insert_only
from core.digits import normalise
from core.refusals import Refusal
from receipts.documents.facts import Signatory
from receipts.documents.organisation import ORGANISATION, UNIT
from receipts.documents.seal_picture import seal_text
from receipts.typesetting.shape import require_printable
from receipts.typesetting.text import LANGUAGES

LINE_MAX, TEXT_MAX = 200, 1000


class TextTooLong(Refusal):
    """A text that would not fit on its document, or an empty one that may not be empty."""

    code = "receipt.text_too_long"
    http_status = 422


@insert_only
class ReceiptText(Base):
    """The texts of one language, valid from a day on."""

    __tablename__ = "receipt_text"
    __table_args__ = (
        CheckConstraint("language = 'fa' OR language = 'en'", name="language"),
        CheckConstraint("organisation <> '' AND unit <> ''", name="named"),
        CheckConstraint(
            "first_signatory IS NOT NULL OR second_signatory IS NULL", name="first_comes_first"
        ),
        Index("ix_receipt_text_of", "language", "valid_from", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(String(2))
    valid_from: Mapped[date]  # the day in Tehran
    organisation: Mapped[str]
    unit: Mapped[str]
    tax_line: Mapped[str | None]
    thanks: Mapped[str | None]  # paragraphs of the letter of thanks, a line each
    certificate: Mapped[str | None]  # the same of a certificate of hours
    first_signatory: Mapped[str | None]
    first_title: Mapped[str | None]
    second_signatory: Mapped[str | None]
    second_title: Mapped[str | None]
    seal_name: Mapped[str | None]
    seal: Mapped[str | None]  # see receipts.documents.seal_picture
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    set_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Texts:
    """What stands on the documents of one language."""

    organisation: str
    unit: str
    tax_line: str | None = None
    thanks: str | None = None
    certificate: str | None = None
    first_signatory: str | None = None
    first_title: str | None = None
    second_signatory: str | None = None
    second_title: str | None = None
    seal_name: str | None = None
    seal: str | None = None

    @property
    def signatories(self) -> tuple[Signatory, ...]:
        """Those who sign, in their order."""
        named = (
            (self.first_signatory, self.first_title),
            (self.second_signatory, self.second_title),
        )
        return tuple(Signatory(name, title or "") for name, title in named if name)


def texts_on(session: Session, language: str, day: date) -> Texts:
    """The texts that hold on a day; before the first were set, the organisation's plain names."""
    row = session.scalars(
        select(ReceiptText)
        .where(ReceiptText.language == language, ReceiptText.valid_from <= day)
        .order_by(ReceiptText.valid_from.desc(), ReceiptText.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return Texts(ORGANISATION[language], UNIT[language])
    return Texts(**{field.name: getattr(row, field.name) for field in fields(Texts)})


def latest_texts(session: Session) -> list[ReceiptText]:
    """Everything that was ever set, newest first."""
    return list(session.scalars(select(ReceiptText).order_by(ReceiptText.id.desc())))


def set_texts(
    session: Session,
    language: str,
    texts: Texts,
    *,
    picture: bytes | None = None,
    valid_from: date,
    set_by_id: int,
    now: datetime,
) -> ReceiptText:
    """Let texts hold from a day on, with a new picture of the seal where one is handed in.

    Raises TextTooLong, UnknownGlyph, UnusableSeal; ValueError for an unknown language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no documents in language {language!r}")
    clean = {name: _clean(name, text) for name, text in _named(texts)}
    require_printable(text for text in clean.values() if text)
    row = ReceiptText(
        language=language,
        valid_from=valid_from,
        seal=texts.seal if picture is None else seal_text(picture),
        set_by_id=set_by_id,
        set_at=now,
        **clean,
    )
    session.add(row)
    session.flush()
    return row


def _named(texts: Texts) -> list[tuple[str, str | None]]:
    return [(f.name, getattr(texts, f.name)) for f in fields(texts) if f.name != "seal"]


def _clean(name: str, text: str | None) -> str | None:
    longest = TEXT_MAX if name in ("thanks", "certificate", "tax_line") else LINE_MAX
    clean = normalise(text or "")
    is_missing = name in ("organisation", "unit") and not clean
    if is_missing or len(clean) > longest:
        raise TextTooLong(field=name, longest=longest)
    return clean or None

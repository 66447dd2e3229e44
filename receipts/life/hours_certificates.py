"""Certificates of the hours of a period: numbered, frozen as they were given out, verifiable.

A certificate lists what centres confirmed; it is worth no money and no receipt. Its number has two
parts (1405/000012) where a receipt's has three.
"""

import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from core.clock import tehran_date
from core.database import Base, insert_only
from core.digits import normalise
from core.jalali import jalali_year
from core.portable import sha256_of
from core.refusals import NotFound, Refusal
from donations.models.shift import Shift
from donations.models.volunteer import Volunteer
from offices.places import ONLINE_OFFICE_CODE, Office
from receipts.documents.facts import ReceiptFacts, facts_from_json, facts_to_json

REASON_MAX = 500
_NUMBER = re.compile(r"([0-9]{4})[/\-]([0-9]{1,6})")


@insert_only
class HoursCertificate(Base):
    """One certificate that was given out. ``facts`` is what it prints, frozen."""

    __tablename__ = "hours_certificate"
    __table_args__ = (
        UniqueConstraint("year", "serial"),
        CheckConstraint("serial > 0", name="numbered_from_one"),
        CheckConstraint("hours > 0", name="hours_positive"),
        CheckConstraint("first_day <= last_day", name="ends_after_it_starts"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]  # Jalali
    serial: Mapped[int]
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"), index=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    hours: Mapped[int]
    last_outcome_id: Mapped[int] = mapped_column(ForeignKey("shift_outcome.id"))  # that it lists
    facts: Mapped[str]
    facts_hash: Mapped[str] = mapped_column(String(64))
    verify_key: Mapped[str] = mapped_column(String(16))
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    issued_at: Mapped[datetime]

    volunteer: Mapped[Volunteer] = relationship()
    void: Mapped["HoursCertificateVoid | None"] = relationship()

    @property
    def number(self) -> str:
        """As it is printed: 1405/000012."""
        return f"{self.year}/{self.serial:06d}"

    @property
    def in_address(self) -> str:
        """The number as it stands in addresses: 1405-000012."""
        return f"{self.year}-{self.serial:06d}"

    def lists(self, shift: Shift) -> bool:
        """Whether the hours of a shift stand on it as they hold now.

        Told by ids: these are given under the lock of the volunteer, moments are taken before it.
        """
        if shift.outcome is None or not shift.hours:
            return False
        is_within = self.first_day <= shift.day <= self.last_day
        return is_within and shift.outcome.id <= self.last_outcome_id


@insert_only
class HoursCertificateVoid(Base):
    """That a certificate does not stand any more, and why."""

    __tablename__ = "hours_certificate_void"
    __table_args__ = (CheckConstraint("reason <> ''", name="has_a_reason"),)

    certificate_id: Mapped[int] = mapped_column(
        ForeignKey("hours_certificate.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str]
    voided_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    voided_at: Mapped[datetime]


class CertificateVoid(Refusal):
    """The certificate does not stand any more."""

    code = "certificate.void"
    http_status = 410


class HoursInDoubt(Refusal):
    """Hours of a certificate that is void: a person of staff corrects or certifies them first."""

    code = "certificate.in_doubt"


class VoidReasonMissing(Refusal):
    """A certificate is voided with a reason, or with one that is too long."""

    code = "certificate.reason_missing"
    http_status = 422
    field = "reason"


def issue_certificate(
    session: Session,
    volunteer_id: int,
    facts: ReceiptFacts,
    shifts: Collection[Shift],
    *,
    first_day: date,
    last_day: date,
    verify_page: str,
    issued_by_id: int | None,
    now: datetime,
) -> HoursCertificate:
    """Give a certificate its number; the same hours asked for again are the same certificate.

    One that is void stays so, and the same hours get a new one from a person of staff alone.
    The volunteer is held. ``facts`` come without number and address, ``shifts`` are those with
    hours that they list; ``verify_page`` is the address of the page that verifies it, without the
    number. Raises HoursInDoubt.
    """
    issued_on = tehran_date(now)
    before = _latest(session, volunteer_id, first_day, last_day)
    if before is not None and _says_the_same(facts_from_json(before.facts), facts):
        return before
    if issued_by_id is None:
        _refuse_in_doubt(session, volunteer_id, shifts)
    year = jalali_year(issued_on)
    # One row that every issuing holds: two volunteers at once take two numbers.
    online = select(Office.id).where(Office.code == ONLINE_OFFICE_CODE)
    session.scalars(online.with_for_update(key_share=True)).one()
    last = select(func.max(HoursCertificate.serial)).where(HoursCertificate.year == year)
    certificate = HoursCertificate(
        year=year,
        serial=(session.scalars(last).one() or 0) + 1,
        volunteer_id=volunteer_id,
        first_day=first_day,
        last_day=last_day,
        hours=sum(line.hours for line in facts.hours),
        last_outcome_id=max(shift.outcome.id for shift in shifts if shift.outcome),
        verify_key=secrets.token_hex(8),
        issued_by_id=issued_by_id,
        issued_at=now,
    )
    address = f"{verify_page}/{certificate.in_address}?k={certificate.verify_key}"
    certificate.facts = facts_to_json(
        replace(facts, number=certificate.number, issued_on=issued_on, verify_url=address)
    )
    certificate.facts_hash = sha256_of(certificate.facts)
    session.add(certificate)
    session.flush()
    return certificate


def void_certificate(
    session: Session,
    certificate: HoursCertificate,
    *,
    reason: str,
    voided_by_id: int,
    now: datetime,
) -> HoursCertificateVoid:
    """Say that a certificate does not stand any more. Raises VoidReasonMissing, CertificateVoid.

    The volunteer is held.
    """
    session.refresh(certificate, ["void"])
    refuse_void(certificate)
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise VoidReasonMissing(longest=REASON_MAX)
    void = HoursCertificateVoid(
        certificate_id=certificate.id, reason=reason, voided_by_id=voided_by_id, voided_at=now
    )
    session.add(void)
    session.flush()
    session.expire(certificate, ["void"])
    return void


def refuse_void(certificate: HoursCertificate) -> None:
    """Raises CertificateVoid."""
    if certificate.void is not None:
        raise CertificateVoid


def certificates_of(session: Session, volunteer_id: int) -> Sequence[HoursCertificate]:
    """Every certificate that a volunteer was given, the latest first."""
    return session.scalars(
        select(HoursCertificate)
        .where(HoursCertificate.volunteer_id == volunteer_id)
        .options(joinedload(HoursCertificate.void))
        .order_by(HoursCertificate.id.desc())
    ).all()


def certificate_over(session: Session, shift: Shift) -> HoursCertificate | None:
    """The latest certificate that stands and lists the hours of a shift."""
    given_out = certificates_of(session, shift.volunteer_id)
    return next((row for row in given_out if row.void is None and row.lists(shift)), None)


def certificate_number(text: str) -> str | None:
    """The number as it stands in addresses, where a text is one: 1405-000012."""
    written = _NUMBER.fullmatch(normalise(text))
    return f"{written[1]}-{int(written[2]):06d}" if written else None


def certificate_with(session: Session, number: str) -> HoursCertificate:
    """The certificate of a number in any spelling. Raises NotFound."""
    year, _dash, serial = (certificate_number(number) or "0-0").partition("-")
    found = session.scalars(
        select(HoursCertificate).where(
            HoursCertificate.year == int(year), HoursCertificate.serial == int(serial)
        )
    ).one_or_none()
    if found is None:
        raise NotFound(subject="certificate")
    return found


def opens_certificate(certificate: HoursCertificate, key: str) -> bool:
    """Whether this is the certificate's own key, from the code printed on it."""
    return hmac.compare_digest(key.encode(), certificate.verify_key.encode())


def _refuse_in_doubt(session: Session, volunteer_id: int, shifts: Collection[Shift]) -> None:
    """Raises HoursInDoubt where the latest certificate that lists one of the shifts is void."""
    given_out = certificates_of(session, volunteer_id)
    for shift in shifts:
        latest = next((row for row in given_out if row.lists(shift)), None)
        if latest is not None and latest.void is not None:
            raise HoursInDoubt


def _latest(
    session: Session, volunteer_id: int, first_day: date, last_day: date
) -> HoursCertificate | None:
    return session.scalars(
        select(HoursCertificate)
        .where(
            HoursCertificate.volunteer_id == volunteer_id,
            HoursCertificate.first_day == first_day,
            HoursCertificate.last_day == last_day,
            ~HoursCertificate.void.has(),
        )
        .order_by(HoursCertificate.id.desc())
        .limit(1)
    ).first()


def _says_the_same(issued: ReceiptFacts, facts: ReceiptFacts) -> bool:
    own = {"number": "", "issued_on": facts.issued_on, "verify_url": ""}
    return replace(issued, **own) == replace(facts, **own)  # type: ignore[arg-type]

"""What a certificate of hours prints: confirmed hours of a period, by field and centre."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.refusals import Refusal
from donations.models.shift import Shift
from donations.models.volunteer import Volunteer
from offices.places import Office, Province
from receipts.documents.facts import HoursLine, ReceiptFacts, ReceiptKind
from receipts.documents.receipt_texts import texts_on
from receipts.life.freezing import as_printed
from receipts.typesetting.text import PERSIAN


class NoHours(Refusal):
    """No hours of this volunteer were confirmed in a period."""

    code = "certificate.no_hours"
    http_status = 404


def hours_facts(
    session: Session,
    volunteer_id: int,
    *,
    first_day: date,
    last_day: date,
    language: str,
    today: date,
) -> ReceiptFacts:
    """The confirmed hours of a volunteer in a period, both days within; a line a field and centre.

    Number and address are empty: the certificate gets them. Raises NoHours.
    """
    volunteer = session.get_one(Volunteer, volunteer_id)
    shifts = confirmed_shifts(session, volunteer_id, first_day, last_day)
    if not shifts:
        raise NoHours
    texts = texts_on(session, language, today)
    last = shifts[-1].office
    province = session.get(Province, last.province_id) if last.province_id else None
    return ReceiptFacts(
        number="",
        kind=ReceiptKind.SERVICE,
        organisation=texts.organisation,
        unit=texts.unit,
        province=as_printed(_name(province, language)) if province else "",
        desk=as_printed(_name(last, language)),
        received_on=shifts[-1].day,
        issued_on=today,
        donor_name=as_printed(volunteer.donor.name or ""),
        hours=tuple(_line(group, language) for group in _by_field_and_centre(shifts)),
        channel="",
        tracking_code="",
        verify_url="",
        language=language,
        signatories=texts.signatories,
        seal=texts.seal,
        seal_name=texts.seal_name,
        certificate=texts.certificate,
    )


def served_days(session: Session, volunteer_id: int) -> tuple[date, date] | None:
    """The first and the last day of a volunteer's confirmed hours; nothing where there are none."""
    shifts = confirmed_shifts(session, volunteer_id, date.min, date.max)
    return (shifts[0].day, shifts[-1].day) if shifts else None


def confirmed_shifts(
    session: Session, volunteer_id: int, first_day: date, last_day: date
) -> Sequence[Shift]:
    """The shifts of a volunteer in a period, both days within, of which hours were confirmed."""
    shifts = session.scalars(
        select(Shift)
        .where(Shift.volunteer_id == volunteer_id, Shift.day.between(first_day, last_day))
        .options(selectinload(Shift.outcomes), joinedload(Shift.office), joinedload(Shift.skill))
        .order_by(Shift.day, Shift.start_minute, Shift.id)
        .execution_options(populate_existing=True)
    )
    return [shift for shift in shifts if shift.hours]


def _by_field_and_centre(shifts: Sequence[Shift]) -> list[list[Shift]]:
    groups: dict[tuple[int, int], list[Shift]] = {}
    for shift in shifts:
        groups.setdefault((shift.skill_id, shift.office_id), []).append(shift)
    return list(groups.values())


def _line(shifts: Sequence[Shift], language: str) -> HoursLine:
    comma = "، " if language == PERSIAN else ", "
    supervisors = dict.fromkeys(shift.supervisor for shift in shifts)
    skill = shifts[0].skill
    return HoursLine(
        skill=as_printed(skill.name_fa if language == PERSIAN else skill.name_en),
        hours=sum(shift.hours for shift in shifts),
        started_on=shifts[0].day,
        ended_on=shifts[-1].day,
        place=as_printed(_name(shifts[0].office, language)),
        supervisor=as_printed(comma.join(supervisors)),
    )


def _name(row: Office | Province, language: str) -> str:
    return row.name_fa if language == PERSIAN else row.name_en

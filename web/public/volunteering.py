"""Offering hours on the website, and the certificate of hours in a gift's own view."""

from datetime import date

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import StringField

from core.clock import tehran_date
from core.refusals import NotFound, Refusal
from core.words import _
from donations.models.pledge import Pledge
from donations.tracking import pledge_with_code
from donations.volunteers.finding import open_skills
from donations.volunteers.register import register
from flows.hours_certificates import certificate_pdf, certify_hours, volunteer_of
from offices.places import ONLINE_OFFICE_CODE, Office
from offices.scope import NOWHERE
from receipts.life.hours_certificates import certificate_with, opens_certificate
from receipts.public.hours_facts import served_days
from receipts.public.verifying import masked_name
from web.public.choices import name_of
from web.public.limiting import count_gift, count_verification
from web.public.looking_up import looked_up
from web.public.papers import as_pdf
from web.public.unlocking import is_opened
from web.refusals import explain
from web.services import current
from web.volunteer_forms import VolunteerForm

_IN_LINKS = ("name", "mobile")


class OwnVolunteerForm(VolunteerForm):
    """What somebody tells of themselves; no document is asked for."""

    website = StringField()  # a trap: people do not see it, programs fill it in


def volunteer() -> ResponseReturnValue:
    """The form; sent, a desk calls. It says the same whether the number was known or not."""
    given = {name: request.args[name][:60] for name in _IN_LINKS if request.args.get(name)}
    form = OwnVolunteerForm(request.form, **given)
    with current.database.reading() as session:
        offices = session.scalars(
            select(Office)
            .where(Office.is_open, Office.code != ONLINE_OFFICE_CODE)
            .order_by(Office.code)
        )
        places = {office.id: name_of(office) for office in offices}
        form.offer(open_skills(session), {0: _("Please choose"), **places})
    if request.method == "POST" and form.website.data:
        return redirect(url_for("public.home"), 303)
    if request.method == "POST" and form.validate():
        try:
            _register(form)
        except NotFound:
            raise
        except Refusal as refusal:
            name = str(refusal.details.get("field") or refusal.field or "office")
            field = form[name if name in form else "office"]
            field.errors = (*field.errors, explain(refusal))
        else:
            return redirect(url_for("public.volunteer_told"), 303)
    return render_template("public/volunteer.html", form=form), 422 if form.errors else 200


def volunteer_told() -> ResponseReturnValue:
    """Thank, and say what comes next."""
    return render_template("public/volunteer_told.html")


def own_hours(tracking_code: str) -> ResponseReturnValue:
    """The certificate of all confirmed hours, for whoever opened the gift of a volunteer."""
    count_verification()
    served = looked_up(tracking_code, hours_served)
    if served is None:
        raise NotFound(subject="certificate")
    volunteer_id, (first_day, last_day) = served
    with current.database.writing() as session:
        certificate = certify_hours(
            session,
            volunteer_id,
            first_day=first_day,
            last_day=last_day,
            language=pledge_with_code(session, tracking_code).language,
            issued_by_id=None,
            now=current.now(),
        )
    return as_pdf(certificate_pdf(certificate), certificate.in_address)


def hours_served(session: Session, pledge: Pledge) -> tuple[int, tuple[date, date]] | None:
    """The volunteer of an opened gift with the first and last day of their hours."""
    volunteer_id = volunteer_of(session, pledge) if is_opened(pledge) else None
    days = served_days(session, volunteer_id) if volunteer_id else None
    return (volunteer_id, days) if volunteer_id and days else None


def verify_hours(number: str) -> ResponseReturnValue:
    """Whether we gave a certificate out; with the key printed on it, over which hours."""
    count_verification()
    with current.database.reading() as session:
        certificate = certificate_with(session, number)
        is_shown = opens_certificate(certificate, request.args.get("k", ""))
        return render_template(
            "public/verify_hours.html",
            certificate=certificate,
            issued_on=tehran_date(certificate.issued_at),
            void_since=tehran_date(certificate.void.voided_at) if certificate.void else None,
            is_shown=is_shown,
            name=masked_name(certificate.volunteer.donor.name or "") if is_shown else "",
        )


def _register(form: OwnVolunteerForm) -> None:
    count_gift()
    with current.database.writing() as session:
        register(
            session,
            NOWHERE,
            name=form.name.data or "",
            mobile=form.mobile.value or "",
            told=form.told(),
            told_by_id=None,
            request_key=form.request_key.data,
            now=current.now(),
        )

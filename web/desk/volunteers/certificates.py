"""Certificates of hours at the desk: given out for a period, printed again, voided."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import RadioField
from wtforms.validators import InputRequired

from core.clock import tehran_date
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.volunteers.finding import volunteer_in
from flows.hours_certificates import certificate_pdf, certify_hours, void_hours_certificate
from receipts.life.hours_certificates import HoursCertificate, certificates_of, refuse_void
from receipts.public.hours_facts import NoHours
from web.desk.volunteers.forms import ReasonForm
from web.fields import DayField, SpokenForm
from web.filters import day
from web.public.papers import as_pdf
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_MISSING = Later("Please fill this in.")


class PeriodForm(SpokenForm):
    """Over which days, and in which language."""

    first_day = DayField(Later("First day"), [InputRequired(_MISSING)])
    last_day = DayField(Later("Last day"), [InputRequired(_MISSING)])
    language = RadioField(
        Later("Language"), choices={"fa": Later("Persian"), "en": Later("English")}, default="fa"
    )


def hours_certificate(volunteer_id: int) -> ResponseReturnValue:
    """Ask for the certificate of a period; it opens as a file."""
    who, form = the_person(), PeriodForm(request.form)
    with current.database.reading() as session:
        facts = volunteer_in(session, who.scope, volunteer_id)
    form.last_day.data = form.last_day.data or day(tehran_date(current.now()))
    if request.method == "POST" and form.validate():
        try:
            certificate_id = _given_out(form, volunteer_id)
        except Refusal as refusal:
            put_beside(form, "first_day", refusal)
        else:
            there = url_for(
                "desk.hours_certificate_pdf",
                volunteer_id=volunteer_id,
                certificate_id=certificate_id,
            )
            return redirect(there, 303)
    with current.database.reading() as session:
        page = render_template(
            "desk/volunteers/certificate.html",
            form=form,
            facts=facts,
            given_out=certificates_of(session, volunteer_id),
        )
    return page, 422 if form.errors else 200


def hours_certificate_pdf(volunteer_id: int, certificate_id: int) -> ResponseReturnValue:
    """A certificate that was given out."""
    with current.database.reading() as session:
        certificate = _certificate(session, volunteer_id, certificate_id)
        refuse_void(certificate)
        return as_pdf(certificate_pdf(certificate), certificate.in_address)


def hours_certificate_void(volunteer_id: int, certificate_id: int) -> ResponseReturnValue:
    """Say that a certificate does not stand any more."""
    form = ReasonForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                void_hours_certificate(
                    session,
                    _certificate(session, volunteer_id, certificate_id),
                    reason=form.reason.data or "",
                    voided_by_id=the_person().staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_("The certificate is void; whoever checks it reads so."), "success")
            return redirect(url_for("desk.hours_certificate", volunteer_id=volunteer_id), 303)
    with current.database.reading() as session:
        page = render_template(
            "desk/volunteers/certificate_void.html",
            form=form,
            row=_certificate(session, volunteer_id, certificate_id),
        )
    return page, 422 if form.errors else 200


def _certificate(session: Session, volunteer_id: int, certificate_id: int) -> HoursCertificate:
    """A certificate of a volunteer of one's offices. Raises NotFound."""
    volunteer_in(session, the_person().scope, volunteer_id)
    certificate = session.get(HoursCertificate, certificate_id)
    if certificate is None or certificate.volunteer_id != volunteer_id:
        raise NotFound(subject="certificate")
    return certificate


def _given_out(form: PeriodForm, volunteer_id: int) -> int:
    first_day, last_day = form.first_day.value, form.last_day.value
    if first_day is None or last_day is None or last_day < first_day:
        raise NoHours
    with current.database.writing() as session:
        return certify_hours(
            session,
            volunteer_id,
            first_day=first_day,
            last_day=last_day,
            language=form.language.data,
            issued_by_id=the_person().staff_member_id,
            now=current.now(),
        ).id

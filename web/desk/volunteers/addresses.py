"""The addresses of volunteers at the desk, and who may open each."""

from web.desk.volunteers.certificates import (
    hours_certificate,
    hours_certificate_pdf,
    hours_certificate_void,
)
from web.desk.volunteers.licences import licences, new_licence
from web.desk.volunteers.offers import new_service_offer, service_offer, service_offers
from web.desk.volunteers.registering import (
    new_volunteer,
    volunteer,
    volunteer_facts,
    volunteer_leave,
    volunteers,
)
from web.desk.volunteers.shifts import shift, shifts
from web.pages import Allow, Page

_FORM = ("GET", "POST")

PAGES = (
    Page("/volunteers", volunteers, Allow.DESK),
    Page("/volunteers/new", new_volunteer, Allow.DESK, _FORM),
    Page("/volunteers/licences", licences, Allow.DESK),
    Page("/volunteers/<int:volunteer_id>", volunteer, Allow.DESK),
    Page("/volunteers/<int:volunteer_id>/facts", volunteer_facts, Allow.DESK, _FORM),
    Page("/volunteers/<int:volunteer_id>/leave", volunteer_leave, Allow.DESK, _FORM),
    Page("/volunteers/<int:volunteer_id>/licences", new_licence, Allow.DESK, _FORM),
    Page("/volunteers/<int:volunteer_id>/offers", new_service_offer, Allow.DESK, _FORM),
    Page("/volunteers/<int:volunteer_id>/certificate", hours_certificate, Allow.DESK, _FORM),
    Page(
        "/volunteers/<int:volunteer_id>/certificates/<int:certificate_id>.pdf",
        hours_certificate_pdf,
        Allow.DESK,
    ),
    Page(
        "/volunteers/<int:volunteer_id>/certificates/<int:certificate_id>/void",
        hours_certificate_void,
        Allow.DESK,
        _FORM,
    ),
    Page("/volunteers/offers", service_offers, Allow.DESK),
    Page("/volunteers/offers/<int:hours_id>", service_offer, Allow.DESK, _FORM),
    Page("/volunteers/shifts", shifts, Allow.DESK),
    Page("/volunteers/shifts/<int:shift_id>", shift, Allow.DESK, _FORM),
)

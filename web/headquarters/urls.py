"""The addresses of the headquarters."""

from web.headquarters.offices import (
    new_office,
    office,
    offices,
    offices_template,
    offices_upload,
)
from web.headquarters.people import people, role
from web.headquarters.receipt_texts import receipt_text, receipt_texts
from web.headquarters.receipts import receipt_audit, receipt_export, receipt_series
from web.headquarters.trail import trail
from web.pages import Allow, Page, blueprint

PAGES = (
    Page("", people, Allow.HEADQUARTERS),
    Page("/roles/<int:grant_id>", role, Allow.HEADQUARTERS, ("GET", "POST")),
    Page("/trail", trail, Allow.HEADQUARTERS),
    Page("/offices", offices, Allow.OFFICES),
    Page("/offices/new", new_office, Allow.OFFICES, ("GET", "POST")),
    Page("/offices/upload", offices_upload, Allow.OFFICES, ("GET", "POST")),
    Page("/offices/template.xlsx", offices_template, Allow.OFFICES),
    Page("/offices/<office_code>", office, Allow.OFFICES, ("GET", "POST")),
    Page("/receipts", receipt_audit, Allow.HEADQUARTERS),
    Page("/receipts/<int:year>/<office_code>", receipt_series, Allow.HEADQUARTERS),
    Page("/receipts/<int:year>/<office_code>/list.<ending>", receipt_export, Allow.HEADQUARTERS),
    Page("/texts", receipt_texts, Allow.TEXTS),
    Page("/texts/<language>", receipt_text, Allow.TEXTS, ("GET", "POST")),
)

headquarters = blueprint("headquarters", PAGES, prefix="/headquarters")

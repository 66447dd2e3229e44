"""The addresses that are open to everybody."""

from web.pages import Allow, Page, blueprint
from web.public.appointments import propose_appointment
from web.public.documents import counter_slip, further_document
from web.public.following import follow, follow_form, open_gift
from web.public.giving import give, pay
from web.public.heads import (
    heads_certificates,
    heads_json,
    heads_of_day,
    heads_signature,
    published_heads,
)
from web.public.home import help_page, home
from web.public.needs import needs, offer_help
from web.public.papers import receipt_page, receipt_pdf
from web.public.proving import check_file
from web.public.statements import ask_statement, statement
from web.public.transparency import transparency
from web.public.verifying import verify, verify_form
from web.public.volunteering import own_hours, verify_hours, volunteer, volunteer_told

PAGES = (
    Page("/", home, Allow.EVERYONE),
    Page("/give", give, Allow.EVERYONE, ("GET", "POST")),
    Page("/give/<tracking_code>/pay", pay, Allow.EVERYONE, ("POST",)),
    Page("/needs", needs, Allow.EVERYONE),
    Page("/needs/<int:need_id>", offer_help, Allow.EVERYONE, ("GET", "POST")),
    Page("/follow", follow_form, Allow.EVERYONE),
    Page("/follow/<tracking_code>", follow, Allow.EVERYONE),
    Page("/follow/<tracking_code>/slip.pdf", counter_slip, Allow.EVERYONE),
    Page("/follow/<tracking_code>", open_gift, Allow.EVERYONE, ("POST",)),
    Page("/follow/<tracking_code>/appointment", propose_appointment, Allow.EVERYONE, ("POST",)),
    Page("/follow/<tracking_code>/statement", ask_statement, Allow.EVERYONE, ("POST",)),
    Page("/follow/<tracking_code>/hours", own_hours, Allow.EVERYONE, ("POST",)),
    Page("/volunteer", volunteer, Allow.EVERYONE, ("GET", "POST")),
    Page("/volunteer/thanks", volunteer_told, Allow.EVERYONE),
    Page("/statements/<key>", statement, Allow.EVERYONE),
    Page("/receipts/<number>", receipt_page, Allow.EVERYONE),
    Page("/receipts/<number>.pdf", receipt_pdf, Allow.EVERYONE),
    Page("/receipts/<number>/<name>.pdf", further_document, Allow.EVERYONE),
    Page("/verify", verify_form, Allow.EVERYONE),
    Page("/verify", check_file, Allow.EVERYONE, ("POST",)),
    Page("/verify/heads", published_heads, Allow.EVERYONE),
    Page("/verify/heads/<day>", heads_of_day, Allow.EVERYONE),
    Page("/verify/heads/<day>.json", heads_json, Allow.EVERYONE),
    Page("/verify/heads/<day>.p7s", heads_signature, Allow.EVERYONE),
    Page("/verify/heads/<day>.pem", heads_certificates, Allow.EVERYONE),
    Page("/verify/hours/<number>", verify_hours, Allow.EVERYONE),
    Page("/verify/<number>", verify, Allow.EVERYONE),
    Page("/transparency", transparency, Allow.EVERYONE),
    Page("/help", help_page, Allow.EVERYONE),
)

public = blueprint("public", PAGES, prefix="/")

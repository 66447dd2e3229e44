"""The addresses that are open to everybody."""

from web.pages import Allow, Page, blueprint
from web.public.following import follow, follow_form, open_gift
from web.public.giving import give, pay
from web.public.home import help_page, home
from web.public.papers import receipt_page, receipt_pdf
from web.public.transparency import transparency
from web.public.verifying import verify, verify_form

PAGES = (
    Page("/", home, Allow.EVERYONE),
    Page("/give", give, Allow.EVERYONE, ("GET", "POST")),
    Page("/give/<tracking_code>/pay", pay, Allow.EVERYONE, ("POST",)),
    Page("/follow", follow_form, Allow.EVERYONE),
    Page("/follow/<tracking_code>", follow, Allow.EVERYONE),
    Page("/follow/<tracking_code>", open_gift, Allow.EVERYONE, ("POST",)),
    Page("/receipts/<number>", receipt_page, Allow.EVERYONE),
    Page("/receipts/<number>.pdf", receipt_pdf, Allow.EVERYONE),
    Page("/verify", verify_form, Allow.EVERYONE),
    Page("/verify/<number>", verify, Allow.EVERYONE),
    Page("/transparency", transparency, Allow.EVERYONE),
    Page("/help", help_page, Allow.EVERYONE),
)

public = blueprint("public", PAGES, prefix="/")

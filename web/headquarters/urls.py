"""The addresses of the headquarters."""

from web.headquarters.people import people, role
from web.headquarters.trail import trail
from web.pages import Allow, Page, blueprint

PAGES = (
    Page("", people, Allow.HEADQUARTERS),
    Page("/roles/<int:grant_id>", role, Allow.HEADQUARTERS, ("GET", "POST")),
    Page("/trail", trail, Allow.HEADQUARTERS),
)

headquarters = blueprint("headquarters", PAGES, prefix="/headquarters")

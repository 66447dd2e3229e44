"""The addresses of the sign-in, and what every page may say about who has signed in."""

from flask import request, url_for

from web.audiences import WITHOUT_SIGN_IN
from web.pages import AUDIENCES, Allow, Page, blueprint
from web.sign_in.entering import enter, enter_code, leave
from web.sign_in.guard import signed_in

PAGES = (
    Page("/sign-in", enter, Allow.EVERYONE, ("GET", "POST")),
    Page("/sign-in/code", enter_code, Allow.EVERYONE, ("GET", "POST")),
    Page("/sign-out", leave, Allow.EVERYONE, ("POST",)),
)

sign_in = blueprint("sign_in", PAGES, prefix="/")


@sign_in.app_context_processor
def _who_is_here() -> dict[str, object]:
    """The person's name and the way out, on staff pages; other pages do not ask who it is."""
    allow = AUDIENCES.get(request.endpoint or "", Allow.EVERYONE)
    if allow in WITHOUT_SIGN_IN:
        return {}
    return {"signed_in": signed_in(), "sign_out_url": url_for("sign_in.leave")}

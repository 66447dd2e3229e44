"""The page that a desk's browser keeps for the time without a line, and what keeps it.

The page holds nothing personal: neither who works here nor any entry. Who it is and what waits
lies in the browser alone.
"""

import hashlib
import json
from pathlib import Path

from flask import Response, current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.words import spoken
from flows.desk import terminals_at
from receipts.life.blocks import KEPT_DAYS
from web.desk.here import fund_choices, own_office
from web.desk.walk_in import UNITS
from web.desk.walk_in_form import walk_in_form
from web.services import current
from web.sign_in.guard import the_person

_SCOPE = "/desk"
# What the page is made of. Modules that others import are named by their plain address.
_FILES = ("app.css", "app.js", "staff.js", "mark.svg", "desk/offline.js")
_IMPORTED = ("desk/store.js", "desk/sending.js", "desk/entry.js", "desk/listing.js")
_FONTS = ("vendor/fonts/vazirmatn-fa.woff2", "vendor/fonts/vazirmatn-latin.woff2")


def offline() -> ResponseReturnValue:
    """The walk-in form as it works without a line; with one, the list of what waits."""
    who = the_person()
    with current.database.reading() as session:
        form = walk_in_form(
            request.args,
            funds=fund_choices(session),
            terminals=[row.name for row in terminals_at(session, own_office(session, who).id)],
        )
        return render_template(
            "desk/offline/shell.html",
            form=form,
            units=[str(unit) for unit in UNITS],
            kept_days=KEPT_DAYS,
            signed_in=None,
            navigation=[],
        )


def worker() -> ResponseReturnValue:
    """The service worker, with the files it keeps; its text changes when one of them does."""
    folder = Path(current_app.static_folder or "")
    names = [name for name in (*_FILES, *_IMPORTED, *_FONTS) if (folder / name).exists()]
    version = hashlib.sha256(b"".join((folder / name).read_bytes() for name in names))
    shell = {
        "version": version.hexdigest()[:12] + spoken(),
        "page": url_for("desk.offline"),
        "files": [_address(name) for name in names],
    }
    text = (folder / "desk/service_worker.js").read_text("utf-8")
    answer: Response = make_response(f"const SHELL = {json.dumps(shell)};\n{text}")
    answer.mimetype = "text/javascript"
    answer.headers["Service-Worker-Allowed"] = _SCOPE
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _address(name: str) -> str:
    address = url_for("static", filename=name)
    return address.partition("?")[0] if name in _IMPORTED else address

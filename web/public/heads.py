"""The signed lists of the days' chain heads, for people and for programs."""

import base64
from collections.abc import Callable

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.jalali import UnreadableDate, parse_jalali
from core.refusals import NotFound
from receipts.public.heads import (
    PublishedHeads,
    day_in_address,
    heads_in,
    latest_lists,
    published_on,
)
from web.services import current

_PAGE = 60


def published_heads() -> ResponseReturnValue:
    """Every day that has its list, newest first."""
    with current.database.reading() as session:
        typed = request.args.get("before", "")
        before = parse_jalali(typed) if typed else None
        lists = latest_lists(session, before=before, limit=_PAGE + 1)
        older = (
            url_for("public.published_heads", before=day_in_address(lists[_PAGE - 1].day))
            if len(lists) > _PAGE
            else ""
        )
        return render_template(
            "public/heads.html",
            lists=[(row, day_in_address(row.day), len(heads_in(row))) for row in lists[:_PAGE]],
            older_url=older,
        )


def heads_of_day(day: str) -> ResponseReturnValue:
    """The list of one day, and how to check it without us."""
    with current.database.reading() as session:
        published = _of(session, day)
        return render_template(
            "public/heads_of_day.html",
            published=published,
            heads=heads_in(published),
            day=day_in_address(published.day),
        )


def heads_json(day: str) -> ResponseReturnValue:
    """The list as it was signed, byte for byte."""
    return _file(day, lambda published: published.text.encode(), "application/json", "json")


def heads_signature(day: str) -> ResponseReturnValue:
    """The detached signature of the list."""
    return _file(
        day,
        lambda published: base64.b64decode(published.signature),
        "application/pkcs7-signature",
        "p7s",
    )


def heads_certificates(day: str) -> ResponseReturnValue:
    """The certificates of the key it was signed with."""
    return _file(
        day, lambda published: published.certificates.encode(), "application/x-pem-file", "pem"
    )


def _of(session: Session, day: str) -> PublishedHeads:
    try:
        return published_on(session, parse_jalali(day))
    except UnreadableDate as refusal:
        raise NotFound(subject="list of chain heads") from refusal


def _file(
    day: str, content: Callable[[PublishedHeads], bytes], kind: str, ending: str
) -> ResponseReturnValue:
    with current.database.reading() as session:
        published = _of(session, day)
    name = f"heads-{day_in_address(published.day)}.{ending}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "public, max-age=3600",  # it never changes
    }
    return Response(content(published), mimetype=kind, headers=headers)

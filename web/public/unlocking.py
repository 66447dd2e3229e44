"""Who may see what names a person: the holder of a key, or of the last digits of the mobile."""

import hmac
from datetime import timedelta

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.digits import digits_only
from donations.models.pledge import Pledge
from web.services import current

_OPEN_FOR = timedelta(minutes=30)
_COOKIE = "opened"


def is_view_key(pledge: Pledge, key: str) -> bool:
    """Whether this is the key that the bank's way back and slips carry."""
    return hmac.compare_digest(key.encode(), pledge.view_key.encode())


def is_opened(pledge: Pledge) -> bool:
    """Whether whoever asks showed the key, or proved the mobile number a short while ago."""
    return is_view_key(pledge, request.values.get("key", "")) or _proved() == pledge.tracking_code


def ends_mobile(pledge: Pledge, typed: str) -> bool:
    """Whether these are the last four digits of the donor's mobile number."""
    mobile = pledge.donor.mobile if pledge.donor else None
    digits = digits_only(typed) or ""
    return (
        mobile is not None
        and len(digits) == 4
        and hmac.compare_digest(digits.encode(), mobile[-4:].encode())
    )


def remember_opened(response: Response, pledge: Pledge) -> Response:
    """Let this browser see the donor's own view for half an hour."""
    response.set_cookie(
        _COOKIE,
        _signer().dumps(pledge.tracking_code),
        max_age=_OPEN_FOR,
        secure=current.settings.is_public,
        httponly=True,
        samesite="Lax",
    )
    return response


def _proved() -> str:
    try:
        code = _signer().loads(
            request.cookies.get(_COOKIE, ""), max_age=round(_OPEN_FOR.total_seconds())
        )
    except BadSignature:
        return ""
    return str(code)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="opened-pledge")

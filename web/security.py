"""What every answer says to the browser about what it may load, post to and remember."""

from flask import Flask, Response, request

from web.services import current

_DAY_SECONDS = 86_400


def register(app: Flask) -> None:
    """Add the security headers to every answer."""
    app.after_request(_with_headers)


def _with_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _policy())
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # Banks check which site sent the donor, so the origin must go with the form.
    response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if current.settings.is_public:
        response.headers.setdefault(
            "Strict-Transport-Security", f"max-age={730 * _DAY_SECONDS}; includeSubDomains"
        )
    if request.endpoint == "static":
        response.headers["Cache-Control"] = f"public, max-age={_DAY_SECONDS}"
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, no-store"
    return response


def _policy() -> str:
    """Nothing from another host; forms go to us and to the banks that are enabled."""
    banks = {host for gateway in current.gateways.values() for host in gateway.hosts}
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            " ".join(("form-action 'self'", *sorted(banks))),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )

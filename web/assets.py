"""How files and pages travel: files under a name that changes with them, texts packed on the way.

Donors are on slow networks, so what is text is sent as gzip. Packing pages that hold a secret is
safe here, because cookies are ``SameSite=Lax``: no other site can make a browser ask for them.
"""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

_VERSIONED = (".css", ".js", ".svg")  # fonts are named by the stylesheet, which knows no version
_TEXTS = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/problem+json",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
    }
)
_WORTH_PACKING_BYTES = 1_000
_YEAR_SECONDS = 31_536_000


def register(app: Flask) -> None:
    """Version the addresses of our files and pack what is text."""
    folder = Path(app.static_folder or "")

    @app.url_defaults
    def name_version(endpoint: str, values: dict[str, Any]) -> None:
        name = str(values.get("filename", ""))
        if endpoint == "static" and name.endswith(_VERSIONED):
            values["v"] = _version_of(folder / name)

    app.after_request(_packed)
    app.after_request(_kept)


def _kept(response: Response) -> Response:
    """A file asked for by its version never changes; others are asked for again."""
    if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = f"public, max-age={_YEAR_SECONDS}, immutable"
    return response


def _packed(response: Response) -> Response:
    if response.mimetype not in _TEXTS:
        return response
    response.vary.add("Accept-Encoding")
    is_file = request.endpoint == "static"
    if (
        response.status_code in (204, 206, 304)
        or "Content-Encoding" in response.headers
        or not request.accept_encodings["gzip"]
        or (response.is_streamed and not is_file)
    ):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) < _WORTH_PACKING_BYTES:
        return response
    response.set_data(_packed_file(body) if is_file else gzip.compress(body, 6, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, _is_weak = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response


@lru_cache(maxsize=32)
def _packed_file(body: bytes) -> bytes:
    return gzip.compress(body, 9, mtime=0)


def _version_of(path: Path) -> str:
    try:
        seen = path.stat()
    except FileNotFoundError:
        return "0"
    return _digest(path, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=256)
def _digest(path: Path, _changed_ns: int, _size_bytes: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]

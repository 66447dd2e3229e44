"""How an audience's pages are declared: one table, and every row names who may open it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps

from flask import Blueprint
from flask.typing import ResponseReturnValue

from web.audiences import WITHOUT_SIGN_IN, Allow
from web.sign_in.guard import demand

__all__ = ["AUDIENCES", "Allow", "Page", "blueprint", "guarded"]

View = Callable[..., ResponseReturnValue]


# Every endpoint of ours and who may open it; the access tests walk over it.
AUDIENCES: dict[str, Allow] = {}


@dataclass(frozen=True, slots=True)
class Page:
    """One address: where, what it does, who may open it and how."""

    path: str
    view: View
    allow: Allow
    methods: tuple[str, ...] = ("GET",)


def blueprint(name: str, pages: Iterable[Page], *, prefix: str) -> Blueprint:
    """Build an audience's blueprint. A page that names no audience cannot be written down."""
    made = Blueprint(name, __name__, url_prefix=None if prefix == "/" else prefix)
    for page in pages:
        endpoint = page.view.__name__
        AUDIENCES[f"{name}.{endpoint}"] = page.allow
        made.add_url_rule(page.path, endpoint, guarded(page.view, page.allow), methods=page.methods)
    return made


def guarded(view: View, allow: Allow) -> View:
    """The view, opened only to whom it is for."""
    if allow in WITHOUT_SIGN_IN:
        return view

    @wraps(view)
    def behind_the_guard(**path_values: object) -> ResponseReturnValue:
        demand(allow)
        return view(**path_values)

    return behind_the_guard

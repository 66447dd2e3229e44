"""Whole numbers from outside, never larger than the database can hold.

A number beyond that reaches no driver: in a path or a form it names nothing, in a query it is as if
it had not been written.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter, ValidationError

from core.refusals import NotFound

LARGEST = 2**63 - 1


def bounded(text: str) -> int:
    """A whole number. Raises ValueError for what is none, or too large."""
    number = int(text)
    if abs(number) > LARGEST:
        raise ValueError(text[:40])
    return number


def read_id(text: str) -> int:
    """The id that a form names. Raises NotFound for what can be none."""
    if not (text.isascii() and text.isdigit() and len(text) < len(str(LARGEST))):
        raise NotFound(subject="id")
    return int(text)


class _Values(ImmutableMultiDict[str, str]):
    """The parts of a query or a form; a whole number is asked for with ``type=int``."""

    def get(  # type: ignore[override]
        self,
        key: str,
        default: Any = None,
        type: Callable[[str], Any] | None = None,  # noqa: A002
    ) -> Any:
        read: Any = bounded if type is int else type
        return super().get(key, default, read)


class _BoundedRequest(Request):
    parameter_storage_class = _Values


class _BoundedConverter(IntegerConverter):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": LARGEST, **options})

    def to_python(self, value: str) -> Any:
        if len(value) > len(str(LARGEST)):  # Python itself refuses to read thousands of digits
            raise ValidationError
        return super().to_python(value)


def register(app: Flask) -> None:
    """Let every address and query of an application be read so, before its pages are added."""
    app.request_class = _BoundedRequest
    app.url_map.converters["int"] = _BoundedConverter

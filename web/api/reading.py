"""Reading the body of a request: one JSON text in UTF-8, in which everything is said once."""

import hashlib
import json
from collections.abc import Iterator

from flask import request

from core.hashchain import canonical
from web.api.refusals import NotJson, RepeatedField, UnreadableBody

BODY_BYTES_MAX = 64 * 1024
_DEPTH_MAX = 32


def read_strictly() -> str:
    """Refuse a body that could be read in two ways, and return the hash of what it says.

    Two bodies that say the same with other blanks or in another order have the same hash.
    Raises NotJson, UnreadableBody, RepeatedField.
    """
    if request.mimetype != "application/json":
        raise NotJson
    try:
        said = json.loads(
            request.get_data().decode("utf-8"),
            object_pairs_hook=_each_once,
            parse_constant=_not_a_number,
        )
        if _depth(said) > _DEPTH_MAX:
            raise UnreadableBody
        return hashlib.sha256(canonical({"body": said})).hexdigest()
    except (ValueError, RecursionError) as trouble:  # also half a surrogate pair, or a huge number
        raise UnreadableBody from trouble


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedField(field=next(name for name in names if names.count(name) > 1)[:60])
    return fields


def _not_a_number(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [part for whole in level for part in _parts(whole)]
    return depth


def _parts(whole: object) -> Iterator[object]:
    if isinstance(whole, dict):
        yield from whole.values()
    elif isinstance(whole, list):
        yield from whole

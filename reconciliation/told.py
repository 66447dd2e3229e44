"""What a confined reader tells of a file: pieces up to its ending, or why there is none."""

import json
import logging
from collections.abc import Iterator
from typing import cast

from core.confined import Confined
from core.refusals import Refusal
from reconciliation.frames import BrokenFrame, frames
from reconciliation.statements.refusals import DamagedFile, FileTooLarge

log = logging.getLogger(__name__)


def pieces(child: Confined) -> Iterator[tuple[bytes, bytes]]:
    """The frames of a child, the last of which is its ending (``E``).

    Raises the Refusal that it told of; FileTooLarge where it ran into a limit; DamagedFile where it
    died or failed otherwise.
    """
    has_ended = False
    try:
        for kind, payload in frames(child.answer):
            if kind == b"R":
                raise _refusal(json.loads(payload))
            if kind == b"X":
                log.error("a reader failed: %s", payload.decode(errors="replace"))
                raise DamagedFile
            yield kind, payload
            has_ended = kind == b"E"
    except (BrokenFrame, ValueError, TypeError, KeyError):
        has_ended = False
    if not has_ended:
        raise _reason_of_death(child)


def _reason_of_death(child: Confined) -> Refusal:
    if child.wanted_too_much:
        return FileTooLarge()
    log.warning("a reader was ended", extra={"status": child.death()})
    return DamagedFile()


def _refusal(told: dict[str, object]) -> Refusal:
    """The refusal that the child told of; one that nobody here knows is a damaged file."""
    details = cast(dict[str, object], told["details"])
    for kind in _kinds(Refusal):
        if getattr(kind, "code", None) == told["code"]:
            return kind(**details)
    return DamagedFile()


def _kinds(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from _kinds(narrower)

"""What a file that says it is a receipt turned out to be, before anybody asks our records."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class FileKind(StrEnum):
    """What a file is by its own bytes."""

    PDF = "pdf"
    SCAN = "scan"  # a PDF whose pages are pictures and hold no text
    PICTURE = "picture"
    LOCKED = "locked"  # a PDF that asks for a password
    DAMAGED = "damaged"  # begins like a PDF and cannot be read as one
    OTHER = "other"
    EMPTY = "empty"
    TOO_MUCH = "too_much"  # its reader ran into a limit


@dataclass(frozen=True, slots=True)
class SealFound:
    """The seal in a file, as the file itself proves it. ``signer`` is the name it claims."""

    covers_whole_file: bool
    has_later_revision: bool
    is_intact: bool
    is_trusted: bool
    signer: str | None
    signed_at: datetime | None  # UTC, as the signer says

    @property
    def holds(self) -> bool:
        """Whether a seal of ours covers every byte and none was changed."""
        return (
            self.is_intact
            and self.is_trusted
            and self.covers_whole_file
            and not self.has_later_revision
        )


@dataclass(frozen=True, slots=True)
class Examined:
    """A file as it is. ``earlier_ends``: the lengths in bytes at which it was complete before."""

    kind: FileKind
    title: str = ""
    earlier_ends: tuple[int, ...] = ()
    seal: SealFound | None = None

    def as_json(self) -> str:
        """The text that ``examined_from_json`` reads."""
        return json.dumps(asdict(self), default=datetime.isoformat)


def examined_from_json(text: str | bytes) -> Examined:
    """Read what ``Examined.as_json`` wrote. Raises ValueError, TypeError, KeyError."""
    told: dict[str, Any] = json.loads(text)
    seal = told["seal"]
    if seal is not None:
        moment = seal["signed_at"]
        seal = SealFound(**seal | {"signed_at": moment and datetime.fromisoformat(moment)})
    return Examined(
        FileKind(told["kind"]), str(told["title"]), tuple(map(int, told["earlier_ends"])), seal
    )

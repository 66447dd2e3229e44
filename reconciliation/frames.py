"""How the rows of a file travel from the process that parsed it: JSON in frames."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import BinaryIO

from pydantic_core import to_json

from reconciliation.chain import ChainRow, Ending

FRAME_BYTES_MAX = 256 << 20
_LENGTH_BYTES = 8


class BrokenFrame(Exception):
    """What came is no frame: its sender died in the middle of one."""


def frame(kind: bytes, payload: bytes) -> bytes:
    """One message: a letter, its length, what it says."""
    return kind + len(payload).to_bytes(_LENGTH_BYTES, "big") + payload


def frames(channel: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The messages until the channel ends. Raises BrokenFrame."""
    while kind := channel.read(1):
        length = int.from_bytes(channel.read(_LENGTH_BYTES), "big")
        if length > FRAME_BYTES_MAX:
            raise BrokenFrame
        payload = channel.read(length)
        if len(payload) != length:
            raise BrokenFrame
        yield kind, payload


def encoded_slice(rows: list[ChainRow]) -> bytes:
    """Some rows in the order of the file; fingerprints as hexadecimal digits."""
    return to_json(rows, bytes_mode="hex")


def encoded_ending(ending: Ending) -> bytes:
    """What is known once the last row was read."""
    return to_json(asdict(ending) | {"filled": list(ending.filled.items())}, bytes_mode="hex")

"""How the rows of a file travel from the process that parsed it: columns as JSON, in frames."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

from pydantic_core import from_json, to_json

from reconciliation.chain import ChainRow, ChainRows, Ending
from reconciliation.statements.contract import Balances

FRAME_BYTES_MAX = 256 << 20
_LENGTH_BYTES = 8
_FINGERPRINT_BYTES = 16
_FINGERPRINT = ChainRow._fields.index("fingerprint")


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


def encoded_slice(rows: ChainRows) -> bytes:
    """How many rows, and their columns in the order of the file; fingerprints as one text."""
    *columns, fingerprints = rows
    count = len(fingerprints).to_bytes(_LENGTH_BYTES, "big")
    return count + to_json([*columns, b"".join(fingerprints).hex()])


def count_in(encoded: bytes) -> int:
    """How many rows a slice has, which is told before they are."""
    return int.from_bytes(encoded[:_LENGTH_BYTES], "big")


def decoded_slice(encoded: bytes) -> ChainRows:
    """The same at the other end. Raises ValueError where it is not one."""
    *columns, digits = from_json(encoded[_LENGTH_BYTES:])
    joined = bytes.fromhex(digits)
    places = range(0, len(joined), _FINGERPRINT_BYTES)
    return ChainRows._make((*columns, [joined[at : at + _FINGERPRINT_BYTES] for at in places]))


def encoded_ending(ending: Ending) -> bytes:
    """What is known once the last row was read."""
    return to_json(asdict(ending) | {"filled": list(ending.filled.items())}, bytes_mode="hex")


def decoded_ending(encoded: bytes) -> Ending:
    """The same at the other end. Raises ValueError, TypeError, KeyError where it is not one."""
    values: dict[str, Any] = from_json(encoded)
    filled = {int(at): _row(row) for at, row in values.pop("filled")}
    return Ending(**values | {"balances": Balances(values["balances"]), "filled": filled})


def _row(values: list[Any]) -> ChainRow:
    values[_FINGERPRINT] = bytes.fromhex(values[_FINGERPRINT])
    return ChainRow._make(values)

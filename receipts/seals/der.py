"""The few words of ASN.1's distinguished encoding (X.690) that signatures are made of."""

from collections.abc import Iterator
from typing import NamedTuple

INTEGER, OCTETS, NULL, OID, TIME = 0x02, 0x04, 0x05, 0x06, 0x18
SEQUENCE, SET = 0x30, 0x31


class NotDer(ValueError):
    """Bytes that are not what they should be."""


class Node(NamedTuple):
    """One value: its tag, its content, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes

    @property
    def kids(self) -> list["Node"]:
        return list(_nodes(self.content))


def der(tag: int, *parts: bytes) -> bytes:
    """A value of a tag around its content."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def der_set(*members: bytes, tag: int = SET) -> bytes:
    """A set; its members stand in the order of their bytes."""
    return der(tag, *sorted(members))


def integer(number: int) -> bytes:
    return der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    return der(OID, b"".join(_base_128(number) for number in (40 * first + second, *rest)))


def read_der(content: bytes) -> Node:
    """The one value that these bytes are. Raises NotDer for anything else."""
    nodes = list(_nodes(content))
    if len(nodes) != 1:
        raise NotDer("not one value")
    return nodes[0]


def read_padded(content: bytes) -> Node:
    """The value at the start of bytes that end in zeros. Raises NotDer for anything else."""
    node = _node(content, 0)
    if content[len(node.whole) :].strip(b"\0"):
        raise NotDer("something stands behind the value")
    return node


def _nodes(content: bytes) -> Iterator[Node]:
    start = 0
    while start < len(content):
        node = _node(content, start)
        yield node
        start += len(node.whole)


def _node(content: bytes, start: int) -> Node:
    try:
        tag, length = content[start], content[start + 1]
    except IndexError:
        raise NotDer("the bytes end too early") from None
    body = start + 2
    if length & 0x80:
        size = length & 0x7F
        body += size
        length = int.from_bytes(content[body - size : body], "big")
        if not size or size > 4 or length < 0x80:
            raise NotDer("a length that DER does not write")
    if body + length > len(content):
        raise NotDer("the bytes end too early")
    return Node(tag, content[body : body + length], content[start : body + length])


def _base_128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))

"""Hand-written SOAP 1.1 envelopes, and the one value that Mellat's answers carry.

Why not a SOAP library: it loads the WSDL over the network at start, and an outage of that address
stops payments and confirmations alike. Six operations with fixed fields need no WSDL.
"""

import xml.parsers.expat
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


class UnreadableAnswer(ValueError):
    """What came back is not the answer of one operation."""


def envelope(namespace: str, operation: str, fields: Mapping[str, str]) -> bytes:
    """Write a call. The operation is in the namespace, its fields are not; their order counts."""
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        f' xmlns:n="{namespace}"><soapenv:Body>'
        f"<n:{operation}>{inside}</n:{operation}>"
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


def returned_text(body: bytes, operation: str) -> str:
    """Read the single ``<return>`` of an answer, whatever prefixes it wears.

    Refused: a DOCTYPE (it could name entities), a fault, another operation's answer, no or
    several returns.
    """
    seen = _Seen()
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = seen.start
    parser.EndElementHandler = seen.end
    parser.CharacterDataHandler = seen.text
    try:
        parser.Parse(body, True)  # noqa: FBT003  expat takes no keyword
    except (xml.parsers.expat.ExpatError, ValueError) as trouble:
        raise UnreadableAnswer(str(trouble)) from trouble
    if len(seen.returns) != 1 or f"{operation}Response" not in seen.elements:
        raise UnreadableAnswer("not one return of the operation we called")
    return seen.returns[0].strip()


@dataclass(slots=True)
class _Seen:
    elements: set[str] = field(default_factory=set)
    returns: list[str] = field(default_factory=list)
    is_inside: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        local_name = name.rpartition(" ")[2]
        self.elements.add(local_name)
        if local_name == "return":
            self.returns.append("")
            self.is_inside = True

    def end(self, name: str) -> None:
        self.is_inside = False

    def text(self, characters: str) -> None:
        if self.is_inside:
            self.returns[-1] += characters


def _refuse_doctype(*_details: object) -> None:
    raise UnreadableAnswer("an answer with a DOCTYPE is refused")

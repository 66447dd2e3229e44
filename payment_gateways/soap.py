"""Hand-written SOAP 1.1: envelopes in two styles, and what the answers to them carry.

Why not a SOAP library: it loads the WSDL over the network at start, and an outage of that address
stops payments and confirmations alike. A handful of operations with fixed fields needs no WSDL.

Mellat's fields stand outside the namespace and one ``<return>`` comes back; Parsian's stand inside
it, within one element, and the fields of a result element come back.
"""

import xml.parsers.expat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape

from payment_gateways.rest import GatewayAnswer
from payment_gateways.transport import Silence, Transport

HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


class UnreadableAnswer(ValueError):
    """What came back is not the answer of one operation."""


def envelope(namespace: str, operation: str, fields: Mapping[str, str]) -> bytes:
    """Write a call. The operation is in the namespace, its fields are not; their order counts."""
    inside = _elements(fields)
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        f' xmlns:n="{namespace}"><soapenv:Body>'
        f"<n:{operation}>{inside}</n:{operation}>"
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


def qualified_envelope(
    namespace: str, operation: str, holder: str, fields: Mapping[str, str]
) -> bytes:
    """Write a call whose fields are in the namespace too, all within one element."""
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<{operation} xmlns="{namespace}"><{holder}>{_elements(fields)}</{holder}></{operation}>'
        "</soap:Body></soap:Envelope>"
    ).encode()


def headers_of(namespace: str, operation: str) -> dict[str, str]:
    """The headers of a call to a service that finds its operation by ``SOAPAction``."""
    return {**HEADERS, "SOAPAction": f'"{namespace}/{operation}"'}


def call_soap(
    net: Transport,
    url: str,
    body: bytes,
    *,
    operation: str,
    headers: Mapping[str, str],
    read: Callable[[bytes, str], object],
) -> GatewayAnswer:
    """Send one SOAP call, once; only an answer with status 200 is read, by ``read``."""
    reply = net.call("POST", url, body, operation=operation, headers=headers)
    evidence = {"operation": operation}
    if isinstance(reply, Silence):
        return GatewayAnswer(0, evidence=evidence | {"silence": reply.why.value})
    evidence |= {"http_status": str(reply.status)}
    answer = GatewayAnswer(
        reply.status, evidence=evidence, retry_after_seconds=reply.retry_after_seconds
    )
    if reply.status != 200:
        return answer
    try:
        return replace(answer, content=read(reply.body, operation))
    except UnreadableAnswer as trouble:
        return replace(answer, evidence=evidence | {"unreadable": str(trouble)[:100]})


def returned_text(body: bytes, operation: str) -> str:
    """Read the single ``<return>`` of an answer, whatever prefixes it wears.

    Refused: a DOCTYPE (it could name entities), a fault, another operation's answer, no or
    several returns.
    """
    seen = _Seen()
    _parse(body, seen.start, seen.end, seen.text)
    if len(seen.returns) != 1 or f"{operation}Response" not in seen.elements:
        raise UnreadableAnswer("not one return of the operation we called")
    return seen.returns[0].strip()


def returned_fields(body: bytes, operation: str) -> Mapping[str, str]:
    """Read the fields of an answer's result element, whatever prefixes it wears.

    Refused: a DOCTYPE, a fault, another operation's answer, no or several results, and a field
    that comes twice.
    """
    seen = _SeenFields(("Envelope", "Body", f"{operation}Response", f"{operation}Result"))
    _parse(body, seen.start, seen.end, seen.text)
    if seen.results != 1:
        raise UnreadableAnswer("not one result of the operation we called")
    return {name: value.strip() for name, value in seen.fields.items()}


def _elements(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())


def _parse(
    body: bytes,
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(body, True)  # noqa: FBT003  expat takes no keyword
    # A LookupError tells of an encoding that nobody knows.
    except (xml.parsers.expat.ExpatError, ValueError, LookupError) as trouble:
        raise UnreadableAnswer(str(trouble)) from trouble


@dataclass(slots=True)
class _Seen:
    elements: set[str] = field(default_factory=set)
    returns: list[str] = field(default_factory=list)
    is_inside: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        local_name = _local(name)
        self.elements.add(local_name)
        if local_name == "return":
            self.returns.append("")
            self.is_inside = True

    def end(self, name: str) -> None:
        self.is_inside = False

    def text(self, characters: str) -> None:
        if self.is_inside:
            self.returns[-1] += characters


@dataclass(slots=True)
class _SeenFields:
    """Keeps the text of what stands right below one element."""

    way: tuple[str, ...]  # the names from the root to that element
    path: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    results: int = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.path.append(_local(name))
        if tuple(self.path) == self.way:
            self.results += 1
        elif self._is_in_a_field():
            if self.path[-1] in self.fields:
                raise UnreadableAnswer("a field that comes twice")
            self.fields[self.path[-1]] = ""

    def end(self, name: str) -> None:
        self.path.pop()

    def text(self, characters: str) -> None:
        if self._is_in_a_field():
            self.fields[self.path[-1]] += characters

    def _is_in_a_field(self) -> bool:
        return len(self.path) == len(self.way) + 1 and tuple(self.path[:-1]) == self.way


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse_doctype(*_details: object) -> None:
    raise UnreadableAnswer("an answer with a DOCTYPE is refused")

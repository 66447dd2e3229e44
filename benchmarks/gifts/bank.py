"""A bank that agrees to everything, quickly: the Mellat wire with a WSDL for those who want one.

    python -m benchmarks.gifts.bank PORT LATENCY_MS

It is no part of what is measured, so it must not be what is waited for: one process, no threads.
The RefId it gives out carries the order and the last part of the return address, so that the load
generator can play the donor's browser.
"""

import asyncio
import re
import sys

_CONTENT_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_OPERATION = re.compile(rb"<(?:\w+:)?(bp\w+Request)\b")
_FIELDS = ("orderId", "callBackUrl")
_OPERATIONS = {
    "bpPayRequest": (
        "terminalId:long userName:string userPassword:string orderId:long amount:long "
        "localDate:string localTime:string additionalData:string callBackUrl:string payerId:long"
    ),
    **dict.fromkeys(
        ("bpVerifyRequest", "bpSettleRequest", "bpInquiryRequest", "bpReversalRequest"),
        "terminalId:long userName:string userPassword:string orderId:long saleOrderId:long "
        "saleReferenceId:long",
    ),
}


class Donors(asyncio.Protocol):
    """One keep-alive connection from a shop."""

    latency_seconds = 0.0
    wsdl = b""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has arrived whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            found = _CONTENT_LENGTH.search(head)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            self._answer(self.wsdl if head.startswith(b"GET") else _soap(body))

    def _answer(self, body: bytes) -> None:
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        if self.latency_seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(self.latency_seconds, self._write, head.encode() + body)
        else:
            self._write(head.encode() + body)

    def _write(self, answer: bytes) -> None:
        if isinstance(self._transport, asyncio.Transport) and not self._transport.is_closing():
            self._transport.write(answer)


def _soap(body: bytes) -> bytes:
    found = _OPERATION.search(body)
    operation = found[1].decode() if found else "unknown"
    answer = "0"
    if operation == "bpPayRequest":
        order, address = (_field(body, name) for name in _FIELDS)
        answer = f"0,{order}K{address.rpartition('/')[2]}"
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<n:{operation}Response xmlns:n="http://interfaces.core.sw.bps.com/">'
        f"<return>{answer}</return></n:{operation}Response></soap:Body></soap:Envelope>"
    ).encode()


def _field(body: bytes, name: str) -> str:
    found = re.search(rf"<(?:\w+:)?{name}[^>]*>([^<]*)<".encode(), body)
    return found[1].decode() if found else ""


def _wsdl(port: int) -> bytes:
    elements, messages, operations, bindings = [], [], [], []
    for name, fields in _OPERATIONS.items():
        parts = "".join(
            '<xs:element name="{}" type="xs:{}" form="unqualified"/>'.format(*field.split(":"))
            for field in fields.split()
        )
        elements.append(
            f'<xs:element name="{name}"><xs:complexType><xs:sequence>{parts}</xs:sequence>'
            f'</xs:complexType></xs:element><xs:element name="{name}Response"><xs:complexType>'
            '<xs:sequence><xs:element name="return" type="xs:string" form="unqualified"/>'
            "</xs:sequence></xs:complexType></xs:element>"
        )
        messages.append(
            f'<w:message name="{name}"><w:part name="p" element="t:{name}"/></w:message>'
            f'<w:message name="{name}R"><w:part name="p" element="t:{name}Response"/></w:message>'
        )
        operations.append(
            f'<w:operation name="{name}"><w:input message="t:{name}"/>'
            f'<w:output message="t:{name}R"/></w:operation>'
        )
        bindings.append(
            f'<w:operation name="{name}"><s:operation soapAction=""/><w:input>'
            '<s:body use="literal"/></w:input><w:output><s:body use="literal"/></w:output>'
            "</w:operation>"
        )
    namespace = "http://interfaces.core.sw.bps.com/"
    return (
        '<?xml version="1.0"?><w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" '
        'xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" '
        f'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="{namespace}" '
        f'targetNamespace="{namespace}"><w:types><xs:schema targetNamespace="{namespace}">'
        f"{''.join(elements)}</xs:schema></w:types>{''.join(messages)}"
        f'<w:portType name="P">{"".join(operations)}</w:portType>'
        '<w:binding name="B" type="t:P"><s:binding '
        'transport="http://schemas.xmlsoap.org/soap/http" style="document"/>'
        f'{"".join(bindings)}</w:binding><w:service name="S"><w:port name="Q" binding="t:B">'
        f'<s:address location="http://127.0.0.1:{port}/pgwchannel/services/pgw"/></w:port>'
        "</w:service></w:definitions>"
    ).encode()


async def _serve(port: int) -> None:
    Donors.wsdl = _wsdl(port)
    server = await asyncio.get_running_loop().create_server(Donors, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    Donors.latency_seconds = int(sys.argv[2]) / 1000
    asyncio.run(_serve(int(sys.argv[1])))

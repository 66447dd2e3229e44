"""The XMP packet of a file: what it is called, when it was made, and what it claims to be."""

from collections.abc import Mapping
from datetime import date
from xml.sax.saxutils import escape

_PLAIN = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
}
_CLAIMED = {
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfuaid": "http://www.aiim.org/pdfua/ns/id/",
    "pdfaExtension": "http://www.aiim.org/pdfa/ns/extension/",
    "pdfaSchema": "http://www.aiim.org/pdfa/ns/schema#",
    "pdfaProperty": "http://www.aiim.org/pdfa/ns/property#",
}
# PDF/A knows no namespace of PDF/UA, so the file describes it, as ISO 19005-2, 6.6.2.3.3 asks.
_CLAIMS = (
    "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>"
    "<pdfuaid:part>1</pdfuaid:part>"
    '<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">'
    "<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>"
    f"<pdfaSchema:namespaceURI>{_CLAIMED['pdfuaid']}</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>"
    '<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">'
    "<pdfaProperty:name>part</pdfaProperty:name>"
    "<pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    "<pdfaProperty:category>internal</pdfaProperty:category>"
    "<pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>"
    "</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas>"
)


def claiming_packet(title: str, author: str, producer: str, day: date) -> bytes:
    """The packet of a file that claims PDF/A-2u and PDF/UA-1, made at midnight of a Tehran day."""
    return _packet(title, author, producer, day, _CLAIMED_NAMESPACES, _CLAIMS)


def plain_packet(title: str, author: str, producer: str, day: date) -> bytes:
    """The packet of a file that claims nothing, made at midnight of a Tehran day."""
    return _packet(title, author, producer, day, _PLAIN_NAMESPACES, "")


def _packet(
    title: str, author: str, producer: str, day: date, namespaces: str, claims: str
) -> bytes:
    moment = f"{day.isoformat()}T00:00:00+03:30"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {namespaces}>'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt>'
        f"</dc:title><dc:creator><rdf:Seq><rdf:li>{escape(author)}</rdf:li></rdf:Seq></dc:creator>"
        f"<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>"
        f"<pdf:Producer>{escape(producer)}</pdf:Producer>{claims}</rdf:Description>"
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _declared(namespaces: Mapping[str, str]) -> str:
    return " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in namespaces.items())


_PLAIN_NAMESPACES = _declared(_PLAIN)
_CLAIMED_NAMESPACES = _declared(_PLAIN | _CLAIMED)

"""The XMP packet of a file: what it is called, when it was made, which standards it keeps."""

from datetime import date
from xml.sax.saxutils import escape

_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in (
        ("dc", "http://purl.org/dc/elements/1.1/"),
        ("xmp", "http://ns.adobe.com/xap/1.0/"),
        ("pdf", "http://ns.adobe.com/pdf/1.3/"),
        ("pdfaid", "http://www.aiim.org/pdfa/ns/id/"),
        ("pdfuaid", "http://www.aiim.org/pdfua/ns/id/"),
    )
)
_EXTENSION_NAMESPACES = " ".join(
    f'xmlns:{prefix}="http://www.aiim.org/pdfa/ns/{path}"'
    for prefix, path in (
        ("pdfaExtension", "extension/"),
        ("pdfaSchema", "schema#"),
        ("pdfaProperty", "property#"),
    )
)
# PDF/A knows no PDF/UA, so the one property of PDF/UA must be explained in the packet itself.
_EXTENSION = (
    f'<rdf:Description rdf:about="" {_EXTENSION_NAMESPACES}><pdfaExtension:schemas><rdf:Bag>'
    '<rdf:li rdf:parseType="Resource">'
    "<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>"
    "<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
    '<rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>'
    "<pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    "<pdfaProperty:category>internal</pdfaProperty:category>"
    "<pdfaProperty:description>PDF/UA part</pdfaProperty:description></rdf:li>"
    "</rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)


def xmp_packet(title: str, author: str, producer: str, day: date) -> bytes:
    """The packet of a document made at midnight of a Tehran day."""
    moment = f"{day.isoformat()}T00:00:00+03:30"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {_NAMESPACES}>'
        "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>"
        "<pdfuaid:part>1</pdfuaid:part>"
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt>'
        f"</dc:title><dc:creator><rdf:Seq><rdf:li>{escape(author)}</rdf:li></rdf:Seq></dc:creator>"
        f"<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>"
        f"<pdf:Producer>{escape(producer)}</pdf:Producer></rdf:Description>"
        f'{_EXTENSION}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()

"""What a file must keep to be PDF/A-2u (ISO 19005-2) and PDF/UA-1 (ISO 14289-1), checked by us.

Not every rule of the two standards, but each that our writers could break: ``faults`` gives one
sentence for each breach, with the clause it breaks. A file it finds clean was found clean by the
open checker of the industry as well when the writers were designed; that one is in no registry.
"""

import io
import re
from collections.abc import Iterator

import pikepdf
from fontTools.ttLib import TTFont
from lxml import etree

from tests.receipts.conformance_tags import structure_faults

_FORBIDDEN_KEYS = {
    "/AA": "actions on events (A 6.5.2)",
    "/OpenAction": "actions on opening (A 6.5.2)",
    "/JS": "scripts (A 6.5.1)",
    "/XFA": "XFA forms (A 6.4.2)",
    "/EmbeddedFiles": "attachments, which part 2 wants to be PDF/A themselves (A 6.8)",
    "/OCProperties": "optional content (A 6.9)",
    "/Encrypt": "encryption (A 6.1.3)",
    "/FFilter": "streams in other files (A 6.1.7)",
    "/OPI": "OPI (A 6.2.9)",
    "/TR": "transfer functions (A 6.2.5)",
    "/SMask": "soft masks, which need a blending space (A 6.2.10)",
    "/ActualText": "replacement text, which readers turn around",
}
_ACTIONS = {"/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/JavaScript", "/SetState"}
_FILTERS = {"/FlateDecode"}
_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfuaid": "http://www.aiim.org/pdfua/ns/id/",
    "pdfaExtension": "http://www.aiim.org/pdfa/ns/extension/",
    "pdfaSchema": "http://www.aiim.org/pdfa/ns/schema#",
    "pdfaProperty": "http://www.aiim.org/pdfa/ns/property#",
}
_KNOWN_TO_PDFA = {_NAMESPACES[prefix] for prefix in ("rdf", "dc", "xmp", "pdf", "pdfaid")} | {
    _NAMESPACES[prefix] for prefix in ("pdfaExtension", "pdfaSchema", "pdfaProperty")
}
_WIDTH_TOLERANCE = 1.0  # thousandths of an em


def faults(pdf: bytes) -> list[str]:
    """Every breach found, in words; none for a file that keeps both standards."""
    found = list(_bytes_faults(pdf))
    try:
        with pikepdf.open(io.BytesIO(pdf)) as file:
            found += _object_faults(file)
            found += _catalog_faults(file)
            found += _metadata_faults(file)
            found += _colour_faults(file)
            found += _font_faults(file)
            found += structure_faults(file)
    except pikepdf.PdfError as trouble:
        found.append(f"cannot be read: {trouble}")
    return found


def _bytes_faults(pdf: bytes) -> Iterator[str]:
    if not re.match(rb"%PDF-1\.[4-7]\n%[\x80-\xff]{4}", pdf):
        yield "no header with a comment of four high bytes (A 6.1.2)"
    if not pdf.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield "something stands behind the end of the file (A 6.1.3)"
    for stream in re.finditer(rb"/Length (\d+)[^<>]*>>\s*stream(\r\n|\n|.)", pdf, re.DOTALL):
        end = stream.end() + int(stream[1])
        if stream[2] not in (b"\n", b"\r\n") or not re.match(
            rb"\r?\nendstream", pdf[end : end + 11]
        ):
            yield f"a stream at {stream.start()} is longer or shorter than it says (A 6.1.7)"


def _object_faults(file: pikepdf.Pdf) -> Iterator[str]:
    identity = file.trailer.get("/ID")
    if identity is None or len(identity) != 2 or not all(bytes(part) for part in identity):
        yield "the file has no identity (A 6.1.3)"
    if "/Encrypt" in file.trailer:
        yield f"forbidden: {_FORBIDDEN_KEYS['/Encrypt']}"
    for entry in file.objects:
        for inner in _dictionaries(entry):
            yield from _dictionary_faults(inner)


def _dictionaries(entry: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """A dictionary or stream and what stands in it directly."""
    if isinstance(entry, pikepdf.Array):
        for member in entry:
            if isinstance(member, pikepdf.Object) and not member.is_indirect:
                yield from _dictionaries(member)
    elif isinstance(entry, pikepdf.Dictionary | pikepdf.Stream):
        yield entry
        for _, member in entry.items():
            if isinstance(member, pikepdf.Object) and not member.is_indirect:
                yield from _dictionaries(member)


def _dictionary_faults(entry: pikepdf.Object) -> Iterator[str]:
    for key, why in _FORBIDDEN_KEYS.items():
        if key in entry:
            yield f"forbidden: {why}"
    if entry.get("/S") in _ACTIONS:
        yield f"forbidden action {entry.get('/S')} (A 6.5.1)"
    if isinstance(entry, pikepdf.Stream):
        used = entry.get("/Filter", pikepdf.Array())
        names = list(used) if isinstance(used, pikepdf.Array) else [used]
        if unknown := {str(name) for name in names} - _FILTERS:
            yield f"filters {', '.join(sorted(unknown))} (A 6.1.7)"
        if "/F" in entry:
            yield "forbidden: a stream in another file (A 6.1.7)"


def _catalog_faults(file: pikepdf.Pdf) -> Iterator[str]:
    root = file.Root
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", str(root.get("/Lang", ""))):
        yield "the document has no language (UA 7.2)"
    marked = root.get("/MarkInfo", {})
    if marked.get("/Marked") is not True or marked.get("/Suspects", False):
        yield "the file does not say that it is tagged (UA 7.1)"
    if root.get("/ViewerPreferences", {}).get("/DisplayDocTitle") is not True:
        yield "the window shows the name of the file and not its title (UA 7.1)"
    form = root.get("/AcroForm", {})
    if form.get("/NeedAppearances", False):
        yield "the form needs appearances (A 6.4.1)"
    if set(root.get("/Perms", {}).keys()) - {"/DocMDP", "/UR3"}:
        yield "permissions beyond those of a signature (A 6.1.12)"


def _metadata_faults(file: pikepdf.Pdf) -> Iterator[str]:
    stream = file.Root.get("/Metadata")
    if stream is None:
        yield "there are no metadata (A 6.6.2)"
        return
    if "/Filter" in stream:
        yield "the metadata are compressed, so simple programs cannot find them (A 6.6.2)"
    packet = stream.read_bytes()
    if not re.match(
        rb"<\?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"\?>", packet
    ):
        yield "the metadata do not begin as a packet of UTF-8 (A 6.6.2.1)"
    try:
        tree = etree.fromstring(packet, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError as trouble:
        yield f"the metadata are no XML: {trouble} (A 6.6.2.1)"
        return
    yield from _claim_faults(tree)
    yield from _information_faults(file, tree)


def _claim_faults(tree: etree._Element) -> Iterator[str]:
    def text(path: str) -> str:
        return "".join(tree.xpath(f"//{path}/text()", namespaces=_NAMESPACES))

    if (text("pdfaid:part"), text("pdfaid:conformance")) != ("2", "U"):
        yield "the file does not claim PDF/A-2u (A 6.6.4)"
    if text("pdfuaid:part") != "1":
        yield "the file does not claim PDF/UA-1 (UA 5)"
    if not text("dc:title/rdf:Alt/rdf:li").strip():
        yield "the document has no title (UA 7.1)"
    described = {
        (schema.findtext("pdfaSchema:namespaceURI", namespaces=_NAMESPACES), name.text)
        for schema in tree.iterfind(".//pdfaExtension:schemas/rdf:Bag/rdf:li", _NAMESPACES)
        for name in schema.iterfind(".//pdfaProperty:name", _NAMESPACES)
    }
    for element in tree.iterfind(".//rdf:Description/*", _NAMESPACES):
        name = etree.QName(element)
        if (
            name.namespace not in _KNOWN_TO_PDFA
            and (name.namespace, name.localname) not in described
        ):
            yield f"{name.localname} is described by no extension schema (A 6.6.2.3)"


def _information_faults(file: pikepdf.Pdf, tree: etree._Element) -> Iterator[str]:
    paths = {
        "/Title": "dc:title/rdf:Alt/rdf:li",
        "/Author": "dc:creator/rdf:Seq/rdf:li",
        "/Producer": "pdf:Producer",
        "/CreationDate": "xmp:CreateDate",
        "/ModDate": "xmp:ModifyDate",
    }
    for key, path in paths.items():
        said = str(file.docinfo.get(key, ""))
        told = "".join(tree.xpath(f"//{path}/text()", namespaces=_NAMESPACES))
        if key.endswith("Date"):
            said, told = (re.sub(r"\D", "", moment) for moment in (said, told))
        if said != told:
            yield f"{key} says {said!r}, the metadata {told!r} (A 6.6.3)"


def _colour_faults(file: pikepdf.Pdf) -> Iterator[str]:
    intents = list(file.Root.get("/OutputIntents", []))
    profiles = {
        intent["/DestOutputProfile"].objgen for intent in intents if "/DestOutputProfile" in intent
    }
    if not intents or len(profiles) != 1 or intents[0].get("/S") != "/GTS_PDFA1":
        yield "nothing says what the colours mean (A 6.2.3)"
        return
    profile = intents[0]["/DestOutputProfile"]
    content = profile.read_bytes()
    if content[36:40] != b"acsp" or content[16:20] != b"RGB " or profile.get("/N") != 3:
        yield "the output profile is none for red, green and blue (A 6.2.3)"
    for page in file.pages:
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name in ("k", "K"):
                yield "colours of printing ink without a profile of it (A 6.2.4.3)"
            if name in ("cs", "CS", "sh", "Do", "gs", "BI"):
                yield f"the operator {name} {operands!s}, which our files do not need"


def _font_faults(file: pikepdf.Pdf) -> Iterator[str]:
    shown: dict[tuple[int, int], set[int]] = {}
    fonts = {}
    for page in file.pages:
        named = page.get("/Resources", {}).get("/Font", {})
        for font, codes in _shown_codes(page, named):
            if font is None:
                yield "text in a font that is not among the resources (A 6.2.2)"
                continue
            fonts[font.objgen] = font
            shown.setdefault(font.objgen, set()).update(codes)
    for number, font in fonts.items():
        yield from (f"{font.get('/BaseFont')}: {fault}" for fault in _one_font(font, shown[number]))


def _shown_codes(
    page: pikepdf.Page, fonts: pikepdf.Object
) -> Iterator[tuple[pikepdf.Object | None, set[int]]]:
    font = None
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "Tf":
            font = fonts.get(str(operands[0]))
        if str(operator) in ("Tj", "TJ"):
            parts = operands[0] if str(operator) == "TJ" else operands
            codes = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
            yield font, {int.from_bytes(codes[i : i + 2], "big") for i in range(0, len(codes), 2)}


def _one_font(font: pikepdf.Object, shown: set[int]) -> Iterator[str]:
    if font.get("/Subtype") != "/Type0" or font.get("/Encoding") != "/Identity-H":
        yield "not a composite font with codes of two bytes"
        return
    descendant = font["/DescendantFonts"][0]
    descriptor = descendant["/FontDescriptor"]
    if "/FontFile2" not in descriptor:
        yield "not embedded (A 6.2.11.4)"
        return
    names = {
        str(part[key])
        for part, key in ((font, "/BaseFont"), (descendant, "/BaseFont"), (descriptor, "/FontName"))
    }
    if len(names) != 1 or not re.match(r"/[A-Z]{6}\+", names.pop()):
        yield "a subset without one name of its own (A 6.2.11.2)"
    characters = _to_unicode(font)
    if missing := shown - characters.keys():
        yield f"codes {sorted(missing)[:5]} have no character (A 6.2.11.7)"
    if {
        code for code in shown & characters.keys() if characters[code] in ("\0", "\ufeff", "\ufffe")
    }:
        yield "codes stand for no real character (A 6.2.11.7.2)"
    if "/CIDToGIDMap" not in descendant:
        yield "nothing says which glyph a code is (A 6.2.11.3.2)"
        return
    yield from _program_faults(descendant, descriptor, shown)


def _program_faults(
    descendant: pikepdf.Object, descriptor: pikepdf.Object, shown: set[int]
) -> Iterator[str]:
    glyph_of = descendant["/CIDToGIDMap"].read_bytes()
    program = TTFont(io.BytesIO(descriptor["/FontFile2"].read_bytes()))
    order, metrics, scale = (
        program.getGlyphOrder(),
        program["hmtx"],
        1000 / program["head"].unitsPerEm,
    )
    widths = _widths(descendant)
    for code in sorted(shown):
        glyph = int.from_bytes(glyph_of[2 * code : 2 * code + 2], "big")
        if not 0 < glyph < len(order):
            yield f"code {code} shows the missing glyph (A 6.2.11.8)"
        elif abs(metrics[order[glyph]][0] * scale - widths.get(code, 0)) > _WIDTH_TOLERANCE:
            yield f"code {code} has another width in the program (A 6.2.11.5)"


def _widths(descendant: pikepdf.Object) -> dict[int, float]:
    entries = list(descendant.get("/W", []))
    return {
        int(first) + place: float(width)
        for first, widths in zip(entries[::2], entries[1::2], strict=True)
        for place, width in enumerate(widths)
    }


def _to_unicode(font: pikepdf.Object) -> dict[int, str]:
    if "/ToUnicode" not in font:
        return {}
    pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n", font["/ToUnicode"].read_bytes() + b"\n")
    return {
        int(code, 16): bytes.fromhex(character.decode()).decode("utf-16-be")
        for code, character in pairs
        if len(character) >= 4
    }

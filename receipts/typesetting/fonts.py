"""The two faces receipts are set in: files, HarfBuzz shaping, metrics and subsets.

The files come from the npm package ``vazirmatn`` at set-up (OFL). Their hashes are pinned, because
another version of the font would silently give every stored receipt other bytes.
"""

import hashlib
import struct
from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

try:
    import uharfbuzz as hb
except ImportError as missing:  # never fall back: every other way prints Persian wrongly
    raise ImportError(
        "uharfbuzz is not installed; run: make setup"
        " / کتابخانهٔ شکل‌دهی حروف (uharfbuzz) نصب نیست؛ make setup را اجرا کنید"
    ) from missing

FONT_FOLDER = Path(__file__).parents[2] / "static" / "vendor" / "fonts"
ZWNJ = "\u200c"
_DROPPED_TABLES = (
    *("GSUB", "GPOS", "GDEF", "name", "OS/2", "post", "DSIG", "STAT", "gasp", "fpgm", "prep"),
    *("cvt ", "cmap"),
)


class FontsMissing(RuntimeError):
    """The font files are not there, or are not the pinned ones; said in English and Persian."""


class Weight(StrEnum):
    """The faces by their name in a page's resources."""

    REGULAR = "VR"
    BOLD = "VB"

    __hash__ = str.__hash__  # Enum's own is Python code, and faces are in the key of every cache


class FontFile(NamedTuple):
    """A pinned file: its PostScript name, its hash, its stem width in thousandths of an em."""

    postscript_name: str
    sha256: str
    stem: int


FILES = {
    Weight.REGULAR: FontFile(
        "Vazirmatn-Regular",
        "b69fd4c680b8f3f225feabcc655a2c585d97627b8f5f5c0f9985e894069f3a56",
        80,
    ),
    Weight.BOLD: FontFile(
        "Vazirmatn-Bold",
        "f635fdbea28f265de395ba83b4b1570dcf2f58d13c65469e61903b1c2d2ae723",
        120,
    ),
}


class Glyph(NamedTuple):
    """One glyph in visual order; lengths in thousandths of an em."""

    glyph_id: int
    cluster: int  # the character it begins with, as a position in the text
    advance: float
    x_offset: float
    y_offset: float


class Metrics(NamedTuple):
    """What a PDF font descriptor asks for, in thousandths of an em."""

    ascent: int
    descent: int
    cap_height: int
    box: tuple[int, int, int, int]


class Face:
    """One opened font file."""

    def __init__(self, file: FontFile, folder: Path) -> None:
        self.postscript_name = file.postscript_name
        self.stem = file.stem
        self._face: Any = hb.Face(hb.Blob(_read(folder / f"{file.postscript_name}.ttf", file)))
        self._font: Any = hb.Font(self._face)
        self._scale = 1000 / self._face.upem
        self.zwnj_glyph: int = self._font.get_nominal_glyph(ord(ZWNJ))
        self.metrics = self._metrics()

    def has(self, character: str) -> bool:
        return bool(self._font.get_nominal_glyph(ord(character)))

    def advance(self, glyph_id: int) -> float:
        return float(self._font.get_glyph_h_advance(glyph_id) * self._scale)

    def shape(self, text: str, *, is_rtl: bool) -> list[Glyph]:
        """The glyphs of a run of one direction, from left to right."""
        buffer: Any = hb.Buffer()
        buffer.add_str(text)
        buffer.direction = "rtl" if is_rtl else "ltr"
        buffer.script = "Arab" if is_rtl else "Latn"
        buffer.language = "fa"
        buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
        buffer.invisible_glyph = self.zwnj_glyph  # so that ZWNJ can be copied and searched
        hb.shape(self._font, buffer, {})
        scale = self._scale
        return [
            Glyph(
                info.codepoint,
                info.cluster,
                place.x_advance * scale,
                place.x_offset * scale,
                place.y_offset * scale,
            )
            for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
        ]

    def subset(self, glyph_ids: Collection[int]) -> tuple[bytes, Mapping[int, int]]:
        """A TrueType program of these glyphs alone, and the new number of each."""
        wanted: Any = hb.SubsetInput()
        wanted.sets(hb.SubsetInputSets.GLYPH_INDEX).update(glyph_ids)
        wanted.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(
            int.from_bytes(tag.encode(), "big") for tag in _DROPPED_TABLES
        )
        flags = hb.SubsetFlags
        wanted.flags = flags.NO_HINTING | flags.NOTDEF_OUTLINE | flags.NO_LAYOUT_CLOSURE
        plan: Any = hb.SubsetPlan(self._face, wanted)
        return bytes(plan.execute().blob.data), dict(plan.old_to_new_glyph_mapping)

    def outline(self, glyph_id: int, pen: object) -> None:
        """Draw the glyph's contour with a pen that has the methods of fontTools' pens."""
        self._font.draw_glyph_with_pen(glyph_id, pen)

    @property
    def units_per_em(self) -> int:
        return int(self._face.upem)

    def _metrics(self) -> Metrics:
        head = bytes(self._face.reference_table("head").data)
        os2 = bytes(self._face.reference_table("OS/2").data)
        extents = self._font.get_font_extents("ltr")
        (cap_height,) = struct.unpack_from(">h", os2, 88)
        box = (round(edge * self._scale) for edge in struct.unpack_from(">4h", head, 36))
        left, bottom, right, top = box
        return Metrics(
            round(extents.ascender * self._scale),
            round(extents.descender * self._scale),
            round(cap_height * self._scale),
            (left, bottom, right, top),
        )


@cache
def face(weight: Weight, folder: Path = FONT_FOLDER) -> Face:
    """The face of a weight, opened once. Raises FontsMissing with the command to run."""
    return Face(FILES[weight], folder)


def _read(path: Path, file: FontFile) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError as missing:
        raise FontsMissing(
            f"{path} is missing; run: make setup / قلم رسیدها نیست؛ make setup را اجرا کنید"
        ) from missing
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise FontsMissing(
            f"{path} is not the pinned version; run: make setup"
            " / قلم رسیدها نسخهٔ تعیین‌شده نیست؛ make setup را اجرا کنید"
        )
    return content

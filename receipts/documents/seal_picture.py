"""The picture of a seal: dots of one colour, as a rubber stamp leaves them.

A picture is brought to dots when it is handed in, so that a document carries no image and looks
alike in every reader. It is kept as text: width, a colon, and the packed dots in Base64.
"""

import base64
import zlib
from functools import lru_cache
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from core.refusals import Refusal

BYTES_MAX = 1 << 20
_SIDE = 160  # dots along the longer side: 185 a inch at the size it is printed
_PIXELS_MAX = 20_000_000
_FORMATS = ("PNG", "JPEG")
_DARK = 140  # of 255; what is darker is ink


class UnusableSeal(Refusal):
    """A file that is no picture of a seal: not PNG or JPEG, too large, or without any ink."""

    code = "receipt.unusable_seal"
    http_status = 422
    field = "seal"


def seal_text(picture: bytes) -> str:
    """Bring a picture to dots, as the text that is kept. Raises UnusableSeal."""
    if len(picture) > BYTES_MAX:
        raise UnusableSeal
    dots = _dots(picture)
    ink = dots.getbbox()
    if ink is None:
        raise UnusableSeal
    dots = dots.crop(ink)
    dots.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    ink_only = dots.point(lambda value: 255 * (value >= _DARK)).convert("1")
    packed = zlib.compress(ink_only.tobytes(), 9)
    return f"{dots.width}:{base64.b64encode(packed).decode()}"


@lru_cache(maxsize=16)
def seal_rows(text: str) -> tuple[str, ...]:
    """The dots from the top row down, 1 for ink."""
    width, packed = text.split(":")
    columns = int(width)
    rows = zlib.decompress(base64.b64decode(packed))
    stride = (columns + 7) // 8
    return tuple(
        f"{int.from_bytes(rows[start : start + stride]):0{8 * stride}b}"[:columns]
        for start in range(0, len(rows), stride)
    )


def _dots(picture: bytes) -> Image.Image:
    """The ink of a picture as grey: white where the stamp is, black where the paper is."""
    try:
        with Image.open(BytesIO(picture), formats=_FORMATS) as opened:
            if opened.width * opened.height > _PIXELS_MAX:
                raise UnusableSeal
            drawn = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as broken:
        raise UnusableSeal from broken
    paper = Image.new("RGBA", drawn.size, "white")
    paper.alpha_composite(drawn)
    return paper.convert("L").point(lambda value: 255 - value)

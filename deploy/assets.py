"""The front-end assets: what the npm packages hold, brought to the places the pages read.

The web font is cut to what Persian pages show: Persian letters, Persian and Latin digits and the
marks between them, weights 400 to 700. Without Latin letters it is 24 KB instead of 109; English
pages use the fonts of the device. The whole fonts stay beside it for the receipts.
"""

import shutil
import sys
from io import BytesIO
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
FONTS = VENDOR / "fonts"

COPIES = {
    "vazirmatn/fonts/ttf/Vazirmatn-Regular.ttf": FONTS / "Vazirmatn-Regular.ttf",
    "vazirmatn/fonts/ttf/Vazirmatn-Bold.ttf": FONTS / "Vazirmatn-Bold.ttf",
    "vazirmatn/OFL.txt": FONTS / "OFL.txt",
    "htmx.org/dist/htmx.min.js": VENDOR / "htmx.min.js",
}
VARIABLE_FONT = "vazirmatn/fonts/variable/Vazirmatn[wght].ttf"
WEB_FONT = FONTS / "vazirmatn-fa.woff2"
WEB_FONT_BYTES_MAX = 30 * 1024

LETTERS = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژکگۀی"
VOWEL_MARKS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0654\u0670"
JOINERS_AND_DIRECTIONS = "\u200c\u200d\u200e\u200f"
DIGITS = "0123456789۰۱۲۳۴۵۶۷۸۹"
MARKS = " \u00a0!()[]/:.-+%*=«»،؛؟…٪٫٬×·–—−•←→✓✕﷼"
FEATURES = ["ccmp", "locl", "isol", "init", "medi", "fina", "rlig", "calt", "liga", "tnum"]
FEATURES += ["mark", "mkmk", "kern"]


def web_font(source: Path) -> bytes:
    """The variable font cut to Persian pages, as WOFF2."""
    font = instantiateVariableFont(TTFont(source), {"wght": (400, 700)})
    whole = BytesIO()
    font.save(whole)
    whole.seek(0)
    small = TTFont(whole, recalcTimestamp=False)
    options = Options(layout_features=FEATURES, hinting=False)
    cutter = Subsetter(options)
    cutter.populate(text=LETTERS + VOWEL_MARKS + JOINERS_AND_DIRECTIONS + DIGITS + MARKS)
    cutter.subset(small)
    small.flavor = "woff2"
    packed = BytesIO()
    small.save(packed)
    return packed.getvalue()


def main() -> int:
    FONTS.mkdir(parents=True, exist_ok=True)
    for source, target in COPIES.items():
        shutil.copyfile(MODULES / source, target)
    font = web_font(MODULES / VARIABLE_FONT)
    if len(font) > WEB_FONT_BYTES_MAX:
        print(f"the web font has {len(font)} bytes; {WEB_FONT_BYTES_MAX} are allowed")
        return 1
    WEB_FONT.write_bytes(font)
    return 0


if __name__ == "__main__":
    sys.exit(main())

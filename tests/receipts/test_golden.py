"""Every document looks as it did when somebody last looked at it.

Pictures are small and compared with a tolerance. After a change that is meant, look at new ones:

    python -m tests.receipts.test_golden
"""

from pathlib import Path

import pytest
from PIL import Image, ImageChops

from receipts.pdf.writing import write_pdf
from tests.receipts.documents import documents
from tests.receipts.drawn import raster

GOLDEN = Path(__file__).parent / "golden"
DOTS_PER_INCH = 60
SHADES = 16
UNLIKE = 48  # of 255: a dot that differs by more is another one, not another smoothing
ALLOWED = 0.001  # of all dots


def picture(document):
    return raster(write_pdf(*document), DOTS_PER_INCH).convert("RGB")


def share_of_other_dots(ours, golden):
    """How many of all dots differ by more than smoothing does."""
    difference = ImageChops.difference(ours, golden).convert("L")
    unlike = difference.point(lambda value: 255 * (value > UNLIKE)).histogram()[255]
    return unlike / (ours.width * ours.height)


@pytest.mark.parametrize("name", documents())
def test_a_document_looks_as_it_did(name):
    ours = picture(documents()[name])
    golden = Image.open(GOLDEN / f"{name}.png").convert("RGB")

    assert ours.size == golden.size
    assert share_of_other_dots(ours, golden) <= ALLOWED


def test_there_is_no_picture_of_a_document_that_is_gone():
    assert {path.stem for path in GOLDEN.glob("*.png")} == set(documents())


def test_another_word_is_seen():
    ours, other = (picture(documents()[name]) for name in ("thanks-fa", "certificate-fa"))

    assert share_of_other_dots(ours, other) > ALLOWED


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for path in GOLDEN.glob("*.png"):
        path.unlink()
    for name, document in documents().items():
        shown = picture(document).quantize(SHADES, dither=Image.Dither.NONE)
        shown.save(GOLDEN / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()

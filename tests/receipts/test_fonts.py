"""Fonts and shaping are there, are the pinned ones, or the program says what to run."""

import subprocess
import sys

import pytest

from receipts.typesetting.fonts import FILES, FONT_FOLDER, FontsMissing, Weight, face


def test_a_missing_font_names_the_command_to_run(tmp_path):
    with pytest.raises(FontsMissing, match="make setup"):
        face(Weight.REGULAR, tmp_path)


def test_another_version_of_the_font_is_not_used(tmp_path):
    name = f"{FILES[Weight.BOLD].postscript_name}.ttf"
    content = bytearray((FONT_FOLDER / name).read_bytes())
    content[-1] ^= 1
    (tmp_path / name).write_bytes(content)

    with pytest.raises(FontsMissing, match="pinned version; run: make setup"):
        face(Weight.BOLD, tmp_path)


def test_without_the_shaper_nothing_is_drawn():
    program = "import sys; sys.modules['uharfbuzz'] = None; import receipts.documents.layouts"

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert ended.returncode != 0
    assert "make setup" in ended.stderr


@pytest.mark.parametrize("weight", Weight)
def test_a_subset_holds_only_what_is_asked_for(weight):
    opened = face(weight)
    glyphs = {glyph.glyph_id for glyph in opened.shape("سلام", is_rtl=True)}

    program, new_glyph = opened.subset(glyphs)

    assert set(new_glyph) == glyphs | {0}
    assert len(program) < 10_000

"""A program that could only print wrong receipts does not start."""

import os
import subprocess
import sys

import pytest

from core.settings import ROOT

START = "from core.settings import read_settings; from web.app import create_app"


def started(tmp_path, before="", **environment):
    return subprocess.run(
        [sys.executable, "-c", f"{before}\n{START}\ncreate_app(read_settings())"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "INSTANCE_DIR": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
        }
        | environment,
    )


def test_with_everything_there_it_starts(tmp_path):
    assert started(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("import sys; sys.modules['uharfbuzz'] = None", "uharfbuzz is not installed"),
        (
            "import pathlib, receipts.typesetting.fonts as fonts\n"
            "fonts.face.__wrapped__.__defaults__ = (pathlib.Path('/nowhere'),)",
            "Vazirmatn-Regular.ttf is missing",
        ),
    ],
    ids=["shaper", "font"],
)
def test_without_shaper_or_font_it_says_what_to_run_in_both_languages(tmp_path, before, told):
    ended = started(tmp_path, before)

    assert ended.returncode != 0
    assert told in ended.stderr
    assert "run: make setup" in ended.stderr
    assert "make setup را اجرا کنید" in ended.stderr


def test_with_a_sealing_key_that_cannot_be_read_it_does_not_start(tmp_path):
    ended = started(tmp_path, SEAL_KEY_FILE=str(tmp_path / "nowhere.p12"))

    assert ended.returncode != 0
    assert "SealUnreadable" in ended.stderr
    assert "پروندهٔ کلید خوانده نمی‌شود" in ended.stderr

"""Each limit of a confined process, alone: the others are wide, so that none stands in for it."""

import json
import os
import tempfile
import textwrap
import time
from dataclasses import asdict

import pytest

from core.confined import Limits, confined

WIDE = {"memory_bytes": 1 << 31, "processor_seconds": 60, "wall_seconds": 60, "open_files": 256}
BEGINNING = """
import json, os, sys, tempfile, time
from core.confined import keep_within
keep_within(json.loads(sys.argv[1]))
"""


@pytest.fixture
def answered(monkeypatch, tmp_path):
    """Runs some lines in a confined process: what they printed, and whether a limit ended them."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(lines, **limits):
        (tmp_path / "confined_lines.py").write_text(BEGINNING + textwrap.dedent(lines))
        limits = Limits(**WIDE | limits)
        with tempfile.TemporaryFile() as file:
            request = json.dumps(asdict(limits))
            with confined("confined_lines", request, file, limits) as child:
                return child.answer.read().decode().split(), child.wanted_too_much

    return run


def test_memory_ends(answered):
    lines = """
        try:
            bytearray(400 << 20)
        except MemoryError:
            print("refused")
        """
    assert answered(lines, memory_bytes=300 << 20) == (["refused"], False)
    assert answered(lines) == ([], False)


def test_processor_time_ends_before_the_clock_does(answered):
    begun = time.monotonic()

    assert answered("while True: pass", processor_seconds=1) == ([], True)
    assert time.monotonic() - begun < WIDE["wall_seconds"] / 2


def test_a_process_that_only_waits_is_ended_by_the_clock(answered):
    assert answered("time.sleep(60)", wall_seconds=1) == ([], True)


def test_only_so_many_files_are_opened(answered):
    lines = """
        try:
            held = [os.open("/dev/null", os.O_RDONLY) for _ in range(60)]
        except OSError:
            print("refused")
        """
    assert answered(lines, open_files=32) == (["refused"], False)
    assert answered(lines) == ([], False)


def test_nothing_is_written_to_disk(answered):
    lines = """
        try:
            with tempfile.TemporaryFile() as file:
                file.write(b"x" * 100_000)
        except OSError:
            print("refused")
        """
    assert answered(lines) == (["refused"], False)


def test_no_secret_is_handed_on(answered, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "x" * 40)

    names, _ended = answered("print(*sorted(os.environ))")
    assert set(names) <= {"PYTHONPATH", "PYTHONUTF8", "LANG", "LC_CTYPE"}


@pytest.mark.usefixtures("answered")  # which lets modules of the folder be found
def test_nothing_is_left_running(tmp_path):
    (tmp_path / "confined_waits.py").write_text(
        "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n"
    )
    with tempfile.TemporaryFile() as file:
        with confined("confined_waits", "", file, Limits(**WIDE)) as child:
            pid = int(child.answer.readline())
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

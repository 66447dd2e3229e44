"""Bidi levels equal the oracle's, and the traps of codes in Persian lines are closed."""

import random
from unicodedata import bidirectional

import bidi
import pytest

from core.digits import isolate
from receipts.typesetting.bidi import LTR, RTL, level_runs, levels, line_levels, visual_runs

LETTERS = "ابپتثجچحخدذرزژآیکلمن۱۲۳۴۵۶٠١٢٣789012abcdefGHIJ-+/.,:٬٫٪%#*«»$\u200c\u064b\u064e _&!"
BRACKETS = "()[]{}⟨⟩⦍⦐⸨⸩〈〉\u2329\u232a"
ISOLATES = "\u2066\u2067\u2068\u2069\u2069"
EMBEDDINGS = "\u202a\u202b\u202c\u202d\u202e"
COMPARED = 100_000  # lines, over all pools and both directions
NOT_SHOWN = {"BN", "LRI", "RLI", "FSI", "PDI", "RLE", "LRE", "RLO", "LRO", "PDF"}


def visual(text, base=RTL):
    found = levels(text, base)
    order = []
    for start, end, level in visual_runs(line_levels(text, found, base, 0, len(text))):
        order += range(end - 1, start - 1, -1) if level & 1 else range(start, end)
    return without_controls("".join(text[i] for i in order))


def without_controls(text):
    return "".join(c for c in text if bidirectional(c) not in NOT_SHOWN)


# The oracle is wrong in two places, each shown by ICU: it looks backwards through an isolate in the
# wrong order for the context of brackets, and leaves out rule L1 where nothing runs to the left. So
# brackets and isolates are compared apart, and such lines not at all.
@pytest.mark.parametrize(
    "pool",
    [LETTERS + BRACKETS * 2, LETTERS + ISOLATES * 3, LETTERS + EMBEDDINGS + ISOLATES],
    ids=["brackets", "isolates", "embeddings"],
)
@pytest.mark.parametrize("base", [LTR, RTL], ids=["left to right", "right to left"])
def test_random_lines_are_ordered_as_python_bidi_orders_them(pool, base):
    random_lines = random.Random(1404)
    compared = 0

    while compared < COMPARED / 6:
        text = "".join(random_lines.sample(pool, random_lines.randint(1, 22)))
        if not any(level & 1 for level in levels(text, base)):
            continue
        expected = without_controls(bidi.get_display(text, base_dir="LR"[base]))
        assert visual(text, base) == expected, ascii(text)
        compared += 1


# Texts on which python-bidi and ICU differ, with ICU's order.
@pytest.mark.parametrize(
    ("text", "base", "expected"),
    [
        (
            "2\u06f3\u0645\t\u066b-\u2068\u0663\u062c\u0646\u27e8\u232a\u2069{\u067e}",
            LTR,
            "2\u06f3\u0645\t}\u067e{\u232a\u27e8\u0646\u062c\u0663-\u066b",
        ),
        (
            "\u2990\u27e8J\u0631\u2068[c\u062a!\u2069\u2e28\u0627\u2e29\u06cc\u06222%\u232a",
            LTR,
            "\u2990\u27e8J2\u0622\u06cc\u2e29\u0627\u2e28[c\u062a!\u0631%\u232a",
        ),
    ],
)
def test_brackets_take_their_context_from_outside_an_isolate(text, base, expected):
    assert visual(text, base) == expected


TRAPS = [
    "1403-07-000123",
    "2025-10-13",
    "021-12345678",
    "610433******1234",
    "+98 912 000 0000",
    "1 000 000",
    "AB_12",
    "-15",
    "50%",
]


@pytest.mark.parametrize("code", TRAPS)
def test_an_isolated_code_reads_as_it_is_written(code):
    line = visual(f"شمارهٔ کارت {isolate(code)} است")

    assert code in line


@pytest.mark.parametrize("code", [code for code in TRAPS if code != "AB_12"])
def test_the_same_code_without_isolation_is_torn_apart(code):
    line = visual(f"شمارهٔ کارت {code} است")

    assert code not in line


@pytest.mark.parametrize(
    "text", ["1403/12/30", "14:05", "1,000,000", "۱٬۰۰۰٬۰۰۰", "12.5", "90190/7", "۹۰۱۹۰", "IR0601"]
)
def test_what_is_safe_stays_whole_without_isolation(text):
    assert text in visual(f"حساب {text} است")


def test_levels_of_a_line_fall_back_to_the_paragraph_at_its_end():
    text = "حساب abc  "
    found = levels(text, RTL)

    assert line_levels(text, found, RTL, 0, len(text))[-2:] == bytes([RTL, RTL])
    assert [run.level for run in level_runs(found)] == [1, 2, 1]


def test_an_isolate_left_open_is_resolved_too():
    assert visual("ab \u2067ج 12", LTR) == "ab 12 ج"


@pytest.mark.parametrize(
    ("text", "base", "expected"),
    [("۲٬۵۰۰", LTR, [0, 2, 0, 0, 0]), ("۲٬۵۰۰", RTL, [2, 2, 2, 2, 2]), ("٢٥", LTR, [2, 2])],
)
def test_figures_have_the_levels_of_the_standard(text, base, expected):
    assert list(levels(text, base)) == expected

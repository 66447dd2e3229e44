"""What a browser brings back: read whatever it is, in any form, and never believed."""

import json
import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payment_gateways.contract import Claim, Hint
from payment_gateways.kit.bench import Bench

Fields = Mapping[str, str]
CASES: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "small": str.lower,
    "capital": str.upper,
    "swapped": str.swapcase,
}
ODD_VALUES = (
    "",
    "\x00",
    "0",
    "-1",
    "NaN",
    "9" * 400,
    "۱۲۳",
    "null",
    "[]",
    "<script>",
    "' OR 1=1 --",
    "\ud800",
    "x" * 1_000_000,
)


def brought(bench: Bench, do: str = "pay") -> Fields:
    """The fields of a true return, wherever they stand."""
    back = bench.play(bench.start(), do)
    query = dict(parse_qsl(urlsplit(back.url).query, keep_blank_values=True))
    query.pop("lang", None)  # our own
    return {**query, **back.fields}


@pytest.mark.case(32)
def test_whatever_a_browser_brings_is_read_without_an_error(bench: Bench) -> None:
    names = [name for field in brought(bench) for name in (field, field.lower())]
    fields = st.dictionaries(st.sampled_from([*names, "x", ""]), st.text(max_size=50))
    bench.journal.clear()

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(query=fields, form=fields, body=st.binary(max_size=50))
    def read(query: Fields, form: Fields, body: bytes) -> None:
        hint = bench.adapter.read_return("POST", query, form, body)
        assert isinstance(hint, Hint)
        assert hint.bank_reference is None or hint.bank_reference.isascii()

    read()

    assert bench.journal == [], "reading what a browser brings calls nobody"


@pytest.mark.case(32)
@pytest.mark.parametrize("value", ODD_VALUES, ids=range(len(ODD_VALUES)))
def test_an_odd_value_in_any_field_is_read(bench: Bench, value: str) -> None:
    true = brought(bench)

    for name in true:
        hint = bench.adapter.read_return("POST", {}, {**true, name: value}, b"")
        assert isinstance(hint, Hint)
        assert isinstance(hint.claim, Claim)


@pytest.mark.case(32)
def test_reading_depends_on_nothing_else(bench: Bench) -> None:
    true = brought(bench)

    hints = [bench.adapter.read_return("POST", {}, true, b"") for _ in range(2)]
    hints.append(bench.reopened().adapter.read_return("POST", {}, true, b""))

    assert hints[0] == hints[1] == hints[2]


@pytest.mark.case(33)
@pytest.mark.parametrize("written", CASES)
@pytest.mark.parametrize("do", ["pay", "cancel"])
def test_a_return_is_read_by_get_and_by_post_in_any_case(
    bench: Bench, written: str, do: str
) -> None:
    true = {CASES[written](name): value for name, value in brought(bench, do).items()}

    by_get = bench.adapter.read_return("GET", true, {}, b"")
    by_post = bench.adapter.read_return("POST", {}, true, b"")

    assert by_get == by_post
    assert (by_get.claim is Claim.PAID) == (do == "pay")
    assert by_get.token or by_get.order_number


@pytest.mark.case(33)
def test_a_return_in_json_is_read_or_left_alone(bench: Bench) -> None:
    true = brought(bench)
    body = json.dumps(true).encode()

    hint = bench.adapter.read_return("POST", {}, {}, body)

    as_form = bench.adapter.read_return("POST", {}, true, b"")
    nothing = bench.adapter.read_return("POST", {}, {}, b"")
    assert hint in {as_form, nothing} or hint.claim is as_form.claim


@pytest.mark.case(34)
def test_a_return_that_contradicts_itself_does_not_confuse(bench: Bench) -> None:
    one, other = brought(bench), brought(bench)

    hint = bench.adapter.read_return("POST", one, other, b"")

    readings = [bench.adapter.read_return("POST", {}, form, b"") for form in (one, other)]
    assert hint.token in {reading.token for reading in readings}
    assert hint.order_number in {reading.order_number for reading in readings}


@pytest.mark.case(34)
@pytest.mark.parametrize("character", ["x", "9", "۹", "\x00"], ids=repr)
def test_a_huge_return_is_read_fast_and_kept_small(bench: Bench, character: str) -> None:
    value = character * 1_000_000
    huge = dict.fromkeys(brought(bench), value)

    began = time.monotonic()
    hint = bench.adapter.read_return("POST", huge, huge, value.encode())
    took = time.monotonic() - began

    assert took < 2
    assert len(repr(hint)) < 2_000
    assert "\x00" not in (hint.token or "") + (hint.bank_reference or "")

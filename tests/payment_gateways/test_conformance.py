"""The list of cases in the handbook is the kit's: every number, every test, every gateway."""

import importlib
import inspect
import pkgutil
import re
from dataclasses import replace

import pytest

from payment_gateways import kit
from payment_gateways.contract import Recovery
from payment_gateways.kit.plugin import CASES
from payment_gateways.registry import known_manifests
from tests.payment_gateways.sandbox_process import ROOT

HANDBOOK = (ROOT / "docs" / "conformance.md").read_text("utf-8")
MANIFESTS = {
    slug: manifest for slug, manifest in known_manifests().items() if not manifest.is_historical
}

_ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def functions_of_the_kit():
    for found in pkgutil.iter_modules(kit.__path__):
        if found.name.startswith("test_"):
            module = importlib.import_module(f"{kit.__name__}.{found.name}")
            yield from inspect.getmembers(module, inspect.isfunction)


TESTS = {
    name: function.pytestmark
    for name, function in functions_of_the_kit()
    if name.startswith("test_")
}


def case_marks(marks):
    """The cases a test is marked with, itself or one of its parameters."""
    for mark in marks:
        if mark.name == "case":
            yield mark
        elif mark.name == "parametrize":
            for one in mark.args[1]:
                yield from case_marks(getattr(one, "marks", ()))


def numbers(name, manifest=None):
    return {
        number
        for mark in case_marks(TESTS[name])
        for number in mark.args
        if manifest is None or concerns(mark, manifest)
    }


def concerns(mark, manifest):
    when, unless = mark.kwargs.get("when"), mark.kwargs.get("unless")
    return (not when or getattr(manifest, when)) and (not unless or not getattr(manifest, unless))


def test_the_handbook_lists_every_case_with_its_tests():
    listed = {
        int(number): set(re.findall(r"`(\w+)`", names))
        for number, _, names in _ROW.findall(HANDBOOK)
    }

    assert listed == {
        number: {name for name in TESTS if number in numbers(name)} for number in CASES
    }


def test_every_test_of_the_kit_belongs_to_a_case():
    assert [name for name in TESTS if not numbers(name)] == []


@pytest.mark.parametrize("slug", MANIFESTS)
def test_every_case_is_there_for_every_gateway(slug):
    there = set().union(*(numbers(name, MANIFESTS[slug]) for name in TESTS))

    assert there == set(CASES)


@pytest.mark.parametrize(
    "facts",
    [
        {"needs_settle": True},
        {"needs_settle": False},
        {"can_inquire": False, "recovers_by": Recovery.CONFIRM},
        {"recovers_by": Recovery.NONE},
        {"can_reverse": True, "reverse_window": None},
        {"can_reverse": False, "reverse_window": None},
        {"can_refund": True, "can_refund_part": False},
        {"can_refund": False, "can_refund_part": False},
        {"lists_unverified": True},
        {"lists_unverified": False},
        {"returns_unconfirmed": True},
        {"returns_unconfirmed": False},
    ],
    ids=str,
)
def test_whatever_a_gateway_lacks_no_case_is_left_out(facts):
    manifest = replace(MANIFESTS["mellat"], **facts)

    assert set().union(*(numbers(name, manifest) for name in TESTS)) == set(CASES)

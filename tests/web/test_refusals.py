"""Every refusal there is has its sentence, in Persian and in English, with its gaps filled."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import core
import donations
import flows
import jobs
import ledger
import notifications
import offices
import payment_gateways
import receipts
import reconciliation
import web
from core.refusals import Refusal
from core.settings import ROOT
from core.words import speaking
from donations.paying import AmountOutsideGateway
from donations.pledging import UnusableText
from offices.limits import TooManyTries
from web.refusals import SENTENCES, explain, waiting_time

HOUSE = (
    core, donations, flows, jobs, ledger, notifications, offices, payment_gateways, receipts,
    reconciliation, web,
)  # fmt: skip


def every_refusal() -> dict[str, type[Refusal]]:
    """Every kind of refusal in the house by its code."""
    for package in HOUSE:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "sandbox" not in module.name:
                importlib.import_module(module.name)
    return {refusal.code: refusal for refusal in subclasses(Refusal)}


def subclasses(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for below in kind.__subclasses__():
        if below.__module__.split(".")[0] in {package.__name__ for package in HOUSE}:
            yield below
            yield from subclasses(below)


REFUSALS = every_refusal()


def details_at_each_raise() -> dict[str, set[frozenset[str]]]:
    """The names of the details that each place in the house gives, by the name of the class."""
    given: dict[str, set[frozenset[str]]] = {}
    for package in HOUSE:
        for path in (ROOT / package.__name__).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    details = frozenset(word.arg or "" for word in node.keywords)
                elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
                    name, details = node.exc.id, frozenset()
                else:
                    continue
                given.setdefault(name, set()).add(details)
    return given


GIVEN = details_at_each_raise()


def test_there_are_refusals_to_look_at():
    assert len(REFUSALS) > 40


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_a_refusal_has_its_sentence(code):
    assert code in SENTENCES


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_sentence_has_its_refusal(code):
    assert code in REFUSALS


def test_no_two_refusals_share_a_code():
    codes = [refusal.code for refusal in subclasses(Refusal)]

    assert sorted(codes) == sorted(set(codes))


def test_no_sentence_hides_another():
    parts = [
        importlib.import_module(module.name).SENTENCES
        for module in pkgutil.iter_modules(web.refusals.__path__, "web.refusals.")
    ]

    assert sum(map(len, parts)) == len(SENTENCES)


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_it_can_be_said_wherever_it_is_raised(code, language):
    refusal = REFUSALS[code]
    for names in GIVEN.get(refusal.__name__, set()):
        with speaking(language):
            sentence = explain(refusal(**dict.fromkeys(names, 7)))

        assert sentence
        assert "%(" not in sentence
        assert language == "en" or not re.search("[0-9]", sentence)


def test_amounts_stand_in_rials_and_in_persian_digits():
    sentence = explain(AmountOutsideGateway(least=1_000, most=500_000_000))

    assert "از ۱٬۰۰۰ ریال تا ۵۰۰٬۰۰۰٬۰۰۰ ریال" in sentence


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "۱ ثانیه"), (99, "۹۹ ثانیه"), (100, "۲ دقیقه"), (3600, "۶۰ دقیقه")]
)
def test_waiting_is_said_in_seconds_or_minutes(seconds, said):
    assert said in explain(TooManyTries(wait_seconds=seconds))


def test_english_counts_one_second_as_one():
    with speaking("en"):
        assert waiting_time(1) == "1 second"


def test_the_fuller_sentence_is_chosen_when_its_gaps_can_be_filled():
    with speaking("en"):
        assert "500" in explain(UnusableText(name="unit", longest=500))
        assert explain(UnusableText()) == "Please fill this in."


def test_a_refusal_without_a_sentence_is_a_defect():
    class Unheard(Refusal):
        code = "nobody.heard_of_it"

    with pytest.raises(KeyError):
        explain(Unheard())

"""Frozen facts: canonical, complete, and adding up."""

import json

import pytest

from receipts.documents.facts import facts_digest, facts_from_json, facts_to_json
from tests.receipts.drawn import BLANKETS, VISITS, english_facts, facts


@pytest.mark.parametrize(
    "frozen",
    [
        facts(),
        facts(
            donor_name=None, goods=(BLANKETS,), hours=(VISITS,), is_void=True, void_text="تکراری"
        ),
        english_facts(),
    ],
    ids=["cash", "mixed and void", "english"],
)
def test_facts_survive_their_json(frozen):
    text = facts_to_json(frozen)

    assert facts_from_json(text) == frozen
    assert facts_to_json(facts_from_json(text)) == text


def test_the_json_is_canonical():
    text = facts_to_json(facts())

    assert text == json.dumps(
        json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    assert "علی‌اکبر" in text


def test_facts_that_differ_have_other_digests():
    assert facts_digest(facts()) == facts_digest(facts())
    assert facts_digest(facts()) != facts_digest(facts(donor_name="علی اکبر رضایی‌نژاد"))


def test_facts_that_do_not_add_up_are_a_defect():
    with pytest.raises(ValueError, match="add up"):
        facts(total_rial=2_500_001)


def test_goods_and_hours_are_never_added_to_the_money():
    mixed = facts(goods=(BLANKETS,), hours=(VISITS,))

    assert mixed.total_rial == 2_500_000


@pytest.mark.parametrize("changes", [{"cash": (), "total_rial": 0}, {"language": "ar"}])
def test_an_empty_receipt_and_an_unknown_language_are_defects(changes):
    with pytest.raises(ValueError, match=r"nothing was received|no receipt in language"):
        facts(**changes)


def test_an_unknown_field_in_stored_facts_is_a_defect():
    stored = json.loads(facts_to_json(facts())) | {"colour": "green"}

    with pytest.raises(TypeError):
        facts_from_json(json.dumps(stored))

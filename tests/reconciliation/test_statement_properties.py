"""What is written in a published format is read back, and what is damaged is refused, not more."""

import ast
import importlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.refusals import Refusal
from reconciliation.statements.contract import Wanted
from reconciliation.statements.doors import visit_all
from reconciliation.statements.recognise import reader_for
from tests.reconciliation.statement_files import Moved, as_bai2, as_camt, as_mt940, as_ofx

WRITERS = (as_mt940, as_camt, as_ofx, as_bai2)
bookings = st.lists(
    st.builds(
        Moved,
        cents=st.integers(-(10**15), 10**15).filter(bool),
        reference=st.from_regex(r"\A[A-Z][A-Z0-9]{0,11}\Z"),
        text=st.from_regex(r"\A[A-Z][A-Z0-9 ]{0,38}[A-Z]\Z"),
    ),
    min_size=1,
    max_size=12,
)


def opened(data):
    file = BytesIO(data)
    return reader_for(file).open(file, Wanted("90190"))


@pytest.mark.parametrize("write", WRITERS)
@given(moved=bookings, opening=st.integers(-(10**15), 10**15))
@settings(deadline=None, max_examples=40)
def test_what_is_written_is_read_back(write, moved, opening):
    statement = opened(write(moved, opening=opening))
    hundredth = 10**statement.minor_digits // 100

    assert [(row.amount_minor, row.reference, row.description) for row in statement.rows] == [
        (one.cents * hundredth, one.reference, " ".join(one.text.split())) for one in moved
    ]


@pytest.mark.parametrize("write", WRITERS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_damaged_bytes_are_refused_or_read_and_never_anything_else(write, data):
    whole = write([Moved(250_000), Moved(-1_00, "A2"), Moved(70_050, "A3")])
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, min(len(whole), start + 40)))
    damaged = whole[:start] + data.draw(st.binary(max_size=8)) + whole[stop:]

    try:
        amounts = [row.amount_minor for row in opened(damaged).rows]
    except Refusal:
        return
    assert all(type(amount) is int for amount in amounts)


@given(head=st.binary(max_size=300))
@settings(deadline=None, max_examples=60)
def test_no_reader_stumbles_over_the_head_of_a_file(head):
    for visited in visit_all():
        assert visited.reader.recognises(head) in (True, False)


@pytest.mark.parametrize("name", ["mt940", "camt", "ofx", "bai2", "exact", "sections"])
def test_no_amount_is_ever_a_float(name):
    module = importlib.import_module(f"reconciliation.statements.{name}")
    with open(module.__file__, encoding="utf-8") as file:
        nodes = list(ast.walk(ast.parse(file.read())))

    assert not any(isinstance(node, ast.Constant) and type(node.value) is float for node in nodes)
    assert not {"float", "Decimal", "round"} & {
        node.id for node in nodes if isinstance(node, ast.Name)
    }
    assert not any(isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) for node in nodes)

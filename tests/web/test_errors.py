"""What is missing is told apart from what is broken."""

import pytest
from sqlalchemy.exc import NoResultFound

from core.refusals import NotFound


@pytest.mark.parametrize(
    ("trouble", "status", "is_logged"),
    [(NotFound(subject="pledge"), 404, False), (NoResultFound(), 500, True)],
    ids=["a visitor's mistake", "ours"],
)
def test_a_row_that_we_miss_ourselves_is_a_fault_and_written_down(
    app, caplog, trouble, status, is_logged
):
    def broken():
        raise trouble

    app.add_url_rule("/broken", view_func=broken)

    assert app.test_client().get("/broken").status_code == status
    assert ("NoResultFound" in caplog.text) is is_logged

"""Receipt and slip of a walk-in gift on paper: one print, two clean pages."""

import pypdfium2
import pytest

from offices.staff import Role
from tests.faces.test_desk import house  # noqa: F401  a fixture
from tests.staff import at_work

A5_POINTS = (420, 595)


@pytest.fixture
def printed(page, app, database, house):  # noqa: F811  the fixture
    """What Chromium prints of the page that follows a saved gift."""

    def print_in(language, **fields):
        clerk = at_work(app, database, Role.CLERK)
        address = clerk.answer("/desk/walk-in", fields).headers["Location"]
        cookies = {"sid": clerk.key, "language": language}
        page.context.add_cookies(
            [{"name": name, "value": value, "url": house} for name, value in cookies.items()]
        )
        page.goto(house + address)
        return pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))

    return print_in


@pytest.mark.parametrize(
    ("language", "number", "menu"),
    [("fa", "۱۴۰۵/۰۷/۰۰۰۰۰۱", "ثبت تازه"), ("en", "1405/07/000001", "New entry")],
)
def test_receipt_and_slip_are_two_pages_with_the_number_and_without_a_menu(
    printed, language, number, menu, tmp_path
):
    pdf = printed(language, amount="1000000", name="زهرا احمدی", mobile="09121234567")

    for at, sheet in enumerate(pdf, 1):
        sheet.render(scale=2).to_pil().save(tmp_path / f"{at}.png")  # to be looked at
        width, height = sheet.get_size()
        assert (round(width), round(height)) == A5_POINTS
    receipt, slip = (sheet.get_textpage().get_text_range() for sheet in pdf)
    assert number in receipt
    assert menu not in receipt + slip

"""The client that inspects pages must itself notice what it is there for."""

import pytest

from tests.page_client import checked

PERSIAN = '<html lang="fa" dir="rtl"><body><h1>مشارکت</h1>{}</body></html>'


@pytest.mark.parametrize(
    "broken",
    [
        "<p>Thank you</p>",
        "<p>مبلغ 1000 ریال</p>",
        "<p>كد پیگیری</p>",
        "<h1>دوباره</h1>",
        '<p id="a"></p><p id="a"></p>',
        '<p style="color:red">رنگ</p>',
        '<button onclick="go()">برو</button>',
        "<script>go()</script>",
        '<script src="https://cdn.example/x.js"></script>',
        '<img src="/x.png">',
        '<img src="/x.png" alt="photo">',
        '<input name="amount" id="amount">',
    ],
)
def test_a_page_that_breaks_a_rule_is_refused(broken):
    with pytest.raises(AssertionError):
        checked(PERSIAN.format(broken))


@pytest.mark.parametrize(
    "fine",
    [
        '<p>کد <bdi dir="ltr">3123456789012</bdi></p>',
        "<p>فرمان <code>make run</code> را بنویسید</p>",
        '<a href="?language=en" lang="en" dir="ltr">English</a>',
        '<label for="amount">مبلغ</label><input name="amount" id="amount" value="5">',
        '<img src="/x.png" alt=""><p>پس از تصویر</p>',
    ],
)
def test_a_page_that_keeps_the_rules_is_read(fine):
    assert "مشارکت" in checked(PERSIAN.format(fine)).words


def test_latin_after_a_foreign_passage_is_noticed_again():
    with pytest.raises(AssertionError):
        checked(PERSIAN.format('<bdi dir="ltr">A<br>B</bdi> C'))


def test_an_english_page_may_speak_english():
    page = checked('<html lang="en" dir="ltr"><h1>Give 500 rials</h1></html>')

    assert page.words == "Give 500 rials"

"""The adapters that are installed, and the form that writes the table of a new account."""

import tomllib

import pytest

from core.words import speaking
from offices.staff import Role
from payment_gateways.accounts import read_accounts
from payment_gateways.masking import Secret
from tests.staff import at_work

NEW = "/finance/gateways/new"
MERCHANT = "11111111-1111-4111-8111-111111111111"
MELLAT = {
    "name": "mellat-tehran",
    "setting_terminal_id": "۷۷۰۱",
    "setting_username": "user",
    "setting_password": "hush\"h'ush",
    "setting_account": "90190",
    "setting_enabled": "y",
    "setting_may_reverse": "y",
    "setting_province": "08",
    "setting_title_fa": "درگاه «تهران» 2",
    "setting_breaker_failures": "۵",
}


@pytest.fixture
def accountant(app, database):
    return at_work(app, database, Role.FINANCE, office="00")


def test_every_door_is_listed_with_its_package_and_who_uses_it(accountant):
    page = accountant.get("/finance/gateways/adapters")

    assert "mosharekat" in page.words
    assert "به‌پرداخت ملت" in page.words
    assert "mellat-main" in page.words
    assert "پرداخت‌یار" in page.words
    assert f"{NEW}/mellat" in page.links


def test_an_auditor_looks_and_makes_no_account(app, database):
    auditor = at_work(app, database, Role.AUDITOR, office="00", username="auditor")

    assert f"{NEW}/mellat" not in auditor.get("/finance/gateways/adapters").links
    assert auditor.http.get(f"{NEW}/mellat").status_code == 200


@pytest.mark.parametrize("slug", ["melat", "nowhere:mellat", "1"])
def test_there_is_no_form_for_what_is_not_installed(accountant, slug):
    assert accountant.http.get(f"{NEW}/{slug}").status_code == 404


def test_the_form_begins_with_what_the_file_would_take_for_granted(accountant):
    page = accountant.get(f"{NEW}/mellat")

    ticked = {control["name"] for control in page.controls if "checked" in control}
    assert ticked == {"setting_enabled", "setting_may_reverse"}
    assert page.fields["setting_password"] == ""


def test_an_untouched_form_says_nothing_but_what_was_typed(accountant):
    page = accountant.get(f"{NEW}/sep")
    ticked = {each["name"]: "y" for each in page.controls if "checked" in each}

    fields = {"name": "sep-two", "setting_terminal_id": "5", "setting_account": "90190", **ticked}
    toml = unescaped(blocks(accountant.answer(f"{NEW}/sep", fields).text)[0])

    assert tomllib.loads(toml) == {
        "sep-two": {"adapter": "sep", "terminal_id": "5", "account": "90190"}
    }


def blocks(page_text):
    """The texts to be copied out of the page."""
    return [part.split(">", 1)[1].split("</pre>")[0] for part in page_text.split("<pre")[1:]]


def unescaped(text):
    return text.replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")


def test_the_table_that_comes_out_is_read_as_what_was_typed(accountant, tmp_path):
    answer = accountant.answer(f"{NEW}/mellat", MELLAT)
    toml, variables, commands = map(unescaped, blocks(answer.text))

    assert answer.status_code == 200
    assert tomllib.loads(toml) == {
        "mellat-tehran": {
            "adapter": "mellat",
            "terminal_id": "7701",
            "username": "user",
            "password": "${MOSH_MELLAT_TEHRAN_PASSWORD}",
            "account": "90190",
            "province": "08",
            "title_fa": "درگاه «تهران» ۲",
            "breaker_failures": 5,
        }
    }
    assert variables.strip() == "MOSH_MELLAT_TEHRAN_PASSWORD='…'"
    assert "gateways check mellat-tehran" in commands
    path = tmp_path / "gateways.toml"
    path.write_text(toml, "utf-8")
    (account,) = read_accounts(path, environment={"MOSH_MELLAT_TEHRAN_PASSWORD": "hush"})
    assert account.settings["password"] == Secret("hush")
    assert (account.province, account.breaker_failures) == ("08", 5)


def test_no_secret_comes_back(accountant):
    wrong = {**MELLAT, "setting_terminal_id": "seven"}

    for fields, status in ((MELLAT, 200), (wrong, 422)):
        answer = accountant.answer(f"{NEW}/mellat", fields)
        assert answer.status_code == status
        assert "hush" not in answer.text
        assert "ush" not in answer.text.replace("hush", "")


def test_a_mistake_is_named_once_at_the_head_and_once_beside_its_field(accountant):
    answer = accountant.answer(f"{NEW}/mellat", {**MELLAT, "setting_terminal_id": ""})

    assert answer.status_code == 422
    assert answer.text.count("شماره پایانه: نوشته نشده است") == 2
    assert answer.text.count('id="errors"') == 1


KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArAwqXgaq8Q2OY
-----END PUBLIC KEY-----"""
IRANKISH = {
    "name": "irankish-main",
    "setting_terminal_id": "02019999",
    "setting_acceptor_id": "992180000000000",
    "setting_pass_phrase": "0123456789ABCDEF",
    "setting_public_key": KEY.replace("\n", "\r\n"),
    "setting_account": "90190",
    "setting_enabled": "y",
    "setting_may_reverse": "y",
}


def test_the_adapter_itself_looks_at_a_key_that_is_never_shown(accountant):
    cut_off = accountant.answer(f"{NEW}/irankish", IRANKISH)
    no_key = accountant.answer(f"{NEW}/irankish", {**IRANKISH, "setting_public_key": "letmein"})

    assert (cut_off.status_code, no_key.status_code) == (422, 422)
    assert "این تنظیم‌ها را نمی‌پذیرد" in cut_off.text
    assert "باید متن کامل کلید یا گواهی باشد" in no_key.text
    for answer in (cut_off, no_key):
        for secret in ("MIIBIjANBgkqhki", "0123456789ABCDEF", "letmein"):
            assert secret not in answer.text


def test_a_key_goes_into_a_file_of_its_own(accountant):
    answer = accountant.answer(f"{NEW}/irankish", {**IRANKISH, "setting_public_key": ""})
    toml, variables, files, _commands = map(unescaped, blocks(answer.text))

    table = tomllib.loads(toml)["irankish-main"]
    assert table["public_key_file"] == files.strip() == "irankish-main-public-key.pem"
    assert "public_key" not in table
    assert variables.strip() == "MOSH_IRANKISH_MAIN_PASS_PHRASE='…'"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Mellat Tehran"}, "name: small letters"),
        ({"name": "mellat-main"}, "another account has this name"),
        ({"setting_terminal_id": ""}, "is missing"),
        ({"setting_terminal_id": "7001"}, "is that of mellat-main already"),
        ({"setting_base_url": "ftp://x"}, "must be an address such as"),
        ({"setting_province": "99"}, "there is no such code"),
        ({"setting_campaign": "nothing"}, "there is no such code"),
        ({"setting_read_seconds": "ten"}, "must be a whole number above zero, not &#39;ten&#39;"),
        ({"setting_amount_rial_max": "5"}, "is above amount_rial_max"),
    ],
)
def test_the_form_refuses_what_the_file_refuses(accountant, change, told):
    answer = accountant.http.post(
        f"{NEW}/mellat?language=en",
        data={**accountant.form(f"{NEW}/mellat"), **MELLAT, **change},
    )

    assert answer.status_code == 422
    assert told.removeprefix("name: ") in answer.text


def test_an_aggregator_is_refused_in_persian_until_it_is_allowed(accountant):
    fields = {
        "name": "zarinpal-two",
        "setting_merchant_id": MERCHANT,
        "setting_account": "90190",
        "setting_enabled": "y",
        "setting_may_reverse": "y",
    }
    refused = accountant.answer(f"{NEW}/zarinpal", fields)
    made = accountant.answer(f"{NEW}/zarinpal", {**fields, "setting_allow_aggregator": "y"})

    assert refused.status_code == 422
    assert "این درگاه پرداخت‌یار است" in refused.text
    assert made.status_code == 200
    assert "allow_aggregator = true" in made.text
    assert MERCHANT not in refused.text + made.text


def test_a_secret_may_be_left_out_and_is_then_not_checked(accountant):
    answer = accountant.answer(f"{NEW}/mellat", {**MELLAT, "setting_password": ""})

    assert answer.status_code == 200
    assert "${MOSH_MELLAT_TEHRAN_PASSWORD}" in answer.text


def test_the_form_speaks_both_languages(accountant):
    assert "شماره پایانه" in accountant.get(f"{NEW}/mellat").words
    with speaking("en"):
        assert "terminal" in accountant.http.get(f"{NEW}/mellat?language=en").text

"""The file of gateway accounts: read whole, or refused with every mistake and no secret."""

import pytest

from core.settings import WrongSettings
from payment_gateways.contract import Kind
from payment_gateways.masking import Secret
from payment_gateways.registry import gateway_accounts, open_gateways

GOOD = """
[mellat-main]
adapter = "mellat"
terminal_id = 7001
username = "u"
password = "${MELLAT_PASSWORD}"
base_url = "http://127.0.0.1:9001/"
account = "90190"

[zarinpal-main]
adapter = "zarinpal"
merchant_id_file = "merchant"
account = "90190"
enabled = false
title_fa = "درگاه دوم"
confirm_window_minutes = 90
read_seconds = 7
"""
MERCHANT = "11111111-1111-4111-8111-111111111111"
ENVIRONMENT = {"MELLAT_PASSWORD": "hush"}


@pytest.fixture
def read(tmp_path):
    (tmp_path / "merchant").write_text(f"{MERCHANT}\n")

    def read(text, **more):
        path = tmp_path / "gateways.toml"
        path.write_text(text, "utf-8")
        return gateway_accounts(path, **{"environment": ENVIRONMENT, **more})

    return read


def complaints(read, text, **more) -> str:
    with pytest.raises(WrongSettings) as refused:
        read(text, **more)
    return str(refused.value)


def test_accounts_are_read_with_secrets_from_the_environment_and_from_files(read):
    mellat, zarinpal = read(GOOD)

    assert (mellat.name, mellat.adapter, mellat.account) == ("mellat-main", "mellat", "90190")
    assert mellat.settings["terminal_id"] == "7001"
    assert mellat.settings["password"] == Secret("hush")
    assert zarinpal.settings["merchant_id"] == Secret(MERCHANT)
    assert (mellat.is_enabled, zarinpal.is_enabled) == (True, False)


def test_an_opened_gateway_offers_what_the_others_need(read):
    gateways = open_gateways(read(GOOD))

    mellat, zarinpal = gateways["mellat-main"], gateways["zarinpal-main"]
    assert (mellat.slug, mellat.terminal, mellat.account) == ("mellat", "7001", "90190")
    assert mellat.hosts == ("http://127.0.0.1:9001",)
    assert zarinpal.hosts == ("https://payment.zarinpal.com",)
    assert (mellat.title_fa, zarinpal.title_fa) == ("به‌پرداخت ملت", "درگاه دوم")
    assert zarinpal.manifest.confirm_window.total_seconds() == 90 * 60
    assert zarinpal.terminal == MERCHANT[:8]


def test_opening_calls_nobody(read):
    gateway = open_gateways(read(GOOD.replace("9001", "1")))["mellat-main"]

    assert gateway.adapter.check().kind is Kind.UNKNOWN


def test_all_mistakes_of_all_tables_are_told_at_once(read):
    text = complaints(
        read,
        """
        stray = 1
        [Mellat]
        adapter = "mellat"
        terminal_id = "seven"
        pasword = "letmein"
        base_url = "ftp://example.ir"
        read_seconds = 0
        enabled = "perhaps"
        [zarinpal-main]
        adapter = "zarinpal"
        account = "90190"
        merchant_id = "letmein"
        [third]
        adapter = "saman"
        """,
    )

    for mistake in (
        "stray: belongs into a table",
        "[Mellat] name: small letters",
        "[Mellat] account: is missing",
        "[Mellat] base_url: must be an address",
        "[Mellat] read_seconds: must be a whole number above zero, not '0'",
        "[Mellat] enabled: must be true or false, not 'perhaps'",
        "[Mellat] terminal_id: does not look as it should: 'seven'",
        "[Mellat] username: is missing",
        "[Mellat] pasword: is not a setting of this gateway, did you mean password?",
        "[zarinpal-main] merchant_id: does not look as it should: (not shown)",
        "[third] adapter: 'saman' is not one of mellat, zarinpal",
    ):
        assert mistake in text
    assert "letmein" not in text


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        ("${MELLAT_PASSWORD}", "${NOT_THERE}", "password: not set in the environment: NOT_THERE"),
        ("${MELLAT_PASSWORD}", "", "password: is empty"),
        ('"merchant"', '"nowhere"', "merchant_id_file: cannot be read: No such file"),
        ("merchant_id_file", 'merchant_id = "x"\nmerchant_id_file', "give one of them"),
        ("127.0.0.1:9001/", "127.0.0.1:9001/pay", "must be scheme and host only"),
        ("127.0.0.1:9001/", "u:hush@127.0.0.1", "must be scheme and host only"),
        ("127.0.0.1:9001/", "127.0.0.1:port", "must be an address such as"),
        ("[zarinpal-main]", "[zarinpal main]", "cannot be read"),
        ("mellat-main", "zarinpal-main", "cannot be read"),
        ('"90190"', '"nine"', "account: does not look as it should: 'nine'"),
    ],
)
def test_each_mistake_is_named(read, before, after, mistake):
    text = complaints(read, GOOD.replace(before, after, 1))

    assert mistake in text
    assert "hush" not in text


def test_one_terminal_is_one_account(read):
    again = GOOD + GOOD.split("[zarinpal-main]", maxsplit=1)[0].replace("mellat-main", "mellat-two")

    assert "[mellat-two] terminal_id: is that of [mellat-main] already" in complaints(read, again)


def test_a_public_installation_reaches_no_test_host_over_plain_http(read):
    assert "must be https where PUBLIC_URL is https" in complaints(read, GOOD, is_public=True)


def test_a_file_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(WrongSettings, match="cannot be read"):
        gateway_accounts(tmp_path / "none.toml", environment={})


def test_no_account_shows_its_secret(read):
    accounts = read(GOOD)

    assert "hush" not in f"{accounts} {open_gateways(accounts)}"
    assert MERCHANT not in f"{accounts} {open_gateways(accounts)}"

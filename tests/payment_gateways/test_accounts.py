"""The file of gateway accounts: read whole, or refused with every mistake and no secret."""

import json
import tomllib
from datetime import UTC, datetime

import pytest

from core.settings import ROOT, WrongSettings
from payment_gateways import registry
from payment_gateways.accounts import GatewayAccount
from payment_gateways.adapters.mellat import Mellat
from payment_gateways.contract import (
    Claim,
    Kind,
    Manifest,
    PaymentIntent,
    Refund,
    StoredPayment,
)
from payment_gateways.doors import steps_missing
from payment_gateways.masking import Masking, Secret
from payment_gateways.reasons import Reason
from payment_gateways.registry import (
    SettingsNotTaken,
    closed_gateway,
    gateway_accounts,
    gateway_named,
    open_gateway,
    open_gateways,
)

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
allow_aggregator = true
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
        adapter = "melat"
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
        "[zarinpal-main] allow_aggregator: this gateway is an aggregator",
        "[third] adapter: 'melat' is not one of asan_pardakht, ",
        "did you mean mellat?",
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


def test_a_terminal_number_is_one_account_whatever_the_bank(read):
    sep = '[sep-main]\nadapter = "sep"\nterminal_id = "7001"\naccount = "90190"\n'
    other = sep.replace("90190", "90191")

    assert "[sep-main] terminal_id: is that of [mellat-main] already" in complaints(
        read, GOOD + sep
    )
    assert len(read(GOOD + other)) == 3


def test_a_terminal_may_belong_to_a_province_or_a_campaign_and_has_its_own_patience(read):
    more = """
    province = "07"
    campaign = "19041062101"
    may_refund = true
    may_reverse = false
    refund_rial_max = 5_000_000
    breaker_failures = 5
    breaker_rest_seconds = 90
    """
    plain, set_otherwise = open_gateways(
        read(GOOD.replace("enabled = false", more.replace("\n    ", "\n")))
    ).values()

    assert (plain.province, plain.campaign, plain.refund_rial_max) == (None, None, None)
    assert (plain.breaker_failures, plain.breaker_rest_seconds) == (3, 60)
    assert (set_otherwise.province, set_otherwise.campaign) == ("07", "19041062101")
    assert set_otherwise.refund_rial_max == 5_000_000
    assert (set_otherwise.breaker_failures, set_otherwise.breaker_rest_seconds) == (5, 90)


@pytest.mark.parametrize(
    ("line", "may_refund", "may_reverse"),
    [
        ("", False, True),
        ("may_refund = true", True, True),
        ("may_reverse = false", False, False),
    ],
)
def test_what_a_contract_allows_is_said_in_the_file(read, line, may_refund, may_reverse):
    mellat = open_gateways(read(GOOD.replace("account =", f"{line}\naccount =", 1)))["mellat-main"]

    assert (mellat.may_refund, mellat.may_reverse) == (may_refund, may_reverse)


def test_no_file_can_allow_what_the_bank_cannot(read):
    sadad = """
[sadad-main]
adapter = "sadad"
merchant_id = "1"
terminal_id = "2"
key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY"
account = "90190"
may_refund = true
may_reverse = true
"""
    gateway = open_gateways(read(sadad))["sadad-main"]

    assert (gateway.may_refund, gateway.may_reverse) == (False, False)


def test_the_order_of_the_list_is_a_setting(read):
    text = GOOD + '[sep-main]\nadapter = "sep"\nterminal_id = "1"\naccount = "90190"\norder = 2\n'

    assert [account.name for account in read(text)] == ["sep-main", "mellat-main", "zarinpal-main"]
    first = text.replace("enabled = false", "order = 1")
    assert next(account.name for account in read(first)) == "zarinpal-main"


def test_an_aggregator_is_used_only_where_that_was_decided(read):
    undecided = GOOD.replace("allow_aggregator = true\n", "")

    told = complaints(read, undecided)
    assert "[zarinpal-main] allow_aggregator: this gateway is an aggregator" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ('province = "seven"', "province: does not look as it should: 'seven'"),
        ('campaign = "two words"', "campaign: does not look as it should: 'two words'"),
        ("breaker_failures = 0", "breaker_failures: must be a whole number above zero, not '0'"),
        ("breaker_rest_seconds = 100000", "breaker_rest_seconds: does not look as it should"),
        ('may_refund = "maybe"', "may_refund: must be true or false, not 'maybe'"),
        ("order = 10000", "order: does not look as it should: '10000'"),
        ("refund_rial_max = 1.5", "refund_rial_max: must be a whole number above zero, not '1.5'"),
        ("amount_rial_max = 1", "amount_rial_min: 1000 is above amount_rial_max"),
        ("may_refunds = true", "is not a setting of this gateway, did you mean may_refund?"),
    ],
)
def test_the_common_settings_are_checked(read, line, mistake):
    assert mistake in complaints(read, GOOD.replace("account =", f"{line}\naccount =", 1))


PEM = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArAwqXgaq8Q2OY
-----END PUBLIC KEY-----"""
IRANKISH = """
[irankish-main]
adapter = "irankish"
terminal_id = "02019999"
acceptor_id = "992180000000000"
pass_phrase = "0123456789ABCDEF"
account = "90190"
public_key_file = "bank.pem"
"""


@pytest.mark.parametrize(
    "content",
    ["letmein", PEM.replace("-----END PUBLIC KEY-----", ""), PEM.replace("END PUBLIC", "END RSA")],
)
def test_a_key_is_whole_or_refused_and_never_shown(read, tmp_path, content):
    (tmp_path / "bank.pem").write_text(content)

    told = complaints(read, IRANKISH)

    assert "[irankish-main] public_key: must be a whole key or certificate" in told
    assert "letmein" not in told
    assert "MIIBIjANBgkqhkiG9w0" not in told


def test_a_key_is_a_secret_like_a_password(read, tmp_path, sandbox_bank):
    key = sandbox_bank.admin.get("wires")["irankish"]["settings"]["public_key"]
    (tmp_path / "bank.pem").write_text(key)

    account = read(GOOD + IRANKISH)[-1]

    assert account.settings["public_key"] == Secret(key.strip())
    assert open_gateway(account).is_open
    assert key.splitlines()[1] not in str(account)


def test_a_key_that_the_adapter_cannot_use_is_a_mistake_of_its_table(read, tmp_path):
    (tmp_path / "bank.pem").write_text(PEM)  # the frame is right, the key is cut off

    with pytest.raises(WrongSettings) as refused:
        open_gateways(read(GOOD + IRANKISH))

    assert "[irankish-main] adapter: does not take these settings" in str(refused.value)
    assert "MIIBIjANBgkqhkiG9w0" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_what_an_adapter_complains_of_quotes_no_secret():
    key = Secret("-----BEGIN X-----\nAAAAhushhushhushBBBB\n-----END X-----")
    account = GatewayAccount("main", "mellat", "90190", {"password": key})

    for said in (f"bad key {key.reveal()}", f"bad key {key.reveal()!r}", "AAAAhushhushhushBBBB"):
        with pytest.raises(SettingsNotTaken) as refused:
            opened_with(account, ValueError(said))
        assert "hush" not in f"{refused.value} {refused.value.reason}"


def test_a_defect_of_one_adapter_closes_one_gateway(caplog):
    account = GatewayAccount("main", "mellat", "90190", {"password": Secret("hushhush")})

    gateway = opened_with(account, TypeError("hushhush"))

    assert not gateway.is_open
    assert not gateway.is_enabled
    assert "TypeError" in gateway.refusal.en
    assert "hushhush" not in f"{gateway} {caplog.text}"


def opened_with(account, trouble):
    """Open an account whose adapter cannot be built."""

    class Troubled(Mellat):
        def __init__(self, *given):
            raise trouble

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "load_adapter", lambda _name: Troubled)
        return open_gateway(account)


def test_a_closed_gateway_keeps_the_contract_and_changes_no_payment():
    gateway = closed_gateway("old-main", Reason("بسته است", "it is closed"))
    adapter, stored = gateway.adapter, StoredPayment(1, 1_000, "t")
    intent = PaymentIntent(1, 1_000, "http://127.0.0.1/", "", datetime.now(UTC))

    assert isinstance(gateway.manifest, Manifest)
    assert (gateway.slug, gateway.title_fa, gateway.hosts) == ("old-main", "old-main", ())
    assert {gateway.is_open, gateway.is_enabled, gateway.may_refund, gateway.may_reverse} == {False}
    assert steps_missing(adapter) == ()
    declined = [
        adapter.start(intent),
        adapter.reverse(stored),
        adapter.refund(stored, Refund(2, 1_000)),
    ]
    asked = [
        adapter.confirm(stored),
        adapter.settle(stored),
        adapter.recover(stored),
        adapter.inquire(stored),
        adapter.refund_status(stored, Refund(2, 1_000)),
        adapter.list_unverified().outcome,
        adapter.check(),
    ]
    assert {each.kind for each in declined} == {Kind.REFUSED}
    # REFUSED would mean: the bank has the money and names another. Here nobody was asked.
    assert {each.kind for each in asked} == {Kind.CONFIG_ERROR}
    assert {each.reason_fa for each in declined + asked} == {"بسته است"}
    assert adapter.read_return("GET", {"a": "b"}, {}, b"").claim is Claim.UNCLEAR


def test_every_payment_has_a_gateway_even_without_an_account(read):
    gateways = open_gateways(read(GOOD))

    assert gateway_named(gateways, "mellat-main") is gateways["mellat-main"]
    assert gateway_named(gateways, "gone").refusal is not None


def test_an_adapter_that_is_gone_and_looks_like_a_slip_has_to_be_meant(read):
    """Whoever mistypes the adapter of a terminal with payments must hear of it."""
    slip = GOOD.replace('adapter = "mellat"', 'adapter = "melat"')
    meant = slip.replace("account =", "enabled = false\naccount =", 1)

    def on_record():
        return ("mellat-main",)

    assert "did you mean mellat?" in complaints(read, slip, on_record=on_record)
    gone = read(meant, on_record=on_record)[0]
    assert gone.refusal is not None
    assert "did you mean mellat?" in complaints(read, meant)


def test_nobody_asks_the_register_while_every_adapter_is_there(read):
    def on_record():
        raise AssertionError("the register was asked")

    assert len(read(GOOD, on_record=on_record)) == 2


def test_access_tokens_and_the_lines_of_a_key_are_masked():
    masking = Masking([Secret(PEM)])

    assert masking('{"access_token": "ab\\"c", "accessToken":"x","rest":1}') == (
        '{"access_token": "•••", "accessToken":"•••","rest":1}'
    )
    assert masking(f"key {PEM.splitlines()[1]} end") == "key ••• end"
    assert masking(PEM.replace("\n", "\\n")) == "•••"
    assert masking("BEGIN PUBLIC KEY") == "BEGIN PUBLIC KEY"
    assert masking('{"token":"eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2lnbmF0dXJl"}') == (
        '{"token":"•••"}'
    )


def test_no_login_leaves_its_token_among_the_calls(sandbox_bank):
    """Pasargad calls it "token" and Jibit "accessToken"; both open the account for a while."""
    for slug, wire in sandbox_bank.admin.get("wires").items():
        account = GatewayAccount(slug, slug, "90190", wire["settings"], sandbox_bank.base_url)
        gateway = open_gateway(account)
        with gateway.recorder.calls() as calls:
            gateway.adapter.check()

        assert calls, slug
        assert "eyJ" not in str(calls), slug


def test_a_historical_gateway_takes_no_money_and_needs_no_permission(read):
    idpay = '[idpay-old]\nadapter = "idpay"\naccount = "90190"\n'

    gateway = open_gateways(read(GOOD + idpay))["idpay-old"]

    assert gateway.manifest.is_historical
    assert gateway.refusal is None
    assert (gateway.is_open, gateway.is_enabled) == (False, False)  # nobody is asked any more


def test_a_public_installation_reaches_no_test_host_over_plain_http(read):
    assert "must be https where PUBLIC_URL is https" in complaints(read, GOOD, is_public=True)


def test_a_file_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(WrongSettings, match="cannot be read"):
        gateway_accounts(tmp_path / "none.toml", environment={})


def test_no_account_shows_its_secret(read):
    accounts = read(GOOD)

    assert "hush" not in f"{accounts} {open_gateways(accounts)}"
    assert MERCHANT not in f"{accounts} {open_gateways(accounts)}"


def test_the_digest_of_a_card_is_masked_however_a_bank_writes_it():
    """With the ten shown digits a card is found by trying the other six."""
    digest = "80c8684ef56dc3ef28703cb161903eab6393cda8b825564ba9da8667237e05d2"
    names = ("card_hash", "cardHashPan", "HashedPan", "hashedCardNumber", "sha256OfPan", "CID")

    for name in names:
        for text in (json.dumps({name: digest}), json.dumps(json.dumps({name: digest.upper()}))):
            assert digest not in Masking()(text).lower()
    assert Masking()('{"token":"ab12","card_pan":"6104"}') == '{"token":"ab12","card_pan":"6104"}'


def test_every_adapter_stands_in_the_contract_that_keeps_them_apart():
    text = (ROOT / "pyproject.toml").read_text()
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    (apart,) = [one for one in contracts if one["name"] == "No gateway adapter knows another"]
    names = {path.stem for path in (ROOT / "payment_gateways" / "adapters").glob("*.py")}

    written = {name.rpartition(".")[2] for name in apart["modules"]}

    assert written == {name for name in names - {"__init__"} if not name.endswith("_codes")}

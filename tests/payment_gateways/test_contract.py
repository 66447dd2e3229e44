"""What every gateway promises, each against the sandbox bank on a real socket."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payment_gateways.contract import Binds, Claim, Hint, Kind, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.mellat import Mellat
from payment_gateways.registry import known_adapters
from payment_gateways.transport import HttpTransport
from payment_gateways.zarinpal import Zarinpal
from tests.payment_gateways.conftest import MERCHANT, opened

NOISE = [
    "drop_before",
    "html_500",
    "html_200",
    "redirect",
    "busy",
    "huge",
    "unlisted_code",
]
NOISE_AFTER = ["drop_after", "html_500_after", "truncate"]


def test_a_payment_goes_all_the_way(kit):
    stored = kit.start(2_500_000)
    hint = kit.come_back(stored)
    stored = replace(stored, bank_reference=hint.bank_reference)

    confirmed = kit.adapter.confirm(stored)
    settled = kit.adapter.settle(stored)

    assert (hint.claim, hint.token) == (Claim.PAID, stored.token)
    assert (confirmed.kind, settled.kind) == (Kind.CONFIRMED, Kind.DONE)
    books = kit.bank.payment(stored.token)
    assert (books["state"], books["charged"]) == ("settled", 2_500_000)
    assert books["reference"] == (confirmed.bank_reference or stored.bank_reference)


def test_the_redirect_leads_to_the_host_that_pages_allow(kit):
    outcome = kit.adapter.start(kit.intent())

    parts = urlsplit(outcome.redirect.url)
    assert kit.gateway.hosts == (f"{parts.scheme}://{parts.netloc}",)
    assert outcome.token in (outcome.redirect.url + "".join(outcome.redirect.fields.values()))


def test_a_second_confirm_says_the_same_money_again(kit):
    stored, first = kit.confirmed()

    again = kit.adapter.confirm(stored)

    assert again.kind is Kind.ALREADY_CONFIRMED
    assert again.bank_reference == first.bank_reference


def test_eight_confirms_at_once_are_one_confirmation(kit):
    stored = kit.paid()

    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(lambda _: kit.adapter.confirm(stored).kind, range(8)))

    assert sorted(kinds) == sorted([Kind.CONFIRMED] + [Kind.ALREADY_CONFIRMED] * 7)


def test_who_cancels_has_not_paid(kit):
    stored = kit.start()

    hint = kit.come_back(stored, "cancel")

    assert (hint.claim, hint.bank_reference) == (Claim.CANCELLED, None)
    assert kit.adapter.confirm(stored).kind is Kind.NOT_PAID


def test_who_is_still_on_the_pay_page_has_not_failed(kit):
    stored = kit.start()

    kinds = {kit.adapter.confirm(stored).kind, kit.adapter.inquire(stored).kind}

    assert kinds <= {Kind.OPEN, Kind.NOT_FOUND}


def test_a_forged_return_confirms_nothing(kit):
    stored = replace(kit.start(), bank_reference="150000000001")

    outcome = kit.adapter.confirm(stored)

    assert outcome.kind in {Kind.OPEN, Kind.NOT_FOUND}
    assert kit.bank.payment(stored.token)["state"] == "open"


def test_a_payment_nobody_started_is_not_found(kit):
    stored = replace(kit.paid(), order_number=4, token="A" + "x" * 35, bank_reference=None)

    assert kit.adapter.confirm(stored).kind is Kind.NOT_FOUND
    assert kit.adapter.recover(stored).kind is Kind.NOT_FOUND


@pytest.mark.parametrize("fault", [*NOISE, *NOISE_AFTER])
def test_noise_instead_of_a_confirmation_is_unknown_and_the_next_call_finds_the_truth(kit, fault):
    stored = kit.paid()
    kit.break_next("confirm", fault)

    noise = kit.adapter.confirm(stored)
    then = kit.adapter.confirm(stored)

    assert noise.kind is Kind.UNKNOWN
    expected = Kind.ALREADY_CONFIRMED if fault in NOISE_AFTER else Kind.CONFIRMED
    assert then.kind is expected


@pytest.mark.parametrize("fault", [*NOISE, *NOISE_AFTER])
def test_a_start_is_sent_once_whatever_comes_back(kit, fault):
    kit.break_next("start", fault)
    intent = kit.intent()

    outcome = kit.adapter.start(intent)

    assert (outcome.kind, outcome.token) == (Kind.UNKNOWN, None)
    booked = kit.bank.admin.get(f"payments?order_number={intent.order_number}")
    assert len(booked) == (1 if fault in NOISE_AFTER else 0)


@pytest.mark.parametrize("step", ["settle", "inquire", "recover", "reverse"])
@pytest.mark.parametrize("fault", ["drop_after", "html_500", "unlisted_code", "truncate"])
def test_noise_in_any_other_step_is_unknown(kit, step, fault):
    if step == "settle" and not kit.gateway.manifest.needs_settle:
        return
    stored, _ = kit.confirmed()
    kit.break_next(step, fault)

    assert getattr(kit.adapter, step)(stored).kind is Kind.UNKNOWN


def test_a_bank_that_says_wait_is_quoted(kit):
    kit.break_next("confirm", "busy")

    assert kit.adapter.confirm(kit.paid()).retry_after_seconds == 7


@pytest.mark.parametrize("fault", ["delay_after", "drip"])
def test_a_slow_bank_holds_nobody_beyond_the_deadline(kit, fault):
    stored = kit.paid()
    kit.break_next("confirm", fault, seconds=6)

    began = time.monotonic()
    outcome = kit.adapter.confirm(stored)

    assert outcome.kind is Kind.UNKNOWN
    assert time.monotonic() - began < 2.6
    assert kit.adapter.confirm(stored).kind is Kind.ALREADY_CONFIRMED


def test_a_bank_that_is_down_is_unknown(kit):
    nowhere = replace(kit.bank, base_url="http://127.0.0.1:1")  # nobody listens there
    adapter = opened(kit.slug, nowhere, []).adapter

    outcome = adapter.confirm(StoredPayment(1, 1_000, "A" + "x" * 35, "5"))

    assert outcome.kind is Kind.UNKNOWN
    assert outcome.evidence["silence"] == "not_connected"


def test_numbers_in_persian_digits_are_numbers(kit):
    stored = kit.paid()
    kit.break_next("confirm", "persian_digits")

    outcome = kit.adapter.confirm(stored)

    assert outcome.kind is Kind.CONFIRMED
    assert (outcome.bank_reference or "").isascii()


def test_the_browser_that_never_came_back_is_found_by_the_bank(kit):
    stored = kit.start()
    kit.bank.play(stored.token, "close")

    found = kit.adapter.recover(stored)
    confirmed = kit.adapter.confirm(stored)

    assert found.kind is Kind.AWAITS_CONFIRM
    assert confirmed.kind is Kind.CONFIRMED
    assert confirmed.bank_reference == kit.bank.payment(stored.token)["reference"]


def test_another_amount_than_asked_shows(kit):
    stored = kit.start(2_500_000)
    hint = kit.come_back(stored, "other")

    outcome = kit.adapter.confirm(replace(stored, bank_reference=hint.bank_reference))

    if kit.gateway.manifest.binds_amount is Binds.REQUEST:
        assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "-50")
    else:
        assert hint.amount_rial == 2_501_000


def test_wrong_credentials_are_ours_to_mend(kit):
    other = (
        {"password": Secret("other")}
        if kit.slug == "mellat"
        else {"merchant_id": Secret("not-a-merchant")}
    )
    stranger = opened(kit.slug, kit.bank, [], **other).adapter
    stored = kit.paid()

    assert kit.adapter.check().kind is Kind.DONE
    assert stranger.check().kind is Kind.CONFIG_ERROR
    assert stranger.start(kit.intent()).kind is Kind.CONFIG_ERROR
    assert stranger.confirm(stored).kind is Kind.CONFIG_ERROR
    assert kit.bank.payment(stored.token)["state"] == "paid"


def test_a_payment_of_another_terminal_is_not_ours(kit):
    stored = kit.paid()
    other = (
        {"terminal_id": "7009"}
        if kit.slug == "mellat"
        else {"merchant_id": Secret("22222222-2222-4222-8222-222222222222")}
    )
    neighbour = opened(kit.slug, kit.bank, [], **other).adapter

    assert neighbour.confirm(stored).kind is Kind.NOT_FOUND


def test_a_confirmed_payment_goes_back_once(kit):
    stored, _ = kit.confirmed()

    kinds = [kit.adapter.reverse(stored).kind for _ in range(2)]

    assert kinds == [Kind.DONE, Kind.DONE]
    assert kit.adapter.inquire(stored).kind is Kind.RETURNED
    assert kit.bank.payment(stored.token)["state"] == "reversed"


def test_a_check_moves_no_money(kit):
    before = kit.bank.admin.get("payments")

    kit.adapter.check()

    assert kit.bank.admin.get("payments") == before


def test_no_secret_is_ever_shown(kit):
    kit.confirmed()
    kit.break_next("confirm", "unlisted_code")
    outcome = kit.adapter.confirm(kit.paid())

    shown = f"{kit.journal} {kit.gateway} {kit.adapter!r} {outcome}"

    assert len(kit.journal) >= 8
    assert "•••" in shown
    for secret in ("hushhush", MERCHANT):
        assert secret not in shown


def test_a_journal_without_masks_would_show_the_secret(kit):
    seen = []
    bare = HttpTransport("bare", journal=seen.append)
    plain = {
        "terminal_id": "7001",
        "username": "u",
        "password": "x-secret-x",
        "merchant_id": MERCHANT,
    }

    known_adapters()[kit.slug](plain, bare, kit.bank.base_url).check()

    assert any(word in entry.text for entry in seen for word in ("x-secret-x", MERCHANT))


_texts = st.dictionaries(
    st.sampled_from(
        [
            "RefId",
            "refid",
            "ResCode",
            "SaleOrderId",
            "SaleReferenceId",
            "FinalAmount",
            "CardHolderPan",
            "Authority",
            "Status",
            "x",
        ]
    ),
    st.text(max_size=50),
)


@given(query=_texts, form=_texts, body=st.binary(max_size=50))
@pytest.mark.parametrize("factory", [Mellat, Zarinpal])
def test_whatever_a_browser_brings_is_read_without_an_error(factory, query, form, body):
    settings = {"terminal_id": "1", "username": "u", "password": "p", "merchant_id": "m"}

    hint = factory(settings, HttpTransport()).read_return("POST", query, form, body)

    assert isinstance(hint, Hint)
    assert hint.bank_reference is None or hint.bank_reference.isascii()


@pytest.mark.parametrize("factory", known_adapters().values(), ids=known_adapters().keys())
def test_a_manifest_is_complete(factory):
    manifest = factory.manifest

    assert manifest.name_fa
    assert manifest.name_en.isascii()
    assert all(asked.label_fa and asked.label_en.isascii() for asked in manifest.settings)
    assert Binds.NOTHING not in {manifest.binds_amount} & {manifest.binds_order}
    assert manifest.confirm_window > timedelta(minutes=5)
    assert 0 < manifest.amount_rial_min < manifest.amount_rial_max
    assert manifest.source
    assert all(url.startswith("https://") for url in manifest.base_urls)

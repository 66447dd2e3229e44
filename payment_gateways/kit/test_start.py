"""Beginning a payment: amounts, one call, the way to the pay page, what is written on it."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from payment_gateways.contract import Kind
from payment_gateways.kit.bench import SECRET_KINDS, Bench, at_utc
from payment_gateways.kit.wires import Rerouted
from payment_gateways.registry import load_adapter

NOTHING_BOOKED = ("drop_before", "html_500", "html_200", "redirect", "busy", "huge")
BOOKED = ("drop_after", "html_500_after", "truncate")

# Moments at which a date or a time is easily written wrong, with the day that it is in Tehran.
MOMENTS = {
    "00:05 of the year's first day": ("2026-03-20T20:35:09", "2026-03-21", "000509"),
    "09:05": ("2026-04-01T05:35:03", "2026-04-01", "090503"),
    "a Friday": ("2026-04-03T08:00:00", "2026-04-03", "113000"),
    "the last evening of the year": ("2026-03-20T19:59:59", "2026-03-20", "232959"),
    "a new year elsewhere": ("2025-12-31T22:10:00", "2026-01-01", "014000"),
}


@pytest.mark.case(2)
@pytest.mark.parametrize("amount_rial", [1_000_000, 2_345_670, 98_765_430])
def test_the_bank_is_asked_for_exactly_our_rials(bench: Bench, amount_rial: int) -> None:
    stored = bench.paid(amount_rial)

    books = bench.bank.payment(stored.token or "")

    assert (books["amount"], books["charged"]) == (amount_rial, amount_rial)


@pytest.mark.case(3)
@pytest.mark.parametrize("more_rial", [1, 5, 9])
def test_what_cannot_be_said_exactly_is_refused_and_never_rounded(
    bench: Bench, more_rial: int
) -> None:
    intent = bench.intent(2_500_000 + more_rial)

    with bench.counting() as calls:
        outcome = bench.adapter.start(intent)

    if intent.amount_rial % bench.manifest.amount_rial_step:
        assert (outcome.kind, calls) == (Kind.REFUSED, [])
        assert outcome.reason_fa
        assert outcome.reason_en
    else:
        assert outcome.kind is Kind.STARTED
        assert bench.bank.payment(outcome.token or "")["amount"] == intent.amount_rial


@pytest.mark.case(4)
def test_the_smallest_and_the_largest_amount_can_be_paid(bench: Bench) -> None:
    manifest = bench.manifest

    for amount_rial in (manifest.amount_rial_min, manifest.amount_rial_max):
        stored = bench.paid(amount_rial)
        outcome = bench.adapter.confirm(stored)
        assert outcome.amount_rial in {None, amount_rial}
        assert bench.bank.payment(stored.token or "")["charged"] == amount_rial
        assert bench.is_final_at_bank(stored)


@pytest.mark.case(4)
def test_beyond_the_limits_nothing_is_cut_to_fit(bench: Bench) -> None:
    step = bench.manifest.amount_rial_step

    for amount_rial in (
        bench.manifest.amount_rial_min - step,
        bench.manifest.amount_rial_max + step,
    ):
        outcome = bench.adapter.start(bench.intent(amount_rial))
        assert outcome.kind in {Kind.STARTED, Kind.REFUSED, Kind.UNKNOWN}, outcome
        if outcome.kind is Kind.STARTED:
            assert bench.bank.payment(outcome.token or "")["amount"] == amount_rial


@pytest.mark.case(9)
@pytest.mark.parametrize("fault", [*NOTHING_BOOKED, *BOOKED, "unlisted_code"])
def test_a_start_is_sent_once_whatever_comes_back(bench: Bench, fault: str) -> None:
    intent = bench.intent()
    bench.break_next("start", fault)

    with bench.counting() as calls:
        outcome = bench.adapter.start(intent)

    assert (outcome.kind, outcome.token, outcome.redirect) == (Kind.UNKNOWN, None, None)
    assert bench.calls_of(calls, "start") == 1
    assert len(bench.bank.payments_of(intent.order_number)) == (1 if fault in BOOKED else 0)


@pytest.mark.case(9)
@pytest.mark.parametrize("fault", ["body", "without_reference", "nulls", "lists"])
def test_a_start_without_a_token_is_no_start(bench: Bench, fault: str) -> None:
    with bench.spoiling(fault, body="{}"):
        outcome = bench.adapter.start(bench.intent())

    is_whole = outcome.token and outcome.redirect and outcome.token.isprintable()
    assert outcome.kind is Kind.UNKNOWN or is_whole, outcome
    assert outcome.kind is not Kind.UNKNOWN or outcome.redirect is None


@pytest.mark.case(44)
@pytest.mark.parametrize("moment", MOMENTS)
def test_dates_and_times_are_those_of_tehran(bench: Bench, moment: str) -> None:
    utc, day, clock = MOMENTS[moment]
    at = at_utc(utc)

    outcome = bench.adapter.start(bench.intent(at=at))

    assert outcome.kind is Kind.STARTED, outcome
    said = "".join(entry.text + entry.url for entry in bench.journal if entry.step == "request")
    for theirs, ours in (
        (f"{at:%Y-%m-%d}", day),
        (f"{at:%Y/%m/%d}", day.replace("-", "/")),
        (f"{at:%Y%m%d}", day.replace("-", "")),
        (f"{at:%H%M%S}", clock),
    ):
        assert theirs == ours or theirs not in said or ours in said
    if outcome.expires_at is not None:
        assert outcome.expires_at > at
        assert outcome.expires_at.utcoffset() == timedelta(0)


@pytest.mark.case(45)
def test_the_redirect_leads_to_the_host_that_pages_allow(bench: Bench) -> None:
    outcome = bench.adapter.start(bench.intent(mobile="09121234567"))

    assert outcome.redirect is not None
    parts = urlsplit(outcome.redirect.url)
    assert f"{parts.scheme}://{parts.netloc}" in bench.gateway.hosts
    carried = outcome.redirect.url + "".join(outcome.redirect.fields.values())
    assert outcome.token
    assert outcome.token in carried


@pytest.mark.case(45)
def test_at_the_real_bank_the_donor_goes_to_a_secure_address(bench: Bench) -> None:
    """Without a test host every address is the bank's own, though the calls end here."""
    net = Rerouted(bench.bank.base_url)
    adapter = load_adapter(bench.name)(bench.bank.settings(bench.slug, bench.terminal), net)

    outcome = adapter.start(bench.intent())

    assert outcome.redirect is not None, outcome
    assert all(url.startswith("https://") for url in net.urls), net.urls
    parts = urlsplit(outcome.redirect.url)
    assert parts.scheme == "https"
    assert f"{parts.scheme}://{parts.netloc}" in adapter.manifest.base_urls


@pytest.mark.case(45)
def test_what_the_donor_carries_to_the_bank_is_clean(bench: Bench) -> None:
    nasty = "\"><script>alert('1')</script>&\r\nX: y"
    intent = bench.intent(description=nasty, return_url="https://example.ir/back?a=1&b=%22%3E")

    outcome = bench.adapter.start(intent)

    assert outcome.redirect is not None, outcome
    redirect = outcome.redirect
    assert redirect.url.isascii()
    assert not set("\"'<> \r\n\t") & set(redirect.url)
    assert redirect.method == "POST" or not redirect.fields
    assert all(
        isinstance(value, str) and name.isidentifier() for name, value in redirect.fields.items()
    )
    carried = redirect.url + " ".join(redirect.fields.values())
    assert not [secret for secret in bench.secrets if secret in carried]


@pytest.mark.case(46)
@pytest.mark.parametrize(
    "text",
    ["مشارکت در ساخت سرای سالمندان " * 80, "💚" * 1_000, "<b>&\"'</b>" * 200, "", "   "],
    ids=["long", "beyond the basic plane", "markup", "empty", "blanks"],
)
def test_a_description_is_cut_between_characters(bench: Bench, text: str) -> None:
    outcome = bench.adapter.start(bench.intent(description=text))

    assert outcome.kind is Kind.STARTED, outcome
    written = str(bench.bank.payment(outcome.token or "")["description"])
    assert "\ufffd" not in written
    assert not text.strip() or _is_cut_out_of(text, written.rstrip("…"))


@pytest.mark.case(45)
def test_the_settings_that_pages_show_hold_no_secret(bench: Bench) -> None:
    shown = [
        bench.bank.settings(bench.slug, bench.terminal).get(asked.name, "")
        for asked in bench.manifest.settings
        if asked.kind not in SECRET_KINDS
    ]

    assert not set(shown) & set(bench.secrets)


def _is_cut_out_of(text: str, written: str) -> bool:
    """Whether what is written are characters of the text, in its order."""
    rest = iter(text)
    return all(character in rest for character in written)

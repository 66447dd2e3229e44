"""The rules of the only way out, each against a real socket that behaves badly."""

import ssl
import time
from pathlib import Path

import pytest
import requests
from urllib3.util.retry import Retry

from payment_gateways.masking import Masking, Secret, masked_card
from payment_gateways.transport import HttpTransport, Limits, Quiet, Reply, Silence
from tests.payment_gateways.loopback import answering, http

TLS = Path(__file__).parent / "goldens" / "tls"
QUICK = Limits(connect_seconds=1, read_seconds=0.5, deadline_seconds=1)


def post(net, url, body=b"x"):
    return net.call("POST", url, body, operation="any", headers={})


def test_an_answer_comes_back_whatever_its_status():
    with answering(http("no", "503 Busy", "Retry-After: 7")) as bank:
        reply = post(HttpTransport(limits=QUICK), f"{bank.base_url}/a?b=1")

    assert reply == Reply(503, b"no", retry_after_seconds=7)
    assert bank.requests[0].startswith(b"POST /a?b=1 HTTP/1.1\r\n")


def test_a_post_whose_connection_dies_is_sent_once():
    with answering(b"") as bank:
        answer = post(HttpTransport(limits=QUICK), f"{bank.base_url}/")

    assert answer == Silence(Quiet.BROKEN_OFF)
    assert len(bank.requests) == 1


def test_the_usual_retry_setting_would_send_it_again():
    session = requests.Session()
    session.mount(
        "http://", requests.adapters.HTTPAdapter(max_retries=Retry(3, allowed_methods=None))
    )

    with answering(b"") as bank, pytest.raises(requests.ConnectionError):
        session.post(f"{bank.base_url}/", timeout=1)

    assert len(bank.requests) == 4


def test_a_redirect_is_not_followed():
    with answering(http("", "302 Found", "Location: /elsewhere")) as bank:
        reply = post(HttpTransport(limits=QUICK), f"{bank.base_url}/")

    assert reply == Reply(302, b"")
    assert len(bank.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [http("x" * 200), b"H" * 200, b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 50],
    ids=["body", "status line", "header lines"],
)
def test_a_dripping_server_cannot_outlast_the_deadline(answer):
    with answering(answer, pause_seconds=0.05) as bank:
        began = time.monotonic()
        silence = post(HttpTransport(limits=QUICK), f"{bank.base_url}/")

    assert silence == Silence(Quiet.TIMED_OUT)
    assert time.monotonic() - began < 1.5


def test_a_pause_longer_than_the_read_time_ends_the_call():
    with answering(http("x"), pause_seconds=0.8) as bank:
        assert post(HttpTransport(limits=QUICK), f"{bank.base_url}/") == Silence(Quiet.TIMED_OUT)


@pytest.mark.parametrize(("size", "is_read"), [(1_000, True), (1_001, False)])
def test_a_body_is_read_up_to_the_cap(size, is_read):
    limits = Limits(body_bytes=1_000)
    with answering(http("x" * size)) as bank:
        answer = post(HttpTransport(limits=limits), f"{bank.base_url}/")

    assert isinstance(answer, Reply) is is_read
    assert is_read or answer == Silence(Quiet.TOO_LONG)


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"\x00\xff\xfe", b"HTTP/1.1 abc\r\n\r\n"],
    ids=["cut short", "no HTTP", "no status"],
)
def test_what_is_no_whole_answer_is_silence(answer):
    with answering(answer.replace(b"Content-Length", b"content-length")) as bank:
        assert post(HttpTransport(limits=QUICK), f"{bank.base_url}/") == Silence(Quiet.BROKEN_OFF)


def test_nobody_listening_is_known_not_to_have_heard():
    assert post(HttpTransport(limits=QUICK), "http://127.0.0.1:1/") == Silence(Quiet.NOT_CONNECTED)


@pytest.fixture(scope="module")
def self_signed():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "nobody.pem", TLS / "nobody.key.pem")
    return context


def test_a_certificate_nobody_vouches_for_is_refused(self_signed):
    with answering(http("x"), tls=self_signed) as bank:
        assert post(HttpTransport(limits=QUICK), f"{bank.base_url}/") == Silence(Quiet.TLS)

    assert not bank.requests


def test_a_certificate_we_name_ourselves_is_taken(self_signed):
    net = HttpTransport(limits=QUICK, ca_file=str(TLS / "nobody.pem"))
    with answering(http("x"), tls=self_signed) as bank:
        assert post(net, f"{bank.base_url}/") == Reply(200, b"x")


def test_the_deadline_holds_over_tls_too(self_signed):
    net = HttpTransport(limits=QUICK, ca_file=str(TLS / "nobody.pem"))
    with answering(http("x" * 200), tls=self_signed, pause_seconds=0.05) as bank:
        assert post(net, f"{bank.base_url}/") == Silence(Quiet.TIMED_OUT)


def test_a_connection_is_kept_for_the_next_call():
    net = HttpTransport(limits=QUICK)
    with answering(http("x")) as bank:
        for _ in range(3):
            post(net, f"{bank.base_url}/")

    assert (len(bank.requests), bank.connections) == (3, 1)


def test_a_connection_that_rested_too_long_is_not_used_again():
    clock = [0.0]
    net = HttpTransport(stopwatch=lambda: clock[0])
    with answering(http("x")) as bank:
        for waited in (0, 4, 6):
            clock[0] += waited
            post(net, f"{bank.base_url}/")

    assert (len(bank.requests), bank.connections) == (3, 2)


def test_nothing_is_taken_from_the_environment(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    with answering(http("x")) as bank:
        reply = post(HttpTransport(limits=QUICK), f"{bank.base_url}/")

    assert reply == Reply(200, b"x")
    assert b"uthorization" not in bank.requests[0]


def test_the_journal_holds_both_halves_masked():
    entries = []
    net = HttpTransport("main", secrets=[Secret("tüp&secret")], journal=entries.append)
    with answering(http('{"pan":"6104337913882187","echo":"t\\u00fcp&secret"}')) as bank:
        post(net, f"{bank.base_url}/", "tüp&amp;secret 09121234567".encode())

    sent, got = entries
    assert (sent.step, sent.gateway, sent.text) == ("request", "main", "••• 0912•••4567")
    assert (got.step, got.status, got.text) == (
        "answer", 200, '{"pan":"610433******2187","echo":"•••"}',
    )  # fmt: skip


def test_silence_is_in_the_journal_too():
    entries = []
    post(HttpTransport(journal=entries.append), "http://127.0.0.1:1/")

    assert [entry.silence for entry in entries] == ["", "not_connected"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("6104 3379 1388 2187", "610433******2187"),
        ("6104337913882188", "6104337913882188"),  # no card: its check digit is wrong
        ("140400000123", "140400000123"),
        ("989121234567", "98912•••4567"),
    ],
)
def test_cards_and_mobiles_are_masked_and_order_numbers_are_not(text, shown):
    assert Masking()(text) == shown


def test_a_short_password_is_masked_as_a_word_only():
    assert Masking([Secret("p")])("<userPassword>p</userPassword> paid") == (
        "<userPassword>•••</userPassword> paid"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("610433******2187", "610433******2187"),
        ("6104337913882187", "610433******2187"),
        ("۶۱۰۴-۳۳۷۹-۱۳۸۸-۲۱۸۷", "610433******2187"),
        ("610433####2187", "610433******2187"),
        ("************2187", "************2187"),
        ("nobody", None),
        ("", None),
    ],
)
def test_a_card_number_keeps_ten_digits_at_most(text, shown):
    assert masked_card(text) == shown


def test_a_secret_shows_itself_to_nobody():
    secret = Secret("hush")

    assert "hush" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hush"

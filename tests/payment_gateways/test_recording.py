"""The calls behind an outcome: heard in the thread that asked, masked, and nowhere else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

from payment_gateways.accounts import GatewayAccount
from payment_gateways.contract import PaymentIntent
from payment_gateways.masking import Secret
from payment_gateways.registry import open_gateway
from tests.payment_gateways.loopback import answering, http


def gateway_at(base_url, **more):
    account = GatewayAccount(
        name="mellat-test",
        adapter="mellat",
        account="90190",
        settings={"terminal_id": "7001", "username": "u", "password": Secret("hushhush")},
        base_url=base_url,
        numbers={"connect_seconds": 1, "read_seconds": 1, "deadline_seconds": 2},
    )
    return open_gateway(account, **more)


def intent(order_number=1):
    return PaymentIntent(order_number, 10_000, "http://127.0.0.1:9/r", "", datetime.now(UTC))


def test_a_call_is_heard_with_request_and_answer_and_without_secrets():
    entries = []
    with answering(http("no xml, but 6104337913882187")) as bank:
        gateway = gateway_at(bank.base_url, journal=entries.append)
        with gateway.recorder.calls() as calls:
            gateway.adapter.start(intent())

    (call,) = calls
    assert (call.gateway, call.operation, call.status) == ("mellat-test", "bpPayRequest", 200)
    assert call.url.startswith("http://127.0.0.1:")
    assert "<amount>10000</amount>" in call.request
    assert call.answer == "no xml, but 610433******2187"
    assert call.silence == ""
    assert call.waited_seconds > 0
    assert "hushhush" not in str(call)
    assert [entry.step for entry in entries] == ["request", "answer"]


def test_silence_is_heard_too():
    gateway = gateway_at("http://127.0.0.1:1")
    with gateway.recorder.calls() as calls:
        gateway.adapter.start(intent())

    assert [(call.status, call.silence) for call in calls] == [(None, "not_connected")]


def test_outside_a_block_nothing_is_kept_and_an_inner_block_hears_its_own():
    gateway = gateway_at("http://127.0.0.1:1")
    gateway.adapter.start(intent())
    with gateway.recorder.calls() as outer:
        with gateway.recorder.calls() as inner:
            gateway.adapter.start(intent())
        gateway.adapter.start(intent())
    gateway.adapter.start(intent())

    assert (len(outer), len(inner)) == (1, 1)


def test_threads_do_not_hear_each_other():
    gateway, together = gateway_at("http://127.0.0.1:1"), Barrier(8)

    def ask(order_number):
        together.wait()
        with gateway.recorder.calls() as calls:
            for _again in range(5):
                gateway.adapter.start(intent(order_number))
        return [f"<orderId>{order_number}</orderId>" in call.request for call in calls]

    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(ask, range(100, 108)))

    assert heard == [[True] * 5] * 8

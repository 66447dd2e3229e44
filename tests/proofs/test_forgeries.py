"""What a forger sends changes nothing; ``tests.proofs.forgeries`` sends as much as one likes."""

import flows.paying
from flows.receiving import receive_payment
from tests.proofs.forgeries import storm


def test_forged_and_replayed_returns_move_nothing(database_url, tmp_path, sandbox_bank):
    report = storm(database_url, tmp_path, sandbox_bank, callbacks=1_500, seed=11)

    assert report.failures == []
    assert report.answers[303] > 1_000


def test_twin_a_house_that_believes_browsers_is_caught(
    database_url, tmp_path, sandbox_bank, monkeypatch
):
    def believe(session, payment, _hint, *, now):
        if not payment.is_final:
            receive_payment(session, payment, now=now)
        return False

    monkeypatch.setattr(flows.paying, "record_return", believe)

    report = storm(database_url, tmp_path, sandbox_bank, callbacks=60, seed=11)

    assert report.failures

"""A till for proofs: gifts between our rows and a real bank, in the test's own process."""

import pytest

from tests.flows.test_paying import Till


@pytest.fixture
def till(database, paying_gateways, sandbox_bank):
    yield Till(database, paying_gateways, sandbox_bank)
    sandbox_bank.mend()

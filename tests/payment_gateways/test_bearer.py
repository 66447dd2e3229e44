"""The access token that threads share: one log-in at a time, one renewal and one repeat a call."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from payment_gateways.bearer import AccessToken, Bearer
from payment_gateways.contract import Kind, Outcome

THREADS = 8


class Bank:
    """Hands out tokens and knows which of them it lets in."""

    def __init__(self, lives_seconds=600.0, failing=0, takes_seconds=0.0):
        self.lives_seconds, self.failing, self.takes_seconds = lives_seconds, failing, takes_seconds
        self.log_ins, self.at_once, self.most_at_once, self.asked = 0, 0, 0, []
        self.refused = set()
        self.lock = threading.Lock()

    def log_in(self):
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        time.sleep(self.takes_seconds)
        with self.lock:
            self.at_once -= 1
            self.log_ins += 1
            if self.failing:
                self.failing -= 1
                return Outcome(Kind.UNKNOWN)
            return AccessToken(f"t{self.log_ins}", self.lives_seconds)

    def ask(self, token):
        self.asked.append(token.text)
        return "no" if token.text in self.refused else "yes"

    def refuses(self, answer):
        return answer == "no"


def at_once(bearer, bank):
    start = threading.Barrier(THREADS)

    def one(_):
        start.wait()
        return bearer.call(bank.ask, bank.refuses)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_a_token_is_kept_until_its_end():
    bank, clock = Bank(), [0.0]
    bearer = Bearer(bank.log_in, stopwatch=lambda: clock[0])

    for moment in (0.0, 500.0, 569.0, 571.0, 1_000.0):
        clock[0] = moment
        assert bearer.call(bank.ask, bank.refuses) == "yes"

    assert bank.asked == ["t1", "t1", "t1", "t2", "t2"]


def test_a_refused_token_is_renewed_and_the_call_repeated_once():
    bank = Bank()
    bearer = Bearer(bank.log_in)
    bearer.call(bank.ask, bank.refuses)
    bank.refused = {"t1"}

    answer = bearer.call(bank.ask, bank.refuses)

    assert (answer, bank.asked, bank.log_ins) == ("yes", ["t1", "t1", "t2"], 2)


def test_a_bank_that_refuses_every_token_is_asked_twice_and_no_more():
    bank = Bank()
    bearer = Bearer(bank.log_in)
    bank.refused = {"t1", "t2", "t3"}

    answer = bearer.call(bank.ask, bank.refuses)

    assert (answer, bank.asked, bank.log_ins) == ("no", ["t1", "t2"], 2)


def test_eight_threads_that_begin_together_log_in_once():
    bank = Bank(takes_seconds=0.1)
    bearer = Bearer(bank.log_in)

    assert at_once(bearer, bank) == ["yes"] * THREADS
    assert (bank.log_ins, bank.most_at_once) == (1, 1)


def test_eight_threads_whose_token_is_refused_log_in_once():
    bank = Bank(takes_seconds=0.1)
    bearer = Bearer(bank.log_in)
    bearer.call(bank.ask, bank.refuses)
    bank.refused = {"t1"}

    assert at_once(bearer, bank) == ["yes"] * THREADS
    assert bank.log_ins == 2


def test_eight_threads_share_the_reason_why_there_is_no_token():
    bank = Bank(failing=1, takes_seconds=0.2)
    bearer = Bearer(bank.log_in)

    answers = at_once(bearer, bank)

    assert [answer.kind for answer in answers] == [Kind.UNKNOWN] * THREADS
    assert (bank.log_ins, bank.asked) == (1, [])
    assert bearer.call(bank.ask, bank.refuses) == "yes"


def test_a_log_in_that_raises_holds_nobody_up():
    bank = Bank()

    def log_in():
        bank.log_in()
        if bank.log_ins == 1:
            raise ZeroDivisionError
        return AccessToken("late", 600)

    bearer = Bearer(log_in)

    with pytest.raises(ZeroDivisionError):
        bearer.call(bank.ask, bank.refuses)
    assert bearer.call(bank.ask, bank.refuses) == "yes"


def test_a_token_does_not_show_itself():
    assert "hushhush" not in repr(AccessToken("hushhush", 1))

"""Turns at writing to one file: between threads, between processes, and after a death."""

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from core.database import Database
from core.turns import WriteTurns

_SPAWN = multiprocessing.get_context("spawn")
_FORK = multiprocessing.get_context("fork")


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "house.db"


def _take_and_tell(path, pipe):
    with WriteTurns(path).taken():
        pipe.send("mine")
        pipe.recv()


def _holder(path, context=_SPAWN):
    """Another process that has the turn."""
    ours, theirs = context.Pipe()
    process = context.Process(target=_take_and_tell, args=(path, theirs))
    process.start()
    assert ours.recv() == "mine"
    return process, ours


def _taken_soon(turns, seconds) -> bool:
    """Whether another thread gets the turn within so many seconds."""
    taken = threading.Event()

    def take() -> None:
        with turns.taken():
            taken.set()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return taken.wait(seconds)


def test_one_process_waits_for_the_other(path):
    process, pipe = _holder(path)
    turns = WriteTurns(path)
    waiter = threading.Thread(target=_taken_soon, args=(turns, 60))
    waiter.start()
    waiter.join(0.3)
    is_waiting = waiter.is_alive()
    pipe.send("done")
    waiter.join(30)
    process.join(30)
    assert (is_waiting, waiter.is_alive()) == (True, False)


def test_whoever_dies_with_the_turn_leaves_it(path):
    process, _pipe = _holder(path)
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert _taken_soon(WriteTurns(path), 30)


def test_a_thread_that_has_the_turn_may_take_it_again(path):
    turns = WriteTurns(path)
    with turns.taken():
        with turns.taken():
            pass
        assert not _taken_soon(turns, 0.2)
    assert _taken_soon(turns, 30)


def test_the_inner_turn_does_not_give_the_outer_one_away(path):
    turns = WriteTurns(path)
    with turns.taken():
        with turns.taken():
            pass
        assert not _taken_soon(WriteTurns(path), 0.2)


def test_a_forked_process_does_not_share_the_turn_of_its_parent(path):
    turns = WriteTurns(path)
    with turns.taken():
        pass  # the file is open now, and the child inherits it
    process, pipe = _holder_by_fork(turns)
    try:
        assert not _taken_soon(turns, 0.3)
    finally:
        pipe.send("done")
        process.join(30)


def _keep(turns, pipe):
    with turns.taken():
        pipe.send("mine")
        pipe.recv()


def _holder_by_fork(turns):
    ours, theirs = _FORK.Pipe()
    process = _FORK.Process(target=_keep, args=(turns, theirs))
    process.start()
    assert ours.recv() == "mine"
    return process, ours


def test_writers_of_one_file_use_one_turn(tmp_path):
    url = f"sqlite:///{tmp_path / 'house.db'}"
    one, other = Database(url), Database(url)
    with one.writing():
        thread = threading.Thread(target=_write, args=(other,))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(30)
    assert not thread.is_alive()


def _write(database):
    with database.writing() as session:
        session.connection()

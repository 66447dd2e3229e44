"""Three processes live and die together."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.supervise import HOST, CannotStart, read_house, refuse_busy_ports, supervise
from tests.deploy.small_house import SmallHouse, free_port


@pytest.fixture
def small_house(tmp_path):
    return SmallHouse(free_port(), free_port(), tmp_path)


def is_alive(process_id):
    """Whether a process runs; one that has ended and waits to be noticed does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_a_busy_port_is_named_with_the_line_that_helps(small_house):
    said = rf"{small_house.port} is in use.*PORT=\d+ make run"
    with socket.create_server((HOST, small_house.port)), pytest.raises(CannotStart, match=said):
        refuse_busy_ports(small_house)

    refuse_busy_ports(small_house)


@pytest.mark.parametrize("port", ["80a", "0", "70000", "۸۰۰۰"])
def test_a_port_that_is_no_port_is_refused(port):
    with pytest.raises(CannotStart, match=f"PORT={port}"):
        read_house({"PORT": port})


def test_ports_and_folder_come_from_the_environment(tmp_path):
    house = read_house({"PORT": "8123", "SANDBOX_PORT": "9123", "INSTANCE_DIR": str(tmp_path)})

    assert (house.web_url, house.sandbox_url) == ("http://127.0.0.1:8123", "http://127.0.0.1:9123")
    assert house.environment()["INSTANCE_DIR"] == str(tmp_path)


def test_a_process_that_ends_takes_the_others_with_it(tmp_path, capfd):
    house = SmallHouse(free_port(), free_port(), tmp_path, worker=("-c", "raise SystemExit(3)"))

    code = supervise(house)

    said = capfd.readouterr()
    assert code == 1
    assert "the worker ended with code 3" in said.err
    assert not [pid for pid in re.findall(r"process (\d+)", said.out) if is_alive(int(pid))]


def started(folder):
    """A small house in a process of its own, once it is ready, and its three processes."""
    command = [sys.executable, "-m", "tests.deploy.small_house", str(folder)]
    supervisor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = []
    for line in supervisor.stdout:
        said.append(line)
        if "ready" in line:
            break
    return supervisor, [int(pid) for pid in re.findall(r"process (\d+)", "".join(said))]


def all_have_ended(processes, *, within_seconds):
    deadline = time.monotonic() + within_seconds
    while any(is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(is_alive(process) for process in processes)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0)])
def test_one_signal_stops_all_three_in_good_order(tmp_path, sent, code):
    supervisor, processes = started(tmp_path)

    with supervisor:
        supervisor.send_signal(sent)

        assert supervisor.wait(timeout=20) == code
        assert len(processes) == 3
        assert all_have_ended(processes, within_seconds=0)


def test_a_supervisor_killed_outright_leaves_nobody_behind(tmp_path):
    supervisor, processes = started(tmp_path)

    with supervisor:
        supervisor.kill()

        assert all_have_ended(processes, within_seconds=10)

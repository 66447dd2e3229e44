"""The conformance kit can fail: bugs of other projects, put into our adapters, are each caught."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from payment_gateways.kit.plugin import CASES, sealed
from tests.payment_gateways.mutants.package import CAUGHT_BY, NAME, SOUND, VERSION, write_package
from tests.payment_gateways.sandbox_process import ROOT

pytestmark = pytest.mark.xdist_group("mutants")
PLUGIN = "payment_gateways.kit.plugin"


def run_kit(folder, *arguments):
    """Run the kit the way another package does: by name, in a folder that knows nothing of us."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=no", "--assert=plain", "-p",
         "no:cacheprovider", "-p", PLUGIN, "--pyargs", "payment_gateways.kit", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # other people's plugins take seconds to load
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """One run over every mutant, each with the case that ought to catch it."""
    folder = tmp_path_factory.mktemp("peers")
    write_package(folder)
    gateways = [f"--gateway={slug}" for slug in (*SOUND, *CAUGHT_BY)]
    ran = run_kit(
        folder,
        "-p", "tests.payment_gateways.mutants.selection",
        "--gateway-report=report.json",
        *gateways,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return {
        one["gateway"]: one for one in json.loads((folder / "report.json").read_text())["gateways"]
    }


@pytest.mark.parametrize("slug", CAUGHT_BY)
def test_a_bug_of_a_peer_is_caught(report, slug):
    assert report[slug]["cases"][str(CAUGHT_BY[slug])] == "failed"
    assert report[slug]["passed"] is False


@pytest.mark.parametrize("slug", SOUND)
def test_without_the_bug_the_same_cases_pass(report, slug):
    cases = report[slug]["cases"]

    assert set(cases) >= {str(case) for case in SOUND[slug]}
    assert set(cases.values()) == {"passed"}


def test_the_report_names_the_package_and_is_sealed(report):
    one = report["sound_zibal"]

    assert (one["distribution"], one["version"], one["contract_version"]) == (NAME, VERSION, 2)
    assert sealed(one) == one
    assert sealed({**one, "version": "0.2"})["sha256"] != one["sha256"]
    assert one["passed"] is False  # not every case was run


def test_pytest_finds_the_kit_by_itself():
    assert PLUGIN in {door.value for door in entry_points(group="pytest11")}


def test_an_unknown_gateway_is_named_with_those_that_are_known(tmp_path):
    ran = run_kit(tmp_path, "--gateway=melat")

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--gateway: melat is not one of" in ran.stderr
    assert "mellat, " in ran.stderr


def test_a_gateway_without_a_simulator_cannot_be_tested(tmp_path):
    ran = run_kit(tmp_path, "--gateway=idpay")

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--gateway: idpay has no simulator" in ran.stderr


def test_a_case_that_there_is_not_is_refused(tmp_path):
    ran = run_kit(tmp_path, f"--gateway-case={max(CASES) + 1}")

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "there is no case 51" in ran.stderr

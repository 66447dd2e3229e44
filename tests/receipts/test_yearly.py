"""The statements of a year: in files, in order, the same again, and whole whatever happens."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pypdfium2
import pytest

from core.settings import ROOT
from donations.models.contribution import Tender
from donations.models.pledge import Channel, Pledge
from donations.pledging import CashItem, DonorFacts
from flows.receiving import receive_at_desk
from receipts.public import yearly
from receipts.public.yearly import NobodyGave, OtherStatements, planned, write_statements
from tests.factories import NOON, a_pledge, a_staff_member, two_void

TODAY = NOON.date()


@pytest.fixture
def clerk_id(database):
    with database.writing() as session:
        return a_staff_member(session).id


def gifts(database, clerk_id, count, *, language="fa", first=0, name="نیکوکار"):
    """A gift of each of so many donors; returns the ids of the contributions."""
    with database.writing() as session:
        return [
            a_gift(session, clerk_id, f"{name} {_letters(number)}", language)
            for number in range(first, first + count)
        ]


def a_gift(session, clerk_id, name, language="fa", rial=1_000_000):
    donor = DonorFacts(name=name, mobile="09121234567")
    pledge = a_pledge(session, CashItem(rial), donor=donor, office="07", channel=Channel.DESK)
    pledge.language = language
    receipt = receive_at_desk(session, pledge, tender=Tender.CASH, staff_id=clerk_id, now=NOON)
    return receipt.contribution_id


def _letters(number):
    """A number as a name, so that it is read back as it was written."""
    return "".join("ابپتثجچحخد"[int(digit)] for digit in f"{number:02d}")


def write(database, folder, **asked):
    plan = planned(database, folder, year=1405, today=TODAY, **asked)
    return list(write_statements(database, folder, plan))


def sums(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in pdfs(folder)}


def pdfs(folder):
    return sorted(folder.glob("*.pdf"))


def text_of(path):
    document = pypdfium2.PdfDocument(path)
    return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def test_each_donor_has_a_statement_and_each_file_no_more_than_asked(database, clerk_id, tmp_path):
    gifts(database, clerk_id, 5)

    done = write(database, tmp_path / "a", per_file=2)

    assert [(each.file.name, each.file.statements) for each in done] == [
        ("1405-fa-0001.pdf", 2),
        ("1405-fa-0002.pdf", 2),
        ("1405-fa-0003.pdf", 1),
    ]
    pages = [page for path in pdfs(tmp_path / "a") for page in text_of(path)]
    assert len(pages) == 5
    assert all(f"نیکوکار {_letters(n)}" in page for n, page in enumerate(pages))


def test_several_gifts_of_a_donor_are_one_statement_and_void_ones_are_left_out(
    database, clerk_id, tmp_path
):
    with database.writing() as session:
        a_gift(session, clerk_id, "مریم", rial=1_111_000)
        a_gift(session, clerk_id, "مریم", rial=2_222_000)
        gone = a_gift(session, clerk_id, "مریم", rial=3_333_000)
        two_void(session, gone)

    (done,) = write(database, tmp_path / "a")

    assert done.file.statements == 1
    (page,) = text_of(tmp_path / "a" / "1405-fa-0001.pdf")
    assert "1405/07/000001" in page or "۱۴۰۵/۰۷/۰۰۰۰۰۱" in page
    assert "۳٬۳۳۳٬۰۰۰" in page  # the sum of the two that stand
    assert "۰۰۰۰۰۳" not in page


def test_languages_have_files_of_their_own(database, clerk_id, tmp_path):
    gifts(database, clerk_id, 2)
    gifts(database, clerk_id, 1, language="en", name="Maryam")

    names = [each.file.name for each in write(database, tmp_path / "a")]

    assert names == ["1405-en-0001.pdf", "1405-fa-0001.pdf"]


def test_the_same_facts_give_the_same_files(database, clerk_id, tmp_path):
    gifts(database, clerk_id, 5)
    for folder in ("a", "b"):
        write(database, tmp_path / folder, per_file=2)

    assert sums(tmp_path / "a") == sums(tmp_path / "b")
    listed = (tmp_path / "a" / "SHA256SUMS").read_text()
    assert listed == "".join(f"{sha}  {name}\n" for name, sha in sums(tmp_path / "a").items())


def test_who_is_asked_again_writes_what_is_missing_and_nothing_else(database, clerk_id, tmp_path):
    gifts(database, clerk_id, 5)
    before = write(database, tmp_path / "a", per_file=2)
    (tmp_path / "a" / "1405-fa-0002.pdf").unlink()
    gifts(database, clerk_id, 3, first=5)  # after the plan: of them the folder says nothing

    after = write(database, tmp_path / "a")

    assert [each.is_new for each in after] == [False, True, False]
    assert [each.sha256 for each in after] == [each.sha256 for each in before]


def test_who_gives_after_the_plan_does_not_slip_into_a_file(database, clerk_id, tmp_path):
    """A promise made before, received after: its donor stands between two others of a file."""
    gifts(database, clerk_id, 1)
    with database.writing() as session:
        donor = DonorFacts(name="دیرآمده", mobile="09121234567")
        late = a_pledge(session, CashItem(1_000), donor=donor, office="07", channel=Channel.DESK)
    gifts(database, clerk_id, 1, first=1)
    (before,) = write(database, tmp_path / "a")
    with database.writing() as session:
        pledge = session.get_one(Pledge, late.id)
        receive_at_desk(session, pledge, tender=Tender.CASH, staff_id=clerk_id, now=NOON)
    (tmp_path / "a" / before.file.name).unlink()

    (after,) = write(database, tmp_path / "a")

    assert after.sha256 == before.sha256


def test_a_mistake_in_the_middle_leaves_no_half_file(database, clerk_id, tmp_path, monkeypatch):
    gifts(database, clerk_id, 3)
    told = []

    def breaks(*asked, **more):
        told.append(asked)
        if len(told) == 2:
            raise OSError(28, "No space left on device")
        return annual_facts(*asked, **more)

    annual_facts = yearly.annual_facts
    monkeypatch.setattr(yearly, "annual_facts", breaks)
    with pytest.raises(OSError, match="No space"):
        write(database, tmp_path / "a")

    assert [path.name for path in (tmp_path / "a").iterdir()] == ["plan.json"]


def test_a_folder_of_another_year_is_refused(database, clerk_id, tmp_path):
    gifts(database, clerk_id, 1)
    write(database, tmp_path / "a")

    with pytest.raises(OtherStatements):
        planned(database, tmp_path / "a", year=1404, today=TODAY)
    (tmp_path / "a" / "plan.json").write_text("{}")
    with pytest.raises(OtherStatements):
        planned(database, tmp_path / "a", year=1405, today=TODAY)


def test_a_year_without_donors_has_no_statements(database, tmp_path):
    with pytest.raises(NobodyGave):
        planned(database, tmp_path / "a", year=1399, today=TODAY)
    assert not (tmp_path / "a").exists()


def annual(database_url, instance, folder):
    """The command in a process of its own."""
    return subprocess.Popen(
        [
            sys.executable, "-m", "flask", "--app", "wsgi", "receipts", "annual", "1405",
            "--folder", str(folder), "--per-file", "1", "--json",
        ],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=os.environ | {"DATABASE_URL": database_url, "INSTANCE_DIR": str(instance)},
    )  # fmt: skip


def test_who_is_killed_in_the_middle_goes_on_to_the_same_files(
    database, database_url, clerk_id, settings, tmp_path
):
    gifts(database, clerk_id, 40)
    instance, killed, whole = settings.instance_dir, tmp_path / "killed", tmp_path / "whole"
    first = annual(database_url, instance, killed)
    while len(pdfs(killed)) < 3 and first.poll() is None:
        time.sleep(0.002)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    left = len(pdfs(killed))

    told = [json.loads(annual(database_url, instance, f).communicate()[0]) for f in (killed, whole)]

    assert 3 <= left < 40
    assert sums(killed) == sums(whole)
    assert told[0]["files"] == told[1]["files"]
    assert len(told[0]["files"]) == told[0]["statements"] == 40
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=killed, capture_output=True, check=False
    )
    assert checked.returncode == 0

"""The days' chain heads: signed, one list a day, checkable with OpenSSL and without us."""

import base64
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from core.hashchain import GENESIS
from core.settings import Settings
from donations.pledging import CashItem
from flows.jobs import handlers
from receipts.life.series import Receipt
from receipts.public import publishing
from receipts.public.heads import PublishedHeads, head_of
from receipts.public.publishing import certificates_pem, publish_heads
from receipts.seals.seal import read_seal
from tests.factories import NOON, a_desk_contribution, a_staff_member

DAY = timedelta(days=1)
MIDNIGHT = NOON + timedelta(hours=12)  # in Tehran, after the day of NOON


@pytest.fixture
def seal(settings):
    return read_seal(settings)


def gifts(database, *days):
    """A receipt of desk 07 at noon of each day, counted from today."""
    with database.writing() as session:
        clerk = session.execute(text("SELECT id FROM staff_member")).scalar()
        clerk = clerk or a_staff_member(session).id
        for day in days:
            now = NOON + day * DAY
            a_desk_contribution(session, CashItem(1_000_000), staff_id=clerk, now=now)


def lists(database):
    with database.reading() as session:
        return session.scalars(select(PublishedHeads).order_by(PublishedHeads.day)).all()


def openssl(published, folder, *, text=None):
    """Whether the command on the page accepts a list."""
    (folder / "heads.json").write_text(text or published.text, "utf-8")
    (folder / "heads.p7s").write_bytes(base64.b64decode(published.signature))
    (folder / "heads.pem").write_text(published.certificates, "ascii")
    command = (
        "openssl cms -verify -binary -inform DER -in heads.p7s -content heads.json"
        " -CAfile heads.pem -partial_chain -purpose any -out /dev/null"
    )
    return subprocess.run(command.split(), cwd=folder, capture_output=True, check=False)


def test_a_day_is_published_once_it_is_over_and_not_before(database, seal):
    gifts(database, 0)

    assert publish_heads(database, seal, now=NOON) == []
    assert publish_heads(database, seal, now=MIDNIGHT + timedelta(minutes=9)) == []
    assert publish_heads(database, seal, now=MIDNIGHT + timedelta(minutes=11)) == [
        date(2026, 11, 22)
    ]
    assert publish_heads(database, seal, now=MIDNIGHT + timedelta(hours=2)) == []


def test_a_list_names_each_series_with_its_head_and_the_list_before_it(database, seal):
    gifts(database, 0, 0, 2)
    publish_heads(database, seal, now=NOON + 3 * DAY)

    first, empty, last = lists(database)
    told = json.loads(first.text)
    assert (told["day"], told["jalali_day"]) == ("2026-11-22", "1405/09/01")
    assert told["previous"] == {"day": None, "sha256": GENESIS}
    (row,) = told["series"]
    assert (row["first"], row["last"]) == ("1405/07/000001", "1405/07/000002")
    assert json.loads(empty.text)["series"] == []
    assert json.loads(empty.text)["previous"]["sha256"] == first.text_hash
    assert json.loads(last.text)["previous"]["sha256"] == empty.text_hash
    assert json.loads(last.text)["series"][0]["head"] != row["head"]


def test_openssl_accepts_a_list_and_refuses_a_changed_one(database, seal, tmp_path):
    gifts(database, 0)
    publish_heads(database, seal, now=NOON + DAY)
    (published,) = lists(database)

    assert openssl(published, tmp_path).returncode == 0
    changed = published.text.replace("000001", "000002")
    refused = openssl(published, tmp_path, text=changed)
    assert refused.returncode != 0
    assert b"content verify error" in refused.stderr


def test_openssl_refuses_a_list_of_another_key(database, seal, tmp_path):
    gifts(database, 0)
    forger = read_seal(Settings(instance_dir=tmp_path / "elsewhere"))
    publish_heads(database, forger, now=NOON + DAY)
    (published,) = lists(database)
    published.certificates = certificates_pem(seal)

    assert openssl(published, tmp_path).returncode != 0


def test_a_day_whose_chain_is_behind_waits(database, seal, monkeypatch):
    """As when another process is still at it: no list leaves receipts out."""
    gifts(database, 0)
    with monkeypatch.context() as behind:
        behind.setattr(publishing, "chain_series", lambda *_given, **_more: 0)
        assert publish_heads(database, seal, now=NOON + DAY) == []

    assert publish_heads(database, seal, now=NOON + DAY) == [date(2026, 11, 22)]


def test_lists_cannot_be_changed_removed_or_forked(database, seal):
    gifts(database, 0)
    publish_heads(database, seal, now=NOON + DAY)

    (published,) = lists(database)
    columns = [column.key for column in PublishedHeads.__table__.c]
    fork = {column: getattr(published, column) for column in columns}
    fork |= {"id": published.id + 1, "day": published.day + DAY}

    for statement in (
        update(PublishedHeads).values(text="{}"),
        delete(PublishedHeads),
        insert(PublishedHeads).values(fork),
    ):
        with pytest.raises(DatabaseError), database.writing() as session:
            session.execute(statement, execution_options={"synchronize_session": False})


def test_a_receipt_shows_the_head_of_its_day(database, seal):
    gifts(database, 0, 1)
    publish_heads(database, seal, now=NOON + DAY)

    with database.reading() as session:
        first, second = session.scalars(select(Receipt).order_by(Receipt.id)).all()
        (published,) = lists(database)
        head = head_of(session, first)
        assert head is not None
        assert head.hash == json.loads(published.text)["series"][0]["head"]
        assert head_of(session, second) is None


def test_two_publishers_at_once_publish_once(database, seal):
    gifts(database, 0, 1, 2)
    with ThreadPoolExecutor(2) as both:
        done = [both.submit(publish_heads, database, seal, now=NOON + 3 * DAY) for _ in range(2)]
        for each in done:
            each.result()

    assert [published.day.day for published in lists(database)] == [22, 23, 24]


def test_the_job_publishes_by_the_clock(database, gateways, settings):
    gifts(database, 0)
    job = handlers(database, gateways, settings, clock=lambda: NOON)["publish_heads"]

    job.work("", NOON + DAY)

    assert [published.day for published in lists(database)] == [date(2026, 11, 22)]


def test_without_a_key_nothing_is_published_and_the_log_says_why(
    database, gateways, settings, caplog
):
    gifts(database, 0)
    public = settings.model_copy(update={"public_url": "https://mosharekat.example.ir"})
    job = handlers(database, gateways, public, clock=lambda: NOON)["publish_heads"]

    job.work("", NOON + DAY)

    assert lists(database) == []
    assert "SEAL_KEY_FILE" in caplog.text

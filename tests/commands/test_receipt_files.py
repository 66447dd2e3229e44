"""``receipts verify FILE``: with our records, without them, and with a certificate of one's own."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from core.database import Database
from core.settings import Settings
from donations.pledging import CashItem
from receipts.documents.layouts import receipt_document
from receipts.life.drawing import remember_file
from receipts.life.files import ReceiptFiles
from receipts.life.freezing import facts_of
from receipts.life.series import Receipt
from receipts.pdf.writing import write_pdf
from receipts.seals.seal import read_seal
from receipts.seals.trust import trusted_pem
from tests.factories import NOON, a_desk_contribution, a_staff_member, two_void
from tests.receipts import forging
from web.app import create_app
from web.services import Services


@pytest.fixture
def verify(app):
    return lambda *words: verified(app, *words)


def verified(app, *words):
    """The exit code and the answer of ``receipts verify … --json``."""
    result = app.test_cli_runner().invoke(args=["receipts", "verify", *map(str, words), "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def receipt_id(database):
    with database.writing() as session:
        clerk = a_staff_member(session)
        contribution = a_desk_contribution(session, CashItem(2_500_000), staff_id=clerk.id)
        return session.scalars(
            select(Receipt.id).where(Receipt.contribution_id == contribution.id)
        ).one()


@pytest.fixture
def file(database, settings, receipt_id, tmp_path):
    """The sealed file of a receipt, kept as the first one drawn."""
    with database.writing() as session:
        receipt = session.get_one(Receipt, receipt_id)
        printed = replace(facts_of(receipt), layout_version=2)
        pdf = write_pdf(*receipt_document(printed), seal=read_seal(settings))
        ReceiptFiles(settings.receipt_files).keep(receipt.number, pdf)
        remember_file(session, receipt.id, pdf, now=NOON)
    path = tmp_path / "receipt.pdf"
    path.write_bytes(pdf)
    return path


def test_our_file_is_genuine_by_seal_and_records(verify, file):
    code, told = verify(file)

    assert code == 0
    assert (told["genuine"], told["finding"], told["records"]) == (True, "genuine", "checked")
    assert told["receipt"]["number"] == "1405/07/000001"
    assert told["seal"]["intact"]
    assert told["seal"]["trusted"]


@pytest.mark.parametrize(
    ("forge", "finding"),
    [
        (forging.flipped, "changed"),
        (forging.updated, "appended_to_ours"),
        (lambda _pdf: forging.foreign(), "foreign"),
        (lambda _pdf: forging.picture(), "picture"),
    ],
    ids=["tampered", "updated", "foreign", "picture"],
)
def test_what_is_not_genuine_ends_with_exit_code_one(verify, file, forge, finding):
    file.write_bytes(forge(file.read_bytes()))

    code, told = verify(file)

    assert (code, told["genuine"], told["finding"]) == (1, False, finding)


def test_a_void_receipt_ends_with_exit_code_one(verify, file, database):
    with database.writing() as session:
        two_void(session, session.scalars(select(Receipt.contribution_id)).one())

    code, told = verify(file)

    assert (code, told["finding"], told["receipt"]["state"]) == (1, "void", "void")


def test_offline_the_seal_is_judged_and_the_rest_is_said_not_to_be(verify, file, database):
    with database.writing() as session:
        two_void(session, session.scalars(select(Receipt.contribution_id)).one())

    code, told = verify(file, "--offline")

    assert (code, told["finding"], told["records"]) == (0, "seal_holds", "not_checked")
    assert told["receipt"] is None


def test_without_a_database_it_answers_as_far_as_it_can(tmp_path, file, settings, gateways):
    nowhere = f"sqlite:///{tmp_path}/no/such/folder/x.sqlite3"
    lonely = settings.model_copy(update={"database_url": nowhere})
    app = create_app(lonely, Services(lonely, Database(nowhere), lambda: NOON, gateways))

    code, told = verified(app, file)

    assert (code, told["finding"], told["records"]) == (0, "seal_holds", "not_checked")


def test_the_certificate_decides_whose_seal_counts(verify, file, settings, tmp_path):
    for name, house in (("ours", settings), ("other", Settings(instance_dir=tmp_path / "other"))):
        (tmp_path / f"{name}.pem").write_bytes(trusted_pem(house))

    ours = verify(file, "--offline", "--trusted", tmp_path / "ours.pem")
    other = verify(file, "--offline", "--trusted", tmp_path / "other.pem")

    assert (ours[0], ours[1]["finding"]) == (0, "seal_holds")
    assert (other[0], other[1]["finding"]) == (1, "unknown_sealer")


def test_a_person_is_told_in_a_sentence(app, file):
    result = app.test_cli_runner().invoke(args=["receipts", "verify", str(file)])

    assert "بی هیچ تغییری، و معتبر است" in result.stdout


def test_a_certificate_that_is_none_is_named(app, file):
    words = ["receipts", "verify", str(file), "--trusted", str(file)]
    result = app.test_cli_runner().invoke(args=words)

    assert result.exit_code == 1
    assert "no certificate can be read in it" in result.stderr

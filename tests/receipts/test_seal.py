"""Seals hold, in our eyes and in those of two foreign programs, and nothing gets past them."""

import io
import random
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pypdfium2
import pytest
from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from receipts.documents.layouts import receipt_document
from receipts.pdf.writing import Container, write_pdf
from receipts.seals.keys import sign_with
from receipts.seals.seal import Seal, check_seal, time_stamped
from tests.receipts.drawn import CASH, facts
from tests.receipts.forging import updated
from tests.receipts.sealers import (
    KEY_KINDS,
    a_forger,
    a_holder,
    a_seal,
    a_stamper,
    an_authority,
    an_expired_holder,
)

TRUSTED = [an_authority().certificate]
EVERY_KEY = pytest.mark.parametrize("kind", KEY_KINDS)


def sealed(kind="RSA-2048", printed=CASH, **options):
    return write_pdf(*receipt_document(printed), seal=a_seal(kind, **options))


def for_hanko(certificate):
    return x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def the_signature(pdf):
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return signature


def allowed_changes(pdf):
    return the_signature(pdf).docmdp_level


def judged_by_hanko(pdf):
    signature = the_signature(pdf)
    roots = [for_hanko(certificate) for certificate in TRUSTED]
    context = ValidationContext(trust_roots=roots, allow_fetching=False)
    # In a thread of its own: it begins an event loop, and a browser test may have left one here.
    with ThreadPoolExecutor(1) as apart:
        judging = apart.submit(
            validate_pdf_signature, signature, context, ts_validation_context=context
        )
        return judging.result()


def judged_by_poppler(pdf, tmp_path):
    path = tmp_path / "receipt.pdf"
    path.write_bytes(pdf)
    told = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False)
    return told.stdout


@EVERY_KEY
def test_a_sealed_receipt_is_good_in_our_eyes(kind):
    state = check_seal(sealed(kind), TRUSTED)

    assert state.is_good
    assert state.signer == "State Welfare Organisation"
    assert state.signed_at == datetime(2025, 10, 13, 20, 30, tzinfo=UTC)  # midnight in Tehran


@EVERY_KEY
def test_pyhanko_trusts_the_whole_file(kind):
    status = judged_by_hanko(sealed(kind))

    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert status.docmdp_ok
    assert allowed_changes(sealed(kind)) == MDPPerm.NO_CHANGES


@EVERY_KEY
def test_poppler_finds_the_signature_valid_and_total(kind, tmp_path):
    told = judged_by_poppler(sealed(kind), tmp_path)

    assert "Signature is Valid" in told
    assert "Total document signed" in told
    assert "ETSI.CAdES.detached" in told


@EVERY_KEY
def test_the_same_receipt_gets_the_same_seal(kind):
    assert sealed(kind) == sealed(kind)


def test_a_seal_on_the_first_container_is_refused():
    with pytest.raises(ValueError, match="cannot be sealed"):
        write_pdf(*receipt_document(facts(layout_version=Container.REPORTLAB)), seal=a_seal())


@EVERY_KEY
def test_no_flipped_bit_goes_unseen(kind):
    pdf, chance = sealed(kind), random.Random(1404)
    places = [chance.randrange(len(pdf)) for _ in range(400)]
    start = pdf.index(b"/Contents<")
    end = pdf.index(b">", start)
    places += [start + 9, end, *(chance.randrange(start, end) for _ in range(400))]

    for place in places:
        changed = bytearray(pdf)
        changed[place] ^= 1 << chance.randrange(8)
        assert not check_seal(bytes(changed), TRUSTED).is_good, place


def test_a_page_drawn_over_by_an_update_is_seen():
    state = check_seal(updated(sealed()), TRUSTED)

    assert state.is_intact
    assert state.has_later_revision
    assert not state.covers_whole_file
    assert not state.is_good


def test_bytes_behind_the_end_are_seen():
    state = check_seal(sealed() + b"\n", TRUSTED)

    assert state.has_later_revision
    assert not state.is_good


def test_a_replaced_page_has_no_seal_left():
    mine = pypdfium2.PdfDocument(sealed(printed=facts(donor_name="دیگری")))
    theirs = pypdfium2.PdfDocument(sealed())
    theirs.del_page(0)
    theirs.import_pages(mine, [0])
    saved = io.BytesIO()
    theirs.save(saved)

    assert not check_seal(saved.getvalue(), TRUSTED).is_good


def test_the_seal_of_one_receipt_on_another_is_broken():
    ours, other = sealed(), sealed(printed=facts(donor_name="دیگری"))
    start = ours.index(b"/Contents<")
    end = ours.index(b">", start)
    taken = other[other.index(b"/Contents<") :][: end - start]

    state = check_seal(ours[:start] + taken + ours[end:], TRUSTED)

    assert state.is_present
    assert not state.is_intact


def test_a_hole_in_the_coverage_is_no_seal():
    pdf = sealed()
    start = pdf.index(b"/ByteRange[0 ")
    end = pdf.index(b"]", start) + 1
    first, second, rest = map(int, pdf[start + 13 : end - 1].split())
    holed = b"/ByteRange[0 %d %d %d]" % (first - 9, second, rest)

    state = check_seal(pdf[:start] + holed.ljust(end - start) + pdf[end:], TRUSTED)

    assert not state.is_good


def test_a_stranger_with_a_certificate_of_his_own_is_not_trusted():
    state = check_seal(sealed(), [a_holder("P-256", "somebody else").certificate])

    assert state.is_intact
    assert not state.is_trusted


def test_whoever_was_given_a_certificate_cannot_vouch_for_others():
    holder, forger = a_holder(), a_forger()
    chain = [forger.certificate, holder.certificate]
    pdf = write_pdf(*receipt_document(CASH), seal=Seal(sign_with(forger.key), chain))

    assert not check_seal(pdf, [holder.certificate]).is_trusted


def test_a_certificate_that_had_ended_by_then_is_not_trusted():
    holder = an_expired_holder()
    seal = Seal(sign_with(holder.key), [holder.certificate])

    assert not check_seal(write_pdf(*receipt_document(CASH), seal=seal), TRUSTED).is_trusted


def test_nothing_hides_in_the_room_left_for_a_stamp():
    pdf = sealed(time_stamped=True)
    end = pdf.index(b">", pdf.index(b"/Contents<"))
    assert pdf[end - 1000 : end] == b"0" * 1000

    for place in (end - 1, end - 999):
        hidden = pdf[:place] + b"7" + pdf[place + 1 :]
        assert not check_seal(hidden, TRUSTED).is_good


def test_a_seal_of_before_its_certificate_claims_the_first_moment_of_it():
    pdf = sealed(printed=facts(issued_on=CASH.issued_on.replace(year=2010)))

    assert check_seal(pdf, TRUSTED).signed_at == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"%PDF-1.7 nothing",
        b"/ByteRange[0 1 2 3]",
        b"/ByteRange[0 9 11 4]<zz>" * 9,
        b"\xff" * 99,
    ],
    ids=["nothing", "unsealed", "garbage", "many", "noise"],
)
def test_whatever_is_shown_to_the_check_it_only_says_no(foreign):
    assert not check_seal(foreign, TRUSTED).is_good


class Clock:
    """A time stamping authority at an address of this machine."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200 if body else 503)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.url

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def stamp(question, *, fixed=datetime(2025, 10, 15, 9, tzinfo=UTC)):
    holder = a_stamper()
    key = holder.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    stamper = DummyTimeStamper(
        tsa_cert=for_hanko(holder.certificate),
        tsa_key=keys.PrivateKeyInfo.load(key),
        certs_to_embed=SimpleCertificateStore(),
        fixed_dt=fixed,
    )
    return stamper.request_tsa_response(tsp.TimeStampReq.load(question)).dump()


def test_a_time_stamp_says_when_a_seal_existed(tmp_path):
    with Clock(stamp) as url:
        pdf = time_stamped(sealed(time_stamped=True), url)

    state = check_seal(pdf, TRUSTED)
    assert state.is_good
    assert state.is_time_stamped
    assert state.signed_at == datetime(2025, 10, 15, 9, tzinfo=UTC)
    assert judged_by_hanko(pdf).timestamp_validity.intact
    assert "Total document signed" in judged_by_poppler(pdf, tmp_path)


def other_question(question):
    asked = tsp.TimeStampReq.load(question)
    asked["message_imprint"]["hashed_message"] = bytes(32)
    return stamp(asked.dump())


def earlier_question(question):
    asked = tsp.TimeStampReq.load(question)
    asked["nonce"] = 7
    return stamp(asked.dump())


@pytest.mark.parametrize(
    "answer",
    [lambda _: b"", lambda _: b"<html>", lambda _: b"0\x05", other_question, earlier_question],
    ids=["down", "a page", "cut", "another imprint", "an answer of before"],
)
def test_without_a_good_answer_a_seal_stays_without_stamp_and_the_log_says_so(answer, caplog):
    pdf = sealed(time_stamped=True)

    with Clock(answer) as url:
        assert time_stamped(pdf, url) == pdf

    assert "without time stamp" in caplog.text
    assert check_seal(pdf, TRUSTED).is_good


def test_an_authority_that_cannot_be_reached_changes_nothing(caplog):
    pdf = sealed(time_stamped=True)

    assert time_stamped(pdf, "http://127.0.0.1:1/") == pdf
    assert "without time stamp" in caplog.text


def test_a_file_without_seal_is_not_stamped():
    pdf = write_pdf(*receipt_document(CASH))

    assert time_stamped(pdf, "http://127.0.0.1:1/") == pdf

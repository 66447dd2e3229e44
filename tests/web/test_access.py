"""Every address x every role x own and foreign office: what is not one's own does not exist."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import g
from sqlalchemy import select

from core.clock import tehran_date
from donations.accepting import GoodsFound
from donations.goods.handing_over import Receiver, Wanted
from donations.goods.stocking import lots_in
from donations.merging import merge_donors
from donations.models.acceptance import Condition, ValueBasis
from donations.models.contribution import Contribution, Tender
from donations.models.donor import Donor
from donations.models.pledge import ItemKind, Pledge
from donations.models.shift import Outcome
from donations.partner_receipts import PartnerGift, record_partner_receipt
from donations.pledging import CashItem, DonorFacts, GoodsItem
from donations.voiding import ask_for_void
from flows.batches import TypedLine, add_line, open_batch
from flows.desk import WalkIn, hand_over_cash, record_walk_in
from flows.hand_overs import hand_goods_over
from flows.hours_certificates import certify_hours
from flows.volunteers import confirm_hours
from offices.api_keys import add_key
from offices.changing import Change, NewOffice, open_office
from offices.scope import EVERYWHERE
from offices.staff import Role, RoleGrant
from receipts.life.blocks import allot_block
from receipts.life.copies import make_copy
from receipts.life.leaves import register_book
from receipts.life.numbering import number_in_address
from receipts.life.replacements import Corrections
from receipts.life.replacing import ask_for_replacement
from tests.custody import a_box, a_round, a_session, counted, counted_round, found
from tests.factories import NOON, a_pledge, a_staff_member, office_id
from tests.goods import a_need, looked_at
from tests.page_client import Page
from tests.staff import at_work
from tests.volunteers import a_shift, a_volunteer, an_offer
from web.pages import AUDIENCES, Allow
from web.sign_in.guard import signed_in

GOODS = GoodsItem("پتو", 20_000, "تخته")
OWN, FOREIGN = "08", "06"  # the desk of the sample objects, and one of another province
NAME = "زهرا احمدی"

# Who may read a page of an audience, and who may send its form. Written down here a second time
# on purpose: a change of the table in offices/granting.py has to be meant.
MANAGERS = {Role.OFFICE_MANAGER, Role.PROVINCE_MANAGER, Role.NATIONAL_MANAGER}
DESKS = {Role.CLERK} | MANAGERS
READERS = {
    Allow.STAFF: set(Role),
    Allow.DESK: DESKS,
    Allow.ENTRIES: DESKS | {Role.FINANCE, Role.AUDITOR},
    Allow.VOIDS: MANAGERS | {Role.FINANCE},
    Allow.FINANCE: {Role.FINANCE, Role.AUDITOR},
    Allow.RULES: {Role.FINANCE, Role.AUDITOR, Role.ADMINISTRATOR},
    Allow.HEADQUARTERS: {Role.ADMINISTRATOR, Role.AUDITOR},
    Allow.TEXTS: {Role.FINANCE, Role.AUDITOR, Role.ADMINISTRATOR},
    Allow.CASH: MANAGERS,
    Allow.VALUES: MANAGERS,
    Allow.NEEDS: DESKS | {Role.FINANCE, Role.AUDITOR},
    Allow.OFFICES: MANAGERS | {Role.AUDITOR, Role.ADMINISTRATOR},
    Allow.DONORS: DESKS | {Role.AUDITOR, Role.ADMINISTRATOR},
    Allow.DESK_RULES: DESKS | {Role.FINANCE, Role.AUDITOR, Role.ADMINISTRATOR},
}
ACTORS = {
    **READERS,
    Allow.FINANCE: {Role.FINANCE},
    Allow.RULES: {Role.FINANCE, Role.ADMINISTRATOR},
    Allow.HEADQUARTERS: {Role.ADMINISTRATOR},
    Allow.TEXTS: {Role.FINANCE, Role.ADMINISTRATOR},
    Allow.DESK_RULES: {Role.ADMINISTRATOR},
    Allow.NEEDS: MANAGERS,
    Allow.OFFICES: {Role.ADMINISTRATOR},
    Allow.DONORS: MANAGERS | {Role.ADMINISTRATOR},
}
OF_AN_OFFICE = {
    Allow.DESK,
    Allow.ENTRIES,
    Allow.VOIDS,
    Allow.CASH,
    Allow.VALUES,
    Allow.NEEDS,
    Allow.OFFICES,
    Allow.DONORS,
}
OF_A_CENTRE = {"partner_receipt_id"}  # below the own desk: reached by managers, not by its clerks
WITHOUT_SIGN_IN = {Allow.EVERYONE, Allow.BANK, Allow.API}
# Addresses that no row of a page table declares, and why they may be open.
UNDECLARED = {"static": "files for everybody"}

PEOPLE = [
    (Role.CLERK, OWN),
    (Role.CLERK, FOREIGN),
    (Role.OFFICE_MANAGER, OWN),
    (Role.OFFICE_MANAGER, FOREIGN),
    (Role.PROVINCE_MANAGER, OWN),
    (Role.PROVINCE_MANAGER, "09"),  # another desk of the same province
    (Role.PROVINCE_MANAGER, FOREIGN),
    (Role.NATIONAL_MANAGER, "00"),
    (Role.FINANCE, "00"),
    (Role.AUDITOR, "00"),
    (Role.ADMINISTRATOR, "00"),
]


def a_merge(session, kept_id, merged_id, *, by_id):
    return merge_donors(
        session,
        EVERYWHERE,
        kept_id=kept_id,
        merged_id=merged_id,
        reason="x",
        merged_by_id=by_id,
        now=NOON,
    )


def a_partner_receipt(session, *, below, by_id):
    """The leaf of a partner centre below a desk."""
    new = NewOffice("مرکز همکار", "Partner", parent=below, is_partner=True)
    centre = open_office(session, new, Change(tehran_date(NOON), "", by_id, NOON))
    gift = PartnerGift(centre.code, "1", tehran_date(NOON), ItemKind.CASH, amount_rial=1_000)
    return record_partner_receipt(session, EVERYWHERE, gift, recorded_by_id=by_id, now=NOON)[0]


@pytest.fixture
def samples(database):
    """What the addresses name: an entry, a slip, a copy, a paper book of the own desk …."""
    with database.writing() as session:
        clerk = a_staff_member(session, "sample", office=OWN)
        receipt, misspelt = (
            record_walk_in(
                session,
                WalkIn([CashItem(1_000), GOODS], DonorFacts(name=NAME), tender=Tender.CASH),
                office_id=office_id(session, OWN),
                staff_id=clerk.id,
                request_key=None,
                now=NOON,
            )
            for _each in range(2)
        )
        entry = session.get_one(Contribution, receipt.contribution_id)
        slip = hand_over_cash(
            session, clerk.office_id, 500, made_by_id=clerk.id, request_key=None, now=NOON
        )
        asked = ask_for_void(
            session, EVERYWHERE, entry.id, reason="x", asked_by_id=clerk.id, now=NOON
        )
        to_replace = ask_for_replacement(
            session,
            EVERYWHERE,
            misspelt.id,
            Corrections(donor_name="دیگر"),
            reason="x",
            asked_by_id=clerk.id,
            now=NOON,
        )
        assert to_replace.id == asked.id  # both stand under ``request_id``
        copy = make_copy(session, receipt, reason="x", made_by_id=clerk.id, now=NOON)
        book = register_book(
            session,
            office_id=clerk.office_id,
            series="الف",
            first_number=1,
            last_number=9,
            registered_by_id=clerk.id,
            now=NOON,
        )
        pledge = session.get_one(Pledge, entry.pledge_id)
        donor_ids = list(session.scalars(select(Donor.id).order_by(Donor.id)))
        merge = a_merge(session, *donor_ids, by_id=clerk.id)
        leaf = a_partner_receipt(session, below=OWN, by_id=clerk.id)
        session.flush()
        return {
            "donor_id": donor_ids[0],
            "other_id": donor_ids[1],
            "merge_id": merge.id,
            "partner_receipt_id": leaf.id,
            "tracking_code": pledge.tracking_code,
            "slip_id": slip.id,
            "request_id": asked.id,
            "number": number_in_address(receipt.number),
            "receipt_id": receipt.id,
            "language": "fa",
            "year": receipt.series.year,
            "office_code": OWN,
            "ending": "csv",
            "copy_id": copy.id,
            "book_id": book.id,
            **_block_and_batch(session, clerk),
            **_cash_samples(session),
            **_volunteer_samples(session, clerk),
            "goods_id": pledge.items[1].id,
            **_goods_samples(session, clerk),
        }


def _block_and_batch(session, clerk):
    """A block of numbers of the own desk, and a batch with one line."""
    here = {"office_id": clerk.office_id, "request_key": None, "now": NOON}
    block = allot_block(session, EVERYWHERE, size=9, allotted_by_id=clerk.id, **here)
    expected = {"expected_count": 2, "expected_rial": 3_000}
    batch = open_batch(session, title="x", opened_by_id=clerk.id, **expected, **here)
    line = add_line(
        session,
        EVERYWHERE,
        batch.id,
        TypedLine(1_000),
        typed_by_id=clerk.id,
        request_key=None,
        now=NOON,
    )
    return {"block_id": block.id, "batch_id": batch.id, "batch_line_id": line.id}


def _volunteer_samples(session, clerk):
    """A volunteer with hours that are planned, and a certificate of some that were served."""
    volunteer = a_volunteer(session, clerk.id, office=OWN)
    offer = an_offer(session, clerk.id, volunteer, office=OWN)
    served = a_shift(session, clerk.id, offer, office=OWN)
    confirm_hours(
        session, EVERYWHERE, served.id, Outcome.PRESENT, hours=1, staff_id=clerk.id, now=NOON
    )
    certificate = certify_hours(
        session,
        volunteer.id,
        first_day=served.day,
        last_day=served.day,
        language="fa",
        issued_by_id=clerk.id,
        now=NOON,
    )
    return {
        "volunteer_id": volunteer.id,
        "hours_id": offer.pledge_item_id,
        "shift_id": served.id,
        "certificate_id": certificate.id,
    }


def _goods_samples(session, clerk):
    """A need, a value that waits for a second person, and a slip over goods in stock."""
    need = a_need(session, staff_id=clerk.id, office=OWN)
    dear = GoodsFound(Condition.NEW, ValueBasis.DONOR, 900_000_000)
    pledge = a_pledge(session, GOODS, office=OWN)
    looked = looked_at(session, pledge, dear, staff_id=clerk.id, office=OWN)
    lot = lots_in(session, EVERYWHERE)[0].lot
    slip = hand_goods_over(
        session,
        clerk.office_id,
        [Wanted(lot.category_id, lot.kind_folded, 1_000)],
        Receiver(person="x"),
        made_by_id=clerk.id,
        request_key=None,
        now=NOON,
    )
    return {
        "need_id": need.id,
        "valuation_id": looked.valuation.id,
        "hand_over_id": slip.id,
        "line_id": slip.lines[0].id,
    }


def _cash_samples(session):
    """A session whose count waits for a second person, and a round whose count does."""
    cashier = a_staff_member(session, "cashier", office=OWN)
    opened = a_session(session, cashier)
    count = counted(session, opened, 1_000, by=cashier, reason="x")
    box = a_box(session, cashier)
    walked = a_round(session, cashier, box)
    found(session, walked, cashier)
    counted_round(session, walked, cashier, 1_000)
    return {
        "session_id": opened.id,
        "count_id": count.id,
        "box_id": box.id,
        "round_id": walked.id,
    }


@pytest.fixture
def routes(app, samples):
    """Every address behind the sign-in: endpoint, audience, path, method, whose it is."""
    app.config["WTF_CSRF_ENABLED"] = False  # the token has a test of its own below
    return sorted(
        (method, rule.endpoint, path, names)
        for rule, path, names in _paths(app, samples)
        if AUDIENCES.get(rule.endpoint, Allow.EVERYONE) not in WITHOUT_SIGN_IN
        for method in rule.methods & {"GET", "POST"}
    )


def _paths(app, samples):
    for rule in app.url_map.iter_rules():
        values = {name: samples.get(name, 1) for name in rule.arguments}
        with app.test_request_context():
            path = app.url_map.bind("localhost").build(rule.endpoint, values)
        yield rule, path, frozenset(rule.arguments)


def expected(method, endpoint, names, role, office):
    """The statuses a cell may have: it exists for this person, or it does not."""
    allow = AUDIENCES[endpoint]
    if role not in (READERS if method == "GET" else ACTORS)[allow]:
        return {404}
    reaches = office in (OWN, "00") or (role is Role.PROVINCE_MANAGER and office == "09")
    if allow in OF_AN_OFFICE and names and not reaches:
        return {404}
    if names & OF_A_CENTRE and role is Role.CLERK:
        return {404}
    if allow is Allow.FINANCE and names:
        return {200, 302, 303, 400, 404, 409, 422}  # its sample may not be there
    return {200} if method == "GET" else {200, 302, 303, 400, 409, 422}


def test_every_address_is_declared_for_somebody(app):
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}

    open_ones = endpoints - AUDIENCES.keys() - UNDECLARED.keys()

    assert {name for name in open_ones if not name.startswith(("api", "openapi"))} == set()


@pytest.mark.parametrize(
    ("role", "office"), PEOPLE, ids=[f"{role} of {office}" for role, office in PEOPLE]
)
def test_an_address_opens_for_those_it_is_for_and_no_other(app, database, routes, role, office):
    person = at_work(app, database, role, office=office)

    wrong = {
        f"{method} {path}": status
        for method, endpoint, path, names in routes
        if (status := person.http.open(path, method=method).status_code)
        not in expected(method, endpoint, names, role, office)
    }

    assert wrong == {}


@pytest.mark.parametrize(
    ("role", "office"), PEOPLE, ids=[f"{role} of {office}" for role, office in PEOPLE]
)
def test_no_page_links_to_where_its_reader_may_not_go(app, database, routes, role, office):
    person = at_work(app, database, role, office=office)
    addresses = app.url_map.bind("localhost")

    astray = set()
    for method, endpoint, path, names in routes:
        if method != "GET" or 200 not in expected(method, endpoint, names, role, office):
            continue
        page = person.http.get(path)
        if page.mimetype != "text/html":
            continue
        links = {urlsplit(link).path for link in Page(page.get_data(as_text=True)).links}
        for link in links - {""}:
            leads_to, _names = addresses.match(link, method="GET")
            allow = AUDIENCES.get(leads_to, Allow.EVERYONE)
            if allow not in WITHOUT_SIGN_IN and role not in READERS[allow]:
                astray.add(f"{path} -> {link}")

    assert astray == set()


@pytest.mark.parametrize("is_partner", [False, True], ids=["nobody", "a partner"])
def test_whoever_has_not_signed_in_gets_nowhere(app, database, routes, is_partner):
    http = app.test_client()
    headers = {}
    if is_partner:
        with database.writing() as session:
            headers["Authorization"] = f"Bearer {add_key(session, 'atm', now=NOON)}"

    wrong = {}
    for method, _endpoint, path, _names in routes:
        answer = http.open(path, method=method, headers=headers)
        is_led_away = answer.status_code == 303 and answer.location.startswith("/sign-in?next=")
        if not (is_led_away if method == "GET" else answer.status_code == 401):
            wrong[f"{method} {path}"] = answer.status_code

    assert wrong == {}


def test_a_staff_cookie_opens_no_partner_interface(app, database, samples):
    person = at_work(app, database, Role.FINANCE, office="00")

    refused = {
        person.http.get(path).status_code
        for rule, path, _names in _paths(app, samples)
        if AUDIENCES.get(rule.endpoint) is Allow.API and "GET" in rule.methods
    }

    assert refused <= {401, 403}


@pytest.mark.parametrize(
    ("role", "office", "status"),
    [
        (Role.CLERK, OWN, 200),
        (Role.CLERK, FOREIGN, 404),
        (Role.PROVINCE_MANAGER, "09", 200),
        (Role.AUDITOR, "00", 200),
        (Role.ADMINISTRATOR, "00", 404),
        (None, "", 404),
    ],
)
def test_the_paper_of_a_receipt_opens_at_its_own_office(
    app, database, samples, role, office, status
):
    http = at_work(app, database, role, office=office).http if role else app.test_client()

    address = f"/receipts/{samples['number']}"

    assert http.get(address).status_code == status
    assert http.get(f"{address}.pdf").status_code == status


def test_no_form_is_taken_without_its_token(app, database, samples):
    person = at_work(app, database, Role.OFFICE_MANAGER, office=OWN)

    taken = {
        path: status
        for rule, path, _names in _paths(app, samples)
        if "POST" in rule.methods
        and AUDIENCES.get(rule.endpoint, Allow.API) not in {Allow.BANK, Allow.API}
        if (status := person.http.post(path).status_code) != 400
    }

    assert taken == {}


def test_with_its_token_the_same_form_is_looked_at(app, database):
    person = at_work(app, database, Role.OFFICE_MANAGER, office=OWN)

    assert person.answer("/desk/walk-in", {}).status_code == 422


def test_a_role_that_ends_ends_at_the_next_request(app, database):
    person = at_work(app, database, Role.CLERK, office=OWN)
    assert person.http.get("/desk").status_code == 200

    with database.writing() as session:
        for grant in session.scalars(select(RoleGrant)):
            grant.ended_at = NOON

    assert person.http.get("/desk").status_code == 404


def test_without_the_scope_the_foreign_entry_would_show(app, database, samples):
    person = at_work(app, database, Role.CLERK, office=FOREIGN)
    path = f"/desk/entries/{samples['tracking_code']}"
    assert person.http.get(path).status_code == 404

    unguarded = app.view_functions["desk.entry"].__wrapped__
    with app.test_request_context(path, headers={"Cookie": f"sid={person.key}"}):
        app.preprocess_request()
        g.signed_in = replace(signed_in(), scope=EVERYWHERE)

        assert NAME in unguarded(samples["tracking_code"])


@pytest.mark.parametrize(
    ("role", "start", "linked", "not_linked"),
    [
        (Role.CLERK, "/desk", "/desk/walk-in", "/desk/voids"),
        (Role.OFFICE_MANAGER, "/desk/entries", "/desk/voids", "/finance"),
        (Role.CLERK, "/desk/entries", "/desk/books", "/desk/voids"),
        (Role.CLERK, "/desk/goods/stock", "/desk/needs", "/desk/slips"),
        (Role.FINANCE, "/desk/voids", "/finance", "/desk/walk-in"),
        (Role.AUDITOR, "/headquarters", "/desk/entries", "/desk/voids"),
        (Role.ADMINISTRATOR, "/headquarters", "/headquarters/trail", "/desk/entries"),
        (Role.CLERK, "/desk", "/desk/donors", "/desk/offices"),
        (Role.NATIONAL_MANAGER, "/desk", "/desk/offices", "/finance"),
    ],
)
def test_the_navigation_leads_only_where_one_may_go(app, database, role, start, linked, not_linked):
    links = at_work(app, database, role).get(start).links

    assert linked in links
    assert not_linked not in links

"""What partners are told of needs, and of the goods of their own pledges."""

from core.database import Database
from donations.accepting import GoodsFound
from donations.models.acceptance import Condition
from donations.tracking import pledge_with_code
from tests.api.conftest import Partner
from tests.factories import a_staff_member
from tests.goods import a_need, an_offer, expiring, looked_at

MILK = {"kind": "goods", "description": "شیر خشک", "quantity": 5, "unit": "قوطی"}
BLANKETS = {"kind": "goods", "description": "پتو", "quantity": 20, "unit": "تخته"}


def test_needs_are_listed_with_what_is_still_open(partner: Partner, database: Database) -> None:
    with database.writing() as session:
        need = a_need(session, 30, staff_id=a_staff_member(session).id)
        an_offer(session, need, 12)

    (listed,) = partner.get("/needs").json["needs"]

    assert (listed["kind"], listed["open"], listed["unit"]) == ("goods", 18, "عدد")
    assert (listed["office"], listed["category"]) == ("07", "rehabilitation_aid")


def test_each_item_of_a_pledge_goes_its_own_way(partner: Partner, database: Database) -> None:
    code = partner.pledge(MILK, BLANKETS)["tracking_code"]
    with database.writing() as session:
        clerk = a_staff_member(session).id
        pledge = pledge_with_code(session, code)
        looked_at(session, pledge, expiring(20), staff_id=clerk)
        looked_at(session, pledge, GoodsFound(Condition.NEW), staff_id=clerk, place=1)

    shown = partner.get(f"/pledges/{code}").json

    assert [item["stage"] for item in shown["items"]] == ["refused", "received"]
    assert [item["state"] for item in shown["items"]] == ["withdrawn", "received"]
    (refused,) = [stage for stage in shown["timeline"] if stage["kind"] == "refused"]
    assert refused["item"] == 1
    assert "60 days" in refused["text_en"]

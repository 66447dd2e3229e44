"""Needs, offers of goods, their inspection, stock and hand-over."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0019"
down_revision = "0018"

TABLES = (
    "goods_category",
    "acceptance_rule",
    "need",
    "need_share",
    "goods_appointment",
    "inspection",
    "valuation",
    "valuation_decision",
    "stock_lot",
    "hand_over",
    "hand_over_line",
    "stock_movement",
    "hand_over_acknowledgement",
    "hand_over_received",
    "hand_over_reversal",
)
GROW_AND_CHANGE = {"goods_category", "need"}
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_WAITS = (
    "EXISTS (SELECT 1 FROM valuation LEFT JOIN valuation_decision"
    " ON valuation_decision.valuation_id = valuation.id"
    " WHERE valuation.pledge_item_id = OLD.id AND valuation_decision.valuation_id IS NULL)"
)
_SAID = "the value of this item waits for a second person"
_BEFORE_DIVIDING = (
    "CREATE TRIGGER pledge_item_whole_while_valued"
    " BEFORE UPDATE OF quantity_thousandths ON pledge_item FOR EACH ROW"
)
WHOLE_WHILE_VALUED = {
    "sqlite": [f"{_BEFORE_DIVIDING} WHEN {_WAITS} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION refuse_dividing_valued() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {_WAITS} THEN RAISE EXCEPTION '{_SAID}'; END IF; RETURN NEW; END $$",
        f"{_BEFORE_DIVIDING} EXECUTE FUNCTION refuse_dividing_valued()",
    ],
}


def upgrade() -> None:
    _categories()
    _needs()
    _offers()
    _inspections()
    _valuations()
    _slips()
    _stock_movements()
    _hand_over_ends()
    for table in TABLES:
        if table not in GROW_AND_CHANGE:
            for statement in insert_only_ddl(table, op.get_bind().dialect.name):
                op.execute(statement)
    for statement in WHOLE_WHILE_VALUED[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER pledge_item_whole_while_valued")
    else:
        op.execute("DROP FUNCTION refuse_dividing_valued CASCADE")
    for table in reversed(TABLES):
        op.drop_table(table)


def _categories() -> None:
    op.create_table(
        "goods_category",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_fa", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods_category")),
        sa.UniqueConstraint("code", name=op.f("uq_goods_category_code")),
    )
    op.create_table(
        "acceptance_rule",
        sa.Column("id", Id, nullable=False),
        sa.Column("category_id", Id, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "not_taken",
                "days_until_expiry",
                "unopened",
                "condition_at_least",
                "works",
                name="rulekind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("value", Id, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by_id", Id, nullable=True),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "kind <> 'condition_at_least' OR value <= 4",
            name=op.f("ck_acceptance_rule_condition_known"),
        ),
        sa.CheckConstraint(
            "kind <> 'days_until_expiry' OR value <= 3650",
            name=op.f("ck_acceptance_rule_days_within_reach"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('not_taken', 'unopened', 'works') OR value <= 1",
            name=op.f("ck_acceptance_rule_yes_or_no"),
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_acceptance_rule_has_a_reason")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_acceptance_rule_value_not_negative")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["goods_category.id"], name=op.f("fk_acceptance_rule_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["staff_member.id"], name=op.f("fk_acceptance_rule_set_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptance_rule")),
        sa.UniqueConstraint(
            "category_id",
            "kind",
            "valid_from",
            "set_at",
            name=op.f("uq_acceptance_rule_category_id_kind_valid_from_set_at"),
        ),
    )


def _needs() -> None:
    op.create_table(
        "need",
        sa.Column("id", Id, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "goods",
                "hours",
                name="needkind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("fund_id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("category_id", Id, nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("skill", sa.Text(), nullable=True),
        sa.Column("licence_kind", sa.String(length=40), nullable=True),
        sa.Column("asked_thousandths", Id, nullable=False),
        sa.Column("reserved_thousandths", Id, nullable=False),
        sa.Column("received_thousandths", Id, nullable=False),
        sa.Column("published_by_id", Id, nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(length=80), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("closed_by_id", Id, nullable=True),
        sa.Column("closing_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closing_reason IS NULL) AND (closed_at IS NULL) = (closed_by_id IS NULL) AND closing_reason <> ''",
            name=op.f("ck_need_closed_with_a_reason"),
        ),
        sa.CheckConstraint(
            "kind <> 'goods' OR (category_id IS NOT NULL AND unit IS NOT NULL AND unit <> '' AND skill IS NULL AND licence_kind IS NULL)",
            name=op.f("ck_need_goods_have_a_category"),
        ),
        sa.CheckConstraint(
            "kind <> 'hours' OR (skill IS NOT NULL AND skill <> '' AND category_id IS NULL AND unit IS NULL AND asked_thousandths % 1000 = 0)",
            name=op.f("ck_need_hours_are_whole"),
        ),
        sa.CheckConstraint("title <> ''", name=op.f("ck_need_has_a_title")),
        sa.CheckConstraint("asked_thousandths > 0", name=op.f("ck_need_asked_positive")),
        sa.CheckConstraint("received_thousandths >= 0", name=op.f("ck_need_received_not_negative")),
        sa.CheckConstraint(
            "reserved_thousandths + received_thousandths <= asked_thousandths",
            name=op.f("ck_need_never_more_than_asked"),
        ),
        sa.CheckConstraint("reserved_thousandths >= 0", name=op.f("ck_need_reserved_not_negative")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["goods_category.id"], name=op.f("fk_need_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"], ["staff_member.id"], name=op.f("fk_need_closed_by_id")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_need_fund_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_need_office_id")),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["staff_member.id"], name=op.f("fk_need_published_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need")),
        sa.UniqueConstraint("request_key", name=op.f("uq_need_request_key")),
    )
    op.create_index(op.f("ix_need_category_id"), "need", ["category_id"], unique=False)
    op.create_index(op.f("ix_need_fund_id"), "need", ["fund_id"], unique=False)
    op.create_index("ix_need_office", "need", ["office_id", "id"], unique=False)
    op.create_index(
        "ix_need_published",
        "need",
        ["kind", "id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _offers() -> None:
    op.create_table(
        "need_share",
        sa.Column("id", Id, nullable=False),
        sa.Column("need_id", Id, nullable=False),
        sa.Column("pledge_item_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "reserved",
                "waiting",
                "received",
                "given_up",
                "need_closed",
                name="sharestep",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("quantity_thousandths", Id, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_need_share_number_from_one")),
        sa.CheckConstraint(
            "quantity_thousandths > 0", name=op.f("ck_need_share_quantity_positive")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_need_share_need_id")),
        sa.ForeignKeyConstraint(
            ["pledge_item_id"], ["pledge_item.id"], name=op.f("fk_need_share_pledge_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_share")),
        sa.UniqueConstraint(
            "pledge_item_id", "number", name=op.f("uq_need_share_pledge_item_id_number")
        ),
    )
    op.create_index("ix_need_share_need", "need_share", ["need_id", "id"], unique=False)
    op.create_table(
        "goods_appointment",
        sa.Column("id", Id, nullable=False),
        sa.Column("pledge_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "proposed",
                "agreed",
                "cancelled",
                name="appointmentstep",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "way",
            sa.Enum(
                "drop_off",
                "pick_up",
                name="way",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "part_of_day",
            sa.Enum(
                "morning",
                "noon",
                "afternoon",
                name="partofday",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("set_by_id", Id, nullable=True),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(way = 'pick_up') = (address IS NOT NULL)",
            name=op.f("ck_goods_appointment_address_to_pick_up"),
        ),
        sa.CheckConstraint("address <> ''", name=op.f("ck_goods_appointment_address_not_empty")),
        sa.CheckConstraint(
            "set_by_id IS NOT NULL OR step <> 'agreed'",
            name=op.f("ck_goods_appointment_an_office_agrees"),
        ),
        sa.ForeignKeyConstraint(
            ["office_id"], ["office.id"], name=op.f("fk_goods_appointment_office_id")
        ),
        sa.ForeignKeyConstraint(
            ["pledge_id"], ["pledge.id"], name=op.f("fk_goods_appointment_pledge_id")
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["staff_member.id"], name=op.f("fk_goods_appointment_set_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods_appointment")),
        sa.UniqueConstraint(
            "pledge_id", "number", name=op.f("uq_goods_appointment_pledge_id_number")
        ),
    )
    op.create_index(
        "ix_goods_appointment_day", "goods_appointment", ["office_id", "day"], unique=False
    )


def _inspections() -> None:
    op.create_table(
        "inspection",
        sa.Column("id", Id, nullable=False),
        sa.Column("pledge_item_id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("category_id", Id, nullable=False),
        sa.Column("quantity_thousandths", Id, nullable=False),
        sa.Column(
            "condition",
            sa.Enum(
                "new",
                "good",
                "worn",
                "damaged",
                name="condition",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("is_opened", sa.Boolean(), nullable=True),
        sa.Column("works", sa.Boolean(), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum(
                "accepted",
                "refused",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("rule_id", Id, nullable=True),
        sa.Column("better_office_id", Id, nullable=True),
        sa.Column("inspected_by_id", Id, nullable=False),
        sa.Column("inspected_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(length=80), nullable=True),
        sa.CheckConstraint(
            "(verdict = 'refused') = (better_office_id IS NOT NULL)",
            name=op.f("ck_inspection_somewhere_else"),
        ),
        sa.CheckConstraint(
            "(verdict = 'refused') = (rule_id IS NOT NULL)",
            name=op.f("ck_inspection_a_rule_refuses"),
        ),
        sa.CheckConstraint(
            "quantity_thousandths > 0", name=op.f("ck_inspection_quantity_positive")
        ),
        sa.ForeignKeyConstraint(
            ["better_office_id"], ["office.id"], name=op.f("fk_inspection_better_office_id")
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["goods_category.id"], name=op.f("fk_inspection_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["inspected_by_id"], ["staff_member.id"], name=op.f("fk_inspection_inspected_by_id")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_inspection_office_id")),
        sa.ForeignKeyConstraint(
            ["pledge_item_id"], ["pledge_item.id"], name=op.f("fk_inspection_pledge_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["acceptance_rule.id"], name=op.f("fk_inspection_rule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
        sa.UniqueConstraint("request_key", name=op.f("uq_inspection_request_key")),
    )
    op.create_index(
        op.f("ix_inspection_pledge_item_id"), "inspection", ["pledge_item_id"], unique=False
    )


def _valuations() -> None:
    op.create_table(
        "valuation",
        sa.Column("id", Id, nullable=False),
        sa.Column("inspection_id", Id, nullable=False),
        sa.Column("pledge_item_id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column(
            "basis",
            sa.Enum(
                "invoice",
                "appraiser",
                "donor",
                "not_valued",
                name="valuebasis",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("assessed_value_rial", Id, nullable=False),
        sa.Column("appraiser", sa.Text(), nullable=True),
        sa.Column("warehouse_number", sa.String(length=40), nullable=True),
        sa.Column("shelf", sa.Text(), nullable=True),
        sa.Column("asked_by_id", Id, nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(basis = 'appraiser') = (appraiser IS NOT NULL) AND appraiser <> ''",
            name=op.f("ck_valuation_an_appraiser_has_a_name"),
        ),
        sa.CheckConstraint("basis <> 'not_valued'", name=op.f("ck_valuation_valued")),
        sa.CheckConstraint(
            "assessed_value_rial > 0 AND assessed_value_rial <= 1000000000000000",
            name=op.f("ck_valuation_value_within_reach"),
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["staff_member.id"], name=op.f("fk_valuation_asked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_valuation_inspection_id")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_valuation_office_id")),
        sa.ForeignKeyConstraint(
            ["pledge_item_id"], ["pledge_item.id"], name=op.f("fk_valuation_pledge_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_valuation")),
        sa.UniqueConstraint("id", "asked_by_id", name=op.f("uq_valuation_id_asked_by_id")),
        sa.UniqueConstraint("inspection_id", name=op.f("uq_valuation_inspection_id")),
    )
    op.create_index(op.f("ix_valuation_office_id"), "valuation", ["office_id"], unique=False)
    op.create_index(
        op.f("ix_valuation_pledge_item_id"), "valuation", ["pledge_item_id"], unique=False
    )
    op.create_table(
        "valuation_decision",
        sa.Column("valuation_id", Id, autoincrement=False, nullable=False),
        sa.Column("asked_by_id", Id, nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "approved",
                "declined",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("decided_by_id", Id, nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "decided_by_id <> asked_by_id", name=op.f("ck_valuation_decision_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff_member.id"], name=op.f("fk_valuation_decision_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["valuation_id", "asked_by_id"],
            ["valuation.id", "valuation.asked_by_id"],
            name="fk_valuation_decision_valuation",
        ),
        sa.PrimaryKeyConstraint("valuation_id", name=op.f("pk_valuation_decision")),
    )


def _slips() -> None:
    op.create_table(
        "stock_lot",
        sa.Column("id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("contribution_line_id", Id, nullable=False),
        sa.Column("pledge_item_id", Id, nullable=False),
        sa.Column("category_id", Id, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind_folded", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["goods_category.id"], name=op.f("fk_stock_lot_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["contribution_line_id"],
            ["contribution_line.id"],
            name=op.f("fk_stock_lot_contribution_line_id"),
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_stock_lot_office_id")),
        sa.ForeignKeyConstraint(
            ["pledge_item_id"], ["pledge_item.id"], name=op.f("fk_stock_lot_pledge_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_lot")),
        sa.UniqueConstraint("contribution_line_id", name=op.f("uq_stock_lot_contribution_line_id")),
    )
    op.create_index(
        "ix_stock_lot_kind",
        "stock_lot",
        ["office_id", "category_id", "kind_folded", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_stock_lot_pledge_item_id"), "stock_lot", ["pledge_item_id"], unique=False
    )
    op.create_table(
        "hand_over",
        sa.Column("id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column("to_office_id", Id, nullable=True),
        sa.Column("to_fund_id", Id, nullable=True),
        sa.Column("to_person", sa.Text(), nullable=True),
        sa.Column("handed_on", sa.Date(), nullable=False),
        sa.Column("made_by_id", Id, nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(length=80), nullable=True),
        sa.CheckConstraint("to_person <> ''", name=op.f("ck_hand_over_person_has_a_name")),
        sa.CheckConstraint("number > 0", name=op.f("ck_hand_over_number_from_one")),
        sa.CheckConstraint(
            "to_office_id <> office_id", name=op.f("ck_hand_over_to_another_office")
        ),
        sa.CheckConstraint(
            "to_office_id IS NOT NULL OR to_fund_id IS NOT NULL OR to_person IS NOT NULL",
            name=op.f("ck_hand_over_to_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["staff_member.id"], name=op.f("fk_hand_over_made_by_id")
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_hand_over_office_id")),
        sa.ForeignKeyConstraint(["to_fund_id"], ["fund.id"], name=op.f("fk_hand_over_to_fund_id")),
        sa.ForeignKeyConstraint(
            ["to_office_id"], ["office.id"], name=op.f("fk_hand_over_to_office_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over")),
        sa.UniqueConstraint("office_id", "number", name=op.f("uq_hand_over_office_id_number")),
        sa.UniqueConstraint("request_key", name=op.f("uq_hand_over_request_key")),
    )
    op.create_index(op.f("ix_hand_over_to_office_id"), "hand_over", ["to_office_id"], unique=False)
    op.create_table(
        "hand_over_line",
        sa.Column("id", Id, nullable=False),
        sa.Column("hand_over_id", Id, nullable=False),
        sa.Column("lot_id", Id, nullable=False),
        sa.Column("quantity_thousandths", Id, nullable=False),
        sa.CheckConstraint(
            "quantity_thousandths > 0", name=op.f("ck_hand_over_line_quantity_positive")
        ),
        sa.ForeignKeyConstraint(
            ["hand_over_id"], ["hand_over.id"], name=op.f("fk_hand_over_line_hand_over_id")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["stock_lot.id"], name=op.f("fk_hand_over_line_lot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over_line")),
        sa.UniqueConstraint(
            "hand_over_id", "lot_id", name=op.f("uq_hand_over_line_hand_over_id_lot_id")
        ),
        sa.UniqueConstraint(
            "id", "quantity_thousandths", name=op.f("uq_hand_over_line_id_quantity_thousandths")
        ),
    )
    op.create_index(op.f("ix_hand_over_line_lot_id"), "hand_over_line", ["lot_id"], unique=False)


def _stock_movements() -> None:
    op.create_table(
        "stock_movement",
        sa.Column("id", Id, nullable=False),
        sa.Column("lot_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column("previous_number", Id, nullable=True),
        sa.Column("before_thousandths", Id, nullable=False),
        sa.Column("change_thousandths", Id, nullable=False),
        sa.Column("after_thousandths", Id, nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "received",
                "handed_over",
                "came_back",
                "voided",
                "moved",
                name="stockcause",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("shelf", sa.Text(), nullable=True),
        sa.Column("hand_over_line_id", Id, nullable=True),
        sa.Column("moved_by_id", Id, nullable=False),
        sa.Column("moved_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(cause IN ('handed_over', 'came_back')) = (hand_over_line_id IS NOT NULL)",
            name=op.f("ck_stock_movement_a_slip_says_so"),
        ),
        sa.CheckConstraint(
            "(cause IN ('received', 'came_back') AND change_thousandths > 0) OR (cause IN ('handed_over', 'voided') AND change_thousandths < 0) OR (cause = 'moved' AND change_thousandths = 0)",
            name=op.f("ck_stock_movement_cause_has_its_direction"),
        ),
        sa.CheckConstraint(
            "(number = 1 AND previous_number IS NULL AND before_thousandths = 0 AND cause = 'received') OR (number > 1 AND previous_number IS NOT NULL AND previous_number = number - 1 AND cause <> 'received')",
            name=op.f("ck_stock_movement_follows_the_one_before"),
        ),
        sa.CheckConstraint(
            "after_thousandths = before_thousandths + change_thousandths",
            name=op.f("ck_stock_movement_adds_up"),
        ),
        sa.CheckConstraint("after_thousandths >= 0", name=op.f("ck_stock_movement_never_negative")),
        sa.ForeignKeyConstraint(
            ["hand_over_line_id"],
            ["hand_over_line.id"],
            name=op.f("fk_stock_movement_hand_over_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id", "previous_number", "before_thousandths"],
            ["stock_movement.lot_id", "stock_movement.number", "stock_movement.after_thousandths"],
            name="fk_stock_movement_previous",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["stock_lot.id"], name=op.f("fk_stock_movement_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["moved_by_id"], ["staff_member.id"], name=op.f("fk_stock_movement_moved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movement")),
        sa.UniqueConstraint(
            "lot_id",
            "number",
            "after_thousandths",
            name=op.f("uq_stock_movement_lot_id_number_after_thousandths"),
        ),
        sa.UniqueConstraint("lot_id", "number", name=op.f("uq_stock_movement_lot_id_number")),
    )
    op.create_index(
        op.f("ix_stock_movement_hand_over_line_id"),
        "stock_movement",
        ["hand_over_line_id"],
        unique=False,
    )


def _hand_over_ends() -> None:
    op.create_table(
        "hand_over_acknowledgement",
        sa.Column("hand_over_id", Id, autoincrement=False, nullable=False),
        sa.Column("received_by_id", Id, nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hand_over_id"],
            ["hand_over.id"],
            name=op.f("fk_hand_over_acknowledgement_hand_over_id"),
        ),
        sa.ForeignKeyConstraint(
            ["received_by_id"],
            ["staff_member.id"],
            name=op.f("fk_hand_over_acknowledgement_received_by_id"),
        ),
        sa.PrimaryKeyConstraint("hand_over_id", name=op.f("pk_hand_over_acknowledgement")),
    )
    op.create_table(
        "hand_over_received",
        sa.Column("line_id", Id, autoincrement=False, nullable=False),
        sa.Column("handed_thousandths", Id, nullable=False),
        sa.Column("received_thousandths", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "received_thousandths = handed_thousandths OR (reason IS NOT NULL AND reason <> '')",
            name=op.f("ck_hand_over_received_difference_has_a_reason"),
        ),
        sa.CheckConstraint(
            "received_thousandths <= handed_thousandths",
            name=op.f("ck_hand_over_received_not_more_than_handed"),
        ),
        sa.CheckConstraint(
            "received_thousandths >= 0", name=op.f("ck_hand_over_received_received_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["line_id", "handed_thousandths"],
            ["hand_over_line.id", "hand_over_line.quantity_thousandths"],
            name="fk_hand_over_received_line",
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_hand_over_received")),
    )
    op.create_table(
        "hand_over_reversal",
        sa.Column("line_id", Id, autoincrement=False, nullable=False),
        sa.Column("handed_thousandths", Id, nullable=False),
        sa.Column("came_back_thousandths", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reversed_by_id", Id, nullable=False),
        sa.Column("reversed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_hand_over_reversal_has_a_reason")),
        sa.CheckConstraint(
            "came_back_thousandths <= handed_thousandths",
            name=op.f("ck_hand_over_reversal_not_more_than_handed"),
        ),
        sa.CheckConstraint(
            "came_back_thousandths > 0", name=op.f("ck_hand_over_reversal_came_back_positive")
        ),
        sa.ForeignKeyConstraint(
            ["line_id", "handed_thousandths"],
            ["hand_over_line.id", "hand_over_line.quantity_thousandths"],
            name="fk_hand_over_reversal_line",
        ),
        sa.ForeignKeyConstraint(
            ["reversed_by_id"],
            ["staff_member.id"],
            name=op.f("fk_hand_over_reversal_reversed_by_id"),
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_hand_over_reversal")),
    )

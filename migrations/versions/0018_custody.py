"""Custody of cash: limits of the desks, cashiers' sessions, charity boxes and their rounds."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0018"
down_revision = "0017"

TABLES = (
    "desk_limit", "denomination", "cashier_session", "open_drawer", "charity_box",
    "box_standing", "collection_round", "box_seal", "round_collector", "round_box",
    "box_finding", "round_remark", "cash_count", "counted_note", "count_decision",
    "box_amount", "session_closing", "round_closing", "round_contribution", "slip_void",
    "slip_source", "denomination_change",
)  # fmt: skip
WORK_TABLES = ("open_drawer",)
# The columns that hold one word of a list, the name of their CHECK, and the words before and after.
CAUSES = (
    "contribution",
    "surplus",
    "statement_opening",
    "statement_line",
    "match",
    "withdrawal",
    "refund",
)
KINDS = ("bank", "suspense", "gateway", "desk")
LATER_KINDS = ("cheques", "fund", "surplus", "withdrawn", "refunds", "fees", "own", "opening")
DIFFERENCES = (
    "chain_gap", "end_unknown", "quarantined_row", "ledger_differs", "gateway_differs", "batch_differs",
    "deposited_not_paid", "paid_not_deposited", "unmatched_credit", "unmatched_debit", "desk_cash",
)  # fmt: skip
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_limits()
    _create_sessions()
    _create_boxes()
    _create_rounds()
    _create_counts()
    _create_closings()
    for table in TABLES:
        if table not in WORK_TABLES:
            for statement in insert_only_ddl(table, op.get_bind().dialect.name):
                op.execute(statement)
    for table, name, before, after in _checks():
        _spell(table, name, before, after)


def downgrade() -> None:
    """Stops where cash lay in a drawer: its postings would have an account of no kind."""
    for table, name, before, after in _checks():
        _spell(table, name, after, before)
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_deposit_slip_maker", table_name="deposit_slip")


def _checks() -> list[tuple[str, str, str, str]]:
    difference = _list("kind", DIFFERENCES), _list("kind", (*DIFFERENCES, "cashier_difference"))
    return [
        (
            "posting",
            "cause",
            _one_by_one("cause", (*CAUSES, "reversal")),
            _one_by_one("cause", (*CAUSES, "session_opened", "session_closed", "reversal")),
        ),
        (
            "ledger_account",
            "accountkind",
            _list("kind", (*KINDS, *LATER_KINDS)),
            _list("kind", (*KINDS, "drawer", *LATER_KINDS)),
        ),
        ("day_sheet_difference", "differencekind", *difference),
        ("difference_owner", "differencekind", *difference),
    ]


def _spell(table: str, check: str, before: str, after: str) -> None:
    """Let a CHECK be spelt in another way.

    SQLite changes a constraint only by copying the table, which foreign keys forbid within a
    transaction: the words of the schema are changed instead, as its manual describes.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        name = op.f(f"ck_{table}_{check}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, after)
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :old, :new)"
            " WHERE type = 'table' AND name = :table AND instr(sql, :old) > 0"
        ),
        {"old": f"({before})", "new": f"({after})", "table": table},
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"{table} is not defined as expected: {before!r} is missing")
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _list(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _one_by_one(column: str, values: tuple[str, ...]) -> str:
    return " OR ".join(f"{column} = {value!r}" for value in values)


def _words(*values: str, name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=30)


def _create_limits() -> None:
    op.create_table(
        "desk_limit",
        sa.Column("id", Id, nullable=False),
        sa.Column(
            "name",
            _words("cash_difference_rial", "assessed_value_rial", name="desklimit"),
            nullable=False,
        ),
        sa.Column("value", Id, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by_id", Id, nullable=False),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_desk_limit_has_a_reason")),
        sa.CheckConstraint(
            "value BETWEEN 0 AND 1000000000000000", name=op.f("ck_desk_limit_within_reason")
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["staff_member.id"], name=op.f("fk_desk_limit_set_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_limit")),
    )
    op.create_index("ix_desk_limit_day", "desk_limit", ["name", "valid_from"], unique=False)


def _create_sessions() -> None:
    op.create_table(
        "denomination",
        sa.Column("id", Id, nullable=False),
        sa.Column("value_rial", Id, nullable=False),
        sa.Column("is_coin", sa.Boolean(), nullable=False),
        sa.CheckConstraint("value_rial > 0", name=op.f("ck_denomination_value_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_denomination")),
        sa.UniqueConstraint(
            "value_rial", "is_coin", name=op.f("uq_denomination_value_rial_is_coin")
        ),
    )
    op.create_table(
        "denomination_change",
        sa.Column("id", Id, nullable=False),
        sa.Column("denomination_id", Id, nullable=False),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by_id", Id, nullable=True),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_denomination_change_has_a_reason")),
        sa.ForeignKeyConstraint(
            ["denomination_id"],
            ["denomination.id"],
            name=op.f("fk_denomination_change_denomination_id"),
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["staff_member.id"], name=op.f("fk_denomination_change_set_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_denomination_change")),
    )
    op.create_index(
        "ix_denomination_change_day",
        "denomination_change",
        ["denomination_id", "valid_from"],
        unique=False,
    )
    op.create_index(
        "ix_denomination_change_brought",
        "denomination_change",
        ["denomination_id"],
        unique=True,
        sqlite_where=sa.text("set_by_id IS NULL"),
        postgresql_where=sa.text("set_by_id IS NULL"),
    )
    op.create_table(
        "cashier_session",
        sa.Column("id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column("account", sa.String(80), nullable=False),
        sa.Column("cashier_id", Id, nullable=False),
        sa.Column("float_rial", Id, nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=True),
        sa.CheckConstraint("float_rial >= 0", name=op.f("ck_cashier_session_float_not_below_zero")),
        sa.ForeignKeyConstraint(
            ["cashier_id"], ["staff_member.id"], name=op.f("fk_cashier_session_cashier_id")
        ),
        sa.ForeignKeyConstraint(
            ["office_id"], ["office.id"], name=op.f("fk_cashier_session_office_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cashier_session")),
        sa.UniqueConstraint("account", name=op.f("uq_cashier_session_account")),
        sa.UniqueConstraint("id", "cashier_id", name=op.f("uq_cashier_session_id_cashier_id")),
        sa.UniqueConstraint(
            "office_id", "number", name=op.f("uq_cashier_session_office_id_number")
        ),
        sa.UniqueConstraint("request_key", name=op.f("uq_cashier_session_request_key")),
    )
    op.create_index(
        op.f("ix_cashier_session_cashier_id"), "cashier_session", ["cashier_id"], unique=False
    )
    op.create_table(
        "open_drawer",
        sa.Column("session_id", Id, autoincrement=False, nullable=False),
        sa.Column("cashier_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id", "cashier_id"],
            ["cashier_session.id", "cashier_session.cashier_id"],
            name=op.f("fk_open_drawer_session_id"),
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_open_drawer")),
        sa.UniqueConstraint("cashier_id", name=op.f("uq_open_drawer_cashier_id")),
    )


def _create_boxes() -> None:
    op.create_table(
        "charity_box",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", sa.String(8), nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("fund_id", Id, nullable=False),
        sa.Column("registered_by_id", Id, nullable=False),
        sa.Column("registered_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=True),
        sa.CheckConstraint(
            "length(number) = 8", name=op.f("ck_charity_box_number_of_eight_digits")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_charity_box_fund_id")),
        sa.ForeignKeyConstraint(
            ["office_id"], ["office.id"], name=op.f("fk_charity_box_office_id")
        ),
        sa.ForeignKeyConstraint(
            ["registered_by_id"], ["staff_member.id"], name=op.f("fk_charity_box_registered_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charity_box")),
        sa.UniqueConstraint("number", name=op.f("uq_charity_box_number")),
        sa.UniqueConstraint("request_key", name=op.f("uq_charity_box_request_key")),
    )
    op.create_index(op.f("ix_charity_box_office_id"), "charity_box", ["office_id"], unique=False)
    op.create_table(
        "box_standing",
        sa.Column("id", Id, nullable=False),
        sa.Column("box_id", Id, nullable=False),
        sa.Column("state", _words("placed", "returned", name="boxstate"), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("holder_name", sa.Text(), nullable=False),
        sa.Column("holder_mobile", sa.String(11), nullable=True),
        sa.Column("told_by_id", Id, nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "place <> '' AND holder_name <> ''",
            name=op.f("ck_box_standing_somewhere_with_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["box_id"], ["charity_box.id"], name=op.f("fk_box_standing_box_id")
        ),
        sa.ForeignKeyConstraint(
            ["told_by_id"], ["staff_member.id"], name=op.f("fk_box_standing_told_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_box_standing")),
    )
    op.create_index("ix_box_standing_box", "box_standing", ["box_id", "id"], unique=False)


def _create_rounds() -> None:
    op.create_table(
        "collection_round",
        sa.Column("id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column("opened_by_id", Id, nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=True),
        sa.ForeignKeyConstraint(
            ["office_id"], ["office.id"], name=op.f("fk_collection_round_office_id")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["staff_member.id"], name=op.f("fk_collection_round_opened_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_round")),
        sa.UniqueConstraint(
            "office_id", "number", name=op.f("uq_collection_round_office_id_number")
        ),
        sa.UniqueConstraint("request_key", name=op.f("uq_collection_round_request_key")),
    )
    op.create_table(
        "box_seal",
        sa.Column("id", Id, nullable=False),
        sa.Column("box_id", Id, nullable=False),
        sa.Column("seal_number", sa.String(20), nullable=False),
        sa.Column("round_id", Id, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by_id", Id, nullable=False),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("seal_number <> ''", name=op.f("ck_box_seal_has_a_number")),
        sa.ForeignKeyConstraint(["box_id"], ["charity_box.id"], name=op.f("fk_box_seal_box_id")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["collection_round.id"], name=op.f("fk_box_seal_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["staff_member.id"], name=op.f("fk_box_seal_set_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_box_seal")),
        sa.UniqueConstraint("box_id", "seal_number", name=op.f("uq_box_seal_box_id_seal_number")),
    )
    op.create_index("ix_box_seal_box", "box_seal", ["box_id", "id"], unique=False)
    op.create_table(
        "round_collector",
        sa.Column("id", Id, nullable=False),
        sa.Column("round_id", Id, nullable=False),
        sa.Column("place", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("staff_member_id", Id, nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_round_collector_has_a_name")),
        sa.CheckConstraint("place IN (1, 2)", name=op.f("ck_round_collector_one_of_two")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["collection_round.id"], name=op.f("fk_round_collector_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["staff_member_id"],
            ["staff_member.id"],
            name=op.f("fk_round_collector_staff_member_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_collector")),
        sa.UniqueConstraint("round_id", "place", name=op.f("uq_round_collector_round_id_place")),
        sa.UniqueConstraint("round_id", "name", name=op.f("uq_round_collector_round_id_name")),
        sa.UniqueConstraint(
            "round_id", "staff_member_id", name=op.f("uq_round_collector_round_id_staff_member_id")
        ),
    )
    op.create_table(
        "round_box",
        sa.Column("id", Id, nullable=False),
        sa.Column("round_id", Id, nullable=False),
        sa.Column("box_id", Id, nullable=False),
        sa.Column("seal_number", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(["box_id"], ["charity_box.id"], name=op.f("fk_round_box_box_id")),
        sa.ForeignKeyConstraint(
            ["round_id"], ["collection_round.id"], name=op.f("fk_round_box_round_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_box")),
        sa.UniqueConstraint("round_id", "box_id", name=op.f("uq_round_box_round_id_box_id")),
    )
    op.create_index(op.f("ix_round_box_box_id"), "round_box", ["box_id"], unique=False)
    op.create_table(
        "box_finding",
        sa.Column("id", Id, nullable=False),
        sa.Column("round_box_id", Id, nullable=False),
        sa.Column(
            "condition",
            _words("intact", "broken", "missing", "left", name="condition"),
            nullable=False,
        ),
        sa.Column("seal_number", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_sound", sa.Boolean(), nullable=False),
        sa.Column("told_by_id", Id, nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "NOT is_sound OR condition IN ('intact', 'left')",
            name=op.f("ck_box_finding_sound_is_closed"),
        ),
        sa.CheckConstraint(
            "condition <> 'intact' OR seal_number <> ''",
            name=op.f("ck_box_finding_intact_has_a_seal"),
        ),
        sa.CheckConstraint(
            "(condition = 'left') = (reason <> '')", name=op.f("ck_box_finding_left_for_a_reason")
        ),
        sa.ForeignKeyConstraint(
            ["round_box_id"], ["round_box.id"], name=op.f("fk_box_finding_round_box_id")
        ),
        sa.ForeignKeyConstraint(
            ["told_by_id"], ["staff_member.id"], name=op.f("fk_box_finding_told_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_box_finding")),
    )
    op.create_index("ix_box_finding_box", "box_finding", ["round_box_id", "id"], unique=False)
    op.create_table(
        "round_remark",
        sa.Column("id", Id, nullable=False),
        sa.Column("round_id", Id, nullable=False),
        sa.Column("place", Id, nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("written_by_id", Id, nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("remark <> ''", name=op.f("ck_round_remark_says_something")),
        sa.ForeignKeyConstraint(
            ["round_id", "place"],
            ["round_collector.round_id", "round_collector.place"],
            name=op.f("fk_round_remark_round_id"),
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["staff_member.id"], name=op.f("fk_round_remark_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_remark")),
        sa.UniqueConstraint("round_id", "place", name=op.f("uq_round_remark_round_id_place")),
    )


def _create_counts() -> None:
    op.create_table(
        "cash_count",
        sa.Column("id", Id, nullable=False),
        sa.Column("session_id", Id, nullable=True),
        sa.Column("round_id", Id, nullable=True),
        sa.Column("expected_rial", Id, nullable=False),
        sa.Column("counted_rial", Id, nullable=False),
        sa.Column("difference_rial", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("counted_by_id", Id, nullable=False),
        sa.Column("counted_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=True),
        sa.CheckConstraint(
            "difference_rial = 0 OR reason <> ''",
            name=op.f("ck_cash_count_difference_has_a_reason"),
        ),
        sa.CheckConstraint(
            "(session_id IS NULL) <> (round_id IS NULL)", name=op.f("ck_cash_count_of_one_thing")
        ),
        sa.CheckConstraint(
            "counted_rial >= 0 AND expected_rial >= 0", name=op.f("ck_cash_count_not_below_zero")
        ),
        sa.CheckConstraint(
            "difference_rial = counted_rial - expected_rial",
            name=op.f("ck_cash_count_difference_is_one"),
        ),
        sa.CheckConstraint(
            "round_id IS NULL OR difference_rial = 0",
            name=op.f("ck_cash_count_boxes_make_the_count"),
        ),
        sa.ForeignKeyConstraint(
            ["counted_by_id"], ["staff_member.id"], name=op.f("fk_cash_count_counted_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["collection_round.id"], name=op.f("fk_cash_count_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["cashier_session.id"], name=op.f("fk_cash_count_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_count")),
        sa.UniqueConstraint("id", "counted_by_id", name=op.f("uq_cash_count_id_counted_by_id")),
        sa.UniqueConstraint(
            "id", "round_id", "counted_by_id", name=op.f("uq_cash_count_id_round_id_counted_by_id")
        ),
        sa.UniqueConstraint(
            "id",
            "session_id",
            "counted_by_id",
            "difference_rial",
            name=op.f("uq_cash_count_id_session_id_counted_by_id_difference_rial"),
        ),
        sa.UniqueConstraint("request_key", name=op.f("uq_cash_count_request_key")),
    )
    op.create_index("ix_cash_count_round", "cash_count", ["round_id", "id"], unique=False)
    op.create_index("ix_cash_count_session", "cash_count", ["session_id", "id"], unique=False)
    op.create_table(
        "counted_note",
        sa.Column("id", Id, nullable=False),
        sa.Column("count_id", Id, nullable=False),
        sa.Column("denomination_id", Id, nullable=False),
        sa.Column("quantity", Id, nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_counted_note_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["count_id"], ["cash_count.id"], name=op.f("fk_counted_note_count_id")
        ),
        sa.ForeignKeyConstraint(
            ["denomination_id"], ["denomination.id"], name=op.f("fk_counted_note_denomination_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counted_note")),
        sa.UniqueConstraint(
            "count_id", "denomination_id", name=op.f("uq_counted_note_count_id_denomination_id")
        ),
    )
    op.create_table(
        "count_decision",
        sa.Column("id", Id, nullable=False),
        sa.Column("count_id", Id, nullable=False),
        sa.Column("counted_by_id", Id, nullable=False),
        sa.Column("decision", _words("approved", "declined", name="decision"), nullable=False),
        sa.Column("decided_by_id", Id, nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "decided_by_id <> counted_by_id", name=op.f("ck_count_decision_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["count_id", "counted_by_id"],
            ["cash_count.id", "cash_count.counted_by_id"],
            name=op.f("fk_count_decision_count_id"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff_member.id"], name=op.f("fk_count_decision_decided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_decision")),
        sa.UniqueConstraint("count_id", name=op.f("uq_count_decision_count_id")),
        sa.UniqueConstraint(
            "count_id",
            "decided_by_id",
            "decision",
            name=op.f("uq_count_decision_count_id_decided_by_id_decision"),
        ),
    )
    op.create_table(
        "box_amount",
        sa.Column("id", Id, nullable=False),
        sa.Column("count_id", Id, nullable=False),
        sa.Column("round_box_id", Id, nullable=False),
        sa.Column("amount_rial", Id, nullable=False),
        sa.Column("new_seal", sa.String(20), nullable=False),
        sa.CheckConstraint("amount_rial >= 0", name=op.f("ck_box_amount_not_below_zero")),
        sa.ForeignKeyConstraint(
            ["count_id"], ["cash_count.id"], name=op.f("fk_box_amount_count_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_box_id"], ["round_box.id"], name=op.f("fk_box_amount_round_box_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_box_amount")),
        sa.UniqueConstraint(
            "count_id", "round_box_id", name=op.f("uq_box_amount_count_id_round_box_id")
        ),
    )
    op.create_index(
        op.f("ix_box_amount_round_box_id"), "box_amount", ["round_box_id"], unique=False
    )


def _create_closings() -> None:
    op.create_table(
        "session_closing",
        sa.Column("id", Id, nullable=False),
        sa.Column("session_id", Id, nullable=False),
        sa.Column("count_id", Id, nullable=False),
        sa.Column("cashier_id", Id, nullable=False),
        sa.Column("counted_by_id", Id, nullable=False),
        sa.Column("difference_rial", Id, nullable=False),
        sa.Column("limit_rial", Id, nullable=False),
        sa.Column("approved_by_id", Id, nullable=True),
        sa.Column("decision", _words("approved", "declined", name="decision"), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(approved_by_id IS NULL) = (decision IS NULL)",
            name=op.f("ck_session_closing_approved_by_a_decision"),
        ),
        sa.CheckConstraint("decision = 'approved'", name=op.f("ck_session_closing_approved")),
        sa.CheckConstraint(
            "abs(difference_rial) <= limit_rial OR approved_by_id IS NOT NULL",
            name=op.f("ck_session_closing_beyond_the_limit_approved"),
        ),
        sa.CheckConstraint(
            "approved_by_id <> counted_by_id AND approved_by_id <> cashier_id",
            name=op.f("ck_session_closing_two_persons"),
        ),
        sa.CheckConstraint("limit_rial >= 0", name=op.f("ck_session_closing_limit_not_below_zero")),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["staff_member.id"], name=op.f("fk_session_closing_approved_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["count_id", "approved_by_id", "decision"],
            ["count_decision.count_id", "count_decision.decided_by_id", "count_decision.decision"],
            name="fk_session_closing_approval",
        ),
        sa.ForeignKeyConstraint(
            ["count_id", "session_id", "counted_by_id", "difference_rial"],
            [
                "cash_count.id",
                "cash_count.session_id",
                "cash_count.counted_by_id",
                "cash_count.difference_rial",
            ],
            name=op.f("fk_session_closing_count_id"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "cashier_id"],
            ["cashier_session.id", "cashier_session.cashier_id"],
            name=op.f("fk_session_closing_session_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_closing")),
        sa.UniqueConstraint("session_id", name=op.f("uq_session_closing_session_id")),
        sa.UniqueConstraint(
            "session_id", "count_id", name=op.f("uq_session_closing_session_id_count_id")
        ),
        sa.UniqueConstraint("count_id", name=op.f("uq_session_closing_count_id")),
    )
    op.create_table(
        "round_closing",
        sa.Column("id", Id, nullable=False),
        sa.Column("round_id", Id, nullable=False),
        sa.Column("count_id", Id, nullable=True),
        sa.Column("counted_by_id", Id, nullable=True),
        sa.Column("decision", _words("approved", "declined", name="decision"), nullable=True),
        sa.Column("closed_by_id", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("unsound_count", Id, nullable=False),
        sa.Column("first_remark", Id, nullable=True),
        sa.Column("second_remark", Id, nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(count_id IS NULL) = (counted_by_id IS NULL) AND (count_id IS NULL) = (decision IS NULL)",
            name=op.f("ck_round_closing_counted_or_not"),
        ),
        sa.CheckConstraint(
            "(count_id IS NULL) = (reason <> '')",
            name=op.f("ck_round_closing_cancelled_for_a_reason"),
        ),
        sa.CheckConstraint("decision = 'approved'", name=op.f("ck_round_closing_approved")),
        sa.CheckConstraint(
            "closed_by_id <> counted_by_id", name=op.f("ck_round_closing_two_persons")
        ),
        sa.CheckConstraint(
            "unsound_count = 0 OR (first_remark IS NOT NULL AND first_remark = 1 AND second_remark IS NOT NULL AND second_remark = 2)",
            name=op.f("ck_round_closing_unsound_has_both_remarks"),
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"], ["staff_member.id"], name=op.f("fk_round_closing_closed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["count_id", "closed_by_id", "decision"],
            ["count_decision.count_id", "count_decision.decided_by_id", "count_decision.decision"],
            name="fk_round_closing_approval",
        ),
        sa.ForeignKeyConstraint(
            ["count_id", "round_id", "counted_by_id"],
            ["cash_count.id", "cash_count.round_id", "cash_count.counted_by_id"],
            name=op.f("fk_round_closing_count_id"),
        ),
        sa.ForeignKeyConstraint(
            ["round_id", "first_remark"],
            ["round_remark.round_id", "round_remark.place"],
            name="fk_round_closing_first_remark",
        ),
        sa.ForeignKeyConstraint(
            ["round_id", "second_remark"],
            ["round_remark.round_id", "round_remark.place"],
            name="fk_round_closing_second_remark",
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["collection_round.id"], name=op.f("fk_round_closing_round_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_closing")),
        sa.UniqueConstraint("round_id", name=op.f("uq_round_closing_round_id")),
        sa.UniqueConstraint(
            "round_id", "count_id", name=op.f("uq_round_closing_round_id_count_id")
        ),
        sa.UniqueConstraint("count_id", name=op.f("uq_round_closing_count_id")),
    )
    op.create_table(
        "round_contribution",
        sa.Column("id", Id, nullable=False),
        sa.Column("contribution_id", Id, nullable=False),
        sa.Column("round_id", Id, nullable=False),
        sa.Column("count_id", Id, nullable=False),
        sa.Column("fund_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_round_contribution_contribution_id"),
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["fund.id"], name=op.f("fk_round_contribution_fund_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id", "count_id"],
            ["round_closing.round_id", "round_closing.count_id"],
            name=op.f("fk_round_contribution_round_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_contribution")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_round_contribution_contribution_id")),
        sa.UniqueConstraint(
            "round_id", "fund_id", name=op.f("uq_round_contribution_round_id_fund_id")
        ),
    )
    op.create_index("ix_deposit_slip_maker", "deposit_slip", ["id", "made_by_id"], unique=True)
    op.create_table(
        "slip_void",
        sa.Column("id", Id, nullable=False),
        sa.Column("slip_id", Id, nullable=False),
        sa.Column("made_by_id", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("voided_by_id", Id, nullable=False),
        sa.Column("voided_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_slip_void_has_a_reason")),
        sa.CheckConstraint("voided_by_id <> made_by_id", name=op.f("ck_slip_void_two_persons")),
        sa.ForeignKeyConstraint(
            ["slip_id", "made_by_id"],
            ["deposit_slip.id", "deposit_slip.made_by_id"],
            name=op.f("fk_slip_void_slip_id"),
        ),
        sa.ForeignKeyConstraint(
            ["voided_by_id"], ["staff_member.id"], name=op.f("fk_slip_void_voided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slip_void")),
        sa.UniqueConstraint("slip_id", name=op.f("uq_slip_void_slip_id")),
    )
    op.create_table(
        "slip_source",
        sa.Column("id", Id, nullable=False),
        sa.Column("slip_id", Id, nullable=False),
        sa.Column("session_id", Id, nullable=True),
        sa.Column("round_id", Id, nullable=True),
        sa.Column("count_id", Id, nullable=False),
        sa.Column("after_slip_id", Id, nullable=True),
        sa.CheckConstraint(
            "(session_id IS NULL) <> (round_id IS NULL)", name=op.f("ck_slip_source_of_one_thing")
        ),
        sa.CheckConstraint(
            "after_slip_id < slip_id", name=op.f("ck_slip_source_after_an_earlier_one")
        ),
        sa.ForeignKeyConstraint(
            ["after_slip_id"], ["slip_void.slip_id"], name=op.f("fk_slip_source_after_slip_id")
        ),
        sa.ForeignKeyConstraint(
            ["after_slip_id", "count_id"],
            ["slip_source.slip_id", "slip_source.count_id"],
            name="fk_slip_source_before",
        ),
        sa.ForeignKeyConstraint(
            ["round_id", "count_id"],
            ["round_closing.round_id", "round_closing.count_id"],
            name=op.f("fk_slip_source_round_id"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "count_id"],
            ["session_closing.session_id", "session_closing.count_id"],
            name=op.f("fk_slip_source_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["slip_id"], ["deposit_slip.id"], name=op.f("fk_slip_source_slip_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slip_source")),
        sa.UniqueConstraint(
            "count_id", "after_slip_id", name=op.f("uq_slip_source_count_id_after_slip_id")
        ),
        sa.UniqueConstraint("slip_id", "count_id", name=op.f("uq_slip_source_slip_id_count_id")),
    )
    op.create_index(op.f("ix_slip_source_round_id"), "slip_source", ["round_id"], unique=False)
    op.create_index(op.f("ix_slip_source_session_id"), "slip_source", ["session_id"], unique=False)
    op.create_index(
        "ix_slip_source_first",
        "slip_source",
        ["count_id"],
        unique=True,
        sqlite_where=sa.text("after_slip_id IS NULL"),
        postgresql_where=sa.text("after_slip_id IS NULL"),
    )

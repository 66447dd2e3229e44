"""Sending money back: asked for by one person, decided by another."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0003"
down_revision = "0002"

INSERT_ONLY = ("refund_request", "refund_decision", "refund_end")
RULES = ("deposit_id", "bank_reference", "settlement_batch", "deposit_slip", "bank_fee", "by_hand")
TARGETS = ("pledge", "settlement", "deposit_slip", "bank_fee")


def upgrade() -> None:
    op.create_table(
        "expected_refund",
        sa.Column(
            "request_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "terminal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "bank_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "amount_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("reference", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_expected_refund")),
    )
    op.create_table(
        "refund_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("gateway", sa.String(length=60), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "way",
            sa.Enum(
                "reverse",
                "refund",
                "outside",
                name="way",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "amount_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outside_reference", sa.String(length=40), nullable=True),
        sa.Column("outside_on", sa.Date(), nullable=True),
        sa.Column(
            "asked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(way = 'outside') = (outside_on IS NOT NULL)",
            name=op.f("ck_refund_request_outside_has_a_day"),
        ),
        sa.CheckConstraint(
            "(way = 'outside') = (outside_reference IS NOT NULL)",
            name=op.f("ck_refund_request_outside_has_a_reference"),
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_refund_request_has_a_reason")),
        sa.CheckConstraint("amount_rial > 0", name=op.f("ck_refund_request_amount_positive")),
        sa.CheckConstraint(
            "number BETWEEN 10000000000000000 AND 99999999999999999",
            name=op.f("ck_refund_request_no_order_number"),
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["staff_member.id"], name=op.f("fk_refund_request_asked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_refund_request_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_request")),
        sa.UniqueConstraint("gateway", "number", name=op.f("uq_refund_request_gateway_number")),
        sa.UniqueConstraint("id", "asked_by_id", name=op.f("uq_refund_request_id_asked_by_id")),
        sa.UniqueConstraint("id", "payment_id", name=op.f("uq_refund_request_id_payment_id")),
    )
    with op.batch_alter_table("refund_request", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_refund_request_payment_id"), ["payment_id"], unique=False
        )

    op.create_table(
        "open_refund",
        sa.Column(
            "payment_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state_before",
            sa.Enum(
                "created",
                "start_unknown",
                "started",
                "redirected",
                "returned",
                "cancelled_claimed",
                "confirming",
                "confirm_unknown",
                "confirmed",
                "settling",
                "settle_unknown",
                "settled",
                "mismatch",
                "reversing",
                "reverse_unknown",
                "reversed",
                "refund_requested",
                "refund_unknown",
                "refunded",
                "cancelled",
                "failed",
                "expired",
                name="paymentstate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("may_send", sa.Boolean(), nullable=False),
        sa.Column("sends", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("was_refused", sa.Boolean(), nullable=False),
        sa.Column("bank_reference", sa.String(length=80), nullable=True),
        sa.Column("check_after", sa.DateTime(), nullable=False),
        sa.Column("checks", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_open_refund_payment_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["refund_request.id"], name=op.f("fk_open_refund_request_id")
        ),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_open_refund")),
        sa.UniqueConstraint("request_id", name=op.f("uq_open_refund_request_id")),
    )
    op.create_table(
        "refund_decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "asked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
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
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "asked_by_id <> decided_by_id", name=op.f("ck_refund_decision_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff_member.id"], name=op.f("fk_refund_decision_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "asked_by_id"],
            ["refund_request.id", "refund_request.asked_by_id"],
            name=op.f("fk_refund_decision_request_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_decision")),
        sa.UniqueConstraint("request_id", name=op.f("uq_refund_decision_request_id")),
    )
    op.create_table(
        "refund_end",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "ending",
            sa.Enum(
                "done",
                "refused",
                "overtaken",
                name="ending",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("bank_reference", sa.String(length=80), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id", "payment_id"],
            ["refund_request.id", "refund_request.payment_id"],
            name=op.f("fk_refund_end_request_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_end")),
        sa.UniqueConstraint("request_id", name=op.f("uq_refund_end_request_id")),
    )
    with op.batch_alter_table("refund_end", schema=None) as batch_op:
        batch_op.create_index(
            "ix_refund_end_done",
            ["payment_id"],
            unique=True,
            sqlite_where=sa.text("ending = 'done'"),
            postgresql_where=sa.text("ending = 'done'"),
        )

    op.create_index(
        "ix_payment_apart",
        "payment",
        ["id"],
        sqlite_where=sa.text("is_surplus OR state = 'mismatch'"),
        postgresql_where=sa.text("is_surplus OR state = 'mismatch'"),
    )
    for column, values in (("rule", RULES), ("target", TARGETS)):
        _let_be(column, values, _with_refund(values))
    for table in INSERT_ONLY:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for column, values in (("rule", RULES), ("target", TARGETS)):
        _let_be(column, _with_refund(values), values)
    op.drop_index("ix_payment_apart", table_name="payment")
    op.drop_table("refund_end")
    op.drop_table("refund_decision")
    op.drop_table("open_refund")
    op.drop_table("refund_request")
    op.drop_table("expected_refund")


def _with_refund(values: tuple[str, ...]) -> tuple[str, ...]:
    place = values.index("bank_fee")
    return (*values[:place], "refund", *values[place:])


def _let_be(column: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Let a match name these values and no others.

    SQLite changes a constraint only by copying the table, which foreign keys forbid within a
    transaction: the words of the schema are changed instead, as its manual describes.
    """
    old, new = (
        f"{column} IN ({', '.join(repr(value) for value in values)})" for values in (before, after)
    )
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(op.f(f"ck_match_{column}"), "match", type_="check")
        op.create_check_constraint(op.f(f"ck_match_{column}"), "match", new)
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :old, :new)"
            " WHERE type = 'table' AND name = 'match'"
        ),
        {"old": old, "new": new},
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")

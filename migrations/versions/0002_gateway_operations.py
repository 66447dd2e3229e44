"""What operating many gateways needs: health shared by all workers, and the journal of calls."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0002"
down_revision = "0001"

INSERT_ONLY = ("gateway_call", "gateway_finding", "gateway_solution", "gateway_turn")


def upgrade() -> None:
    op.create_table(
        "gateway_health",
        sa.Column("gateway", sa.String(length=60), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "answering",
                "resting",
                "paused",
                name="gatewaystate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("failures", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rests", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rest_until", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'resting') = (rest_until IS NOT NULL)",
            name=op.f("ck_gateway_health_rest_has_an_end"),
        ),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_gateway_health_failures_counted")),
        sa.PrimaryKeyConstraint("gateway", name=op.f("pk_gateway_health")),
    )

    op.create_table(
        "gateway_turn",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gateway", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "answering",
                "resting",
                "paused",
                name="gatewaystate",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("step", sa.String(length=20), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("reason_fa", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["staff_member.id"], name=op.f("fk_gateway_turn_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_turn")),
    )
    with op.batch_alter_table("gateway_turn", schema=None) as batch_op:
        batch_op.create_index("ix_gateway_turn_gateway", ["gateway", "id"], unique=False)

    op.create_table(
        "gateway_call",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gateway", sa.String(length=60), nullable=False),
        sa.Column(
            "payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("operation", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column(
            "waited_ms", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("status", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("silence", sa.String(length=20), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_gateway_call_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_call")),
    )
    with op.batch_alter_table("gateway_call", schema=None) as batch_op:
        batch_op.create_index(
            "ix_gateway_call_bad",
            ["gateway", "at"],
            unique=False,
            sqlite_where=sa.text("kind IN ('unknown', 'config_error')"),
            postgresql_where=sa.text("kind IN ('unknown', 'config_error')"),
        )
        batch_op.create_index("ix_gateway_call_gateway_at", ["gateway", "at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_gateway_call_payment_id"), ["payment_id"], unique=False
        )

    op.create_table(
        "gateway_finding",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "states_differ",
                "amounts_differ",
                "no_promise",
                name="findingkind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("gateway", sa.String(length=60), nullable=False),
        sa.Column(
            "payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("token", sa.String(length=255), nullable=False),
        sa.Column("ours", sa.String(length=40), nullable=False),
        sa.Column("theirs", sa.String(length=40), nullable=False),
        sa.Column(
            "amount_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("found_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_gateway_finding_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_finding")),
        sa.UniqueConstraint(
            "gateway",
            "token",
            "ours",
            "theirs",
            name=op.f("uq_gateway_finding_gateway_token_ours_theirs"),
        ),
    )
    with op.batch_alter_table("gateway_finding", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_gateway_finding_payment_id"), ["payment_id"], unique=False
        )

    op.create_table(
        "gateway_solution",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "finding_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column(
            "solved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("solved_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["gateway_finding.id"], name=op.f("fk_gateway_solution_finding_id")
        ),
        sa.ForeignKeyConstraint(
            ["solved_by_id"], ["staff_member.id"], name=op.f("fk_gateway_solution_solved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_solution")),
        sa.UniqueConstraint("finding_id", name=op.f("uq_gateway_solution_finding_id")),
    )

    _set_length_of_token(80, 255)
    op.add_column("staff_member", sa.Column("mobile", sa.String(length=11), nullable=True))
    op.add_column("staff_member", sa.Column("email", sa.String(length=254), nullable=True))
    for table in INSERT_ONLY:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    op.drop_column("staff_member", "email")
    op.drop_column("staff_member", "mobile")
    _set_length_of_token(255, 80)
    op.drop_table("gateway_solution")
    op.drop_table("gateway_finding")
    op.drop_table("gateway_call")
    op.drop_table("gateway_turn")
    op.drop_table("gateway_health")


def _set_length_of_token(before: int, after: int) -> None:
    """Let a payment's token be so long.

    SQLite changes a column's type only by copying the table, which foreign keys forbid within a
    transaction. What it says there binds nobody, so the words of the schema are changed and
    every connection is told to read them again, as SQLite's manual describes.
    """
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(
            "payment",
            "token",
            existing_type=sa.String(length=before),
            type_=sa.String(length=after),
            existing_nullable=True,
        )
        return
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    op.get_bind().execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :before, :after)"
            " WHERE type = 'table' AND name = 'payment'"
        ),
        {"before": f"token VARCHAR({before})", "after": f"token VARCHAR({after})"},
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")

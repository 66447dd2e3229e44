"""Weaker rules: how far each may go, what they found unbooked, what people decided of offers."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0009"
down_revision = "0008"

RULES = (
    "deposit_id", "split", "bank_reference", "settlement_report", "settlement_batch",
    "deposit_slip", "card", "reversal_pair", "refund", "bank_fee", "by_hand",
)  # fmt: skip
TARGETS = (
    "pledge", "settlement", "deposit_slip", "refund", "transfer", "reversal", "bank_fee",
)  # fmt: skip
FACTS = ("rule_setting", "shadow_match", "payer_alias", "dismissed_suggestion", "named_id")
WIDE_CARDS = sa.text("length(card_key) >= 10")

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("statement_line", sa.Column("card_key", sa.String(length=20), nullable=True))
    op.create_index(
        "ix_statement_line_card",
        "statement_line",
        ["card_key"],
        sqlite_where=WIDE_CARDS,
        postgresql_where=WIDE_CARDS,
    )
    op.create_index("ix_pledge_made_at", "pledge", ["made_at"])
    _rule_settings()
    _shadow_matches()
    _decisions()
    _named_ids()
    dialect = op.get_bind().dialect.name
    for table in FACTS:
        for statement in insert_only_ddl(table, dialect):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(FACTS):
        op.drop_table(table)
    op.drop_index("ix_pledge_made_at", table_name="pledge")
    op.drop_index("ix_statement_line_card", table_name="statement_line")
    op.drop_column("statement_line", "card_key")


def _rule_settings() -> None:
    op.create_table(
        "rule_setting",
        sa.Column("id", Id, nullable=False),
        sa.Column("rule", _one_of("rule", *RULES), nullable=False),
        sa.Column("version", Id, nullable=False),
        sa.Column("bank_account_id", Id, nullable=True),
        sa.Column("mode", _one_of("rulemode", "off", "shadow", "suggest", "auto"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by_id", Id, nullable=False),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_rule_setting_has_a_reason")),
        sa.CheckConstraint("version > 0", name=op.f("ck_rule_setting_version_counts")),
        sa.CheckConstraint(
            "rule NOT IN ('bank_reference', 'settlement_report', 'settlement_batch', 'by_hand')",
            name=op.f("ck_rule_setting_settable"),
        ),
        sa.CheckConstraint(
            "rule <> 'card' OR mode <> 'auto' OR bank_account_id IS NOT NULL",
            name=op.f("ck_rule_setting_card_for_one_account"),
        ),
        *_keys("rule_setting", bank_account_id="bank_account", set_by_id="staff_member"),
    )
    op.create_index("ix_rule_setting_rule", "rule_setting", ["rule", "id"])


def _shadow_matches() -> None:
    op.create_table(
        "shadow_match",
        sa.Column("id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("rule", _one_of("rule", *RULES), nullable=False),
        sa.Column("version", Id, nullable=False),
        sa.Column("mode", _one_of("rulemode", "off", "shadow", "suggest", "auto"), nullable=False),
        sa.Column("line_id", Id, nullable=False),
        sa.Column("target", _one_of("target", *TARGETS), nullable=False),
        sa.Column("target_id", Id, nullable=True),
        sa.Column("amount_rial", Id, nullable=False),
        sa.Column("found_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "mode IN ('shadow', 'suggest')", name=op.f("ck_shadow_match_not_booked")
        ),
        *_keys("shadow_match", run_id="reconciliation_run", line_id="statement_line"),
    )
    op.create_index(op.f("ix_shadow_match_run_id"), "shadow_match", ["run_id"])
    op.create_index("ix_shadow_match_line", "shadow_match", ["line_id", "rule"])
    op.create_index("ix_shadow_match_rule", "shadow_match", ["rule", "version"])


def _decisions() -> None:
    op.create_table(
        "payer_alias",
        sa.Column("id", Id, nullable=False),
        sa.Column("payer_form", sa.String(length=200), nullable=False),
        sa.Column("card_key", sa.String(length=20), nullable=True),
        sa.Column("donor_id", Id, nullable=False),
        sa.Column("line_id", Id, nullable=False),
        sa.Column("pledge_id", Id, nullable=False),
        sa.Column("verdict", _one_of("verdict", "confirmed", "declined"), nullable=False),
        sa.Column("decided_by_id", Id, nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        *_keys(
            "payer_alias",
            donor_id="donor",
            line_id="statement_line",
            pledge_id="pledge",
            decided_by_id="staff_member",
        ),
    )
    op.create_index("ix_payer_alias_form", "payer_alias", ["payer_form", "donor_id"])
    op.create_index("ix_payer_alias_card", "payer_alias", ["card_key", "donor_id"])
    op.create_table(
        "dismissed_suggestion",
        sa.Column("id", Id, nullable=False),
        sa.Column("line_id", Id, nullable=False),
        sa.Column("pledge_id", Id, nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("decided_by_id", Id, nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        *_keys(
            "dismissed_suggestion",
            line_id="statement_line",
            pledge_id="pledge",
            decided_by_id="staff_member",
        ),
    )
    op.create_index(
        "ix_dismissed_suggestion_line", "dismissed_suggestion", ["line_id", "pledge_id", "id"]
    )


def _named_ids() -> None:
    op.create_table(
        "named_id",
        sa.Column("line_id", Id, autoincrement=False, nullable=False),
        sa.Column("deposit_id", sa.String(length=13), nullable=False),
        sa.ForeignKeyConstraint(
            ["line_id"], ["statement_line.id"], name=op.f("fk_named_id_line_id")
        ),
        sa.PrimaryKeyConstraint("line_id", "deposit_id", name=op.f("pk_named_id")),
    )


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=30)


def _keys(table: str, **columns: str) -> list[sa.Constraint]:
    return [
        *(
            sa.ForeignKeyConstraint([name], [f"{of}.id"], name=op.f(f"fk_{table}_{name}"))
            for name, of in columns.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]

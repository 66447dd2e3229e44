"""The life of receipts: their copies, successors, chain and paper books."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0014"
down_revision = "0013"

TABLES = (
    "series_chain", "receipt_copy", "replacement_request", "replacement_decision", "paper_book",
    "paper_leaf", "leaf_fate", "paper_book_closing",
)  # fmt: skip
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIRST, SUCCESSOR = sa.text("replaces_id IS NULL"), sa.text("replaces_id IS NOT NULL")
OPEN, WAS_OPEN = sa.text("decision IS NULL AND expired_at IS NULL"), sa.text("decision IS NULL")
CHECKS = {
    "receipt_void": {
        "voidcause": "cause = 'entry' OR cause = 'replacement' OR cause = 'refund'"
        " OR cause = 'bank' OR cause = 'match_undone'",
        "has_a_reason": "reason <> ''",
        "two_persons": "asked_by_id <> voided_by_id",
        "asked_and_decided": "cause NOT IN ('entry', 'replacement', 'refund')"
        " OR (asked_by_id IS NOT NULL AND voided_by_id IS NOT NULL)",
        "bank_has_evidence": "cause <> 'bank' OR (evidence_id IS NOT NULL AND voided_by_id IS NULL)",
    },
    "void_request": {
        "in_time": "decided_at < expires_at",
        "expired_or_decided": "expired_at IS NULL OR decision IS NULL",
        "not_expired_early": "expired_at >= expires_at",
    },
}
# SQLite's words for a column that has no empty row any more, and for the key of a contribution.
EXPIRES = ("expires_at DATETIME", "expires_at DATETIME NOT NULL")
ONCE = (
    "CONSTRAINT uq_receipt_contribution_id UNIQUE (contribution_id)",
    "CONSTRAINT uq_receipt_contribution_id_id UNIQUE (contribution_id, id)",
)
SAME_CONTRIBUTION = (
    "CONSTRAINT fk_receipt_same_contribution FOREIGN KEY(contribution_id, replaces_id)"
    " REFERENCES receipt (contribution_id, id)"
)


def upgrade() -> None:
    _let_voids_say_more()
    _let_receipts_have_successors()
    _let_requests_expire()
    _create_tables()
    for table in TABLES:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Stops where a receipt has been replaced: it would stand beside its successor."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_void_request_open", table_name="void_request")
    op.drop_index("ix_receipt_first", table_name="receipt")
    op.drop_index("ix_receipt_successor", table_name="receipt")
    if _is_sqlite():
        _spell("void_request", (EXPIRES[::-1], *_checks("void_request", taken=True)))
        _spell("receipt_void", _checks("receipt_void", taken=True))
        _spell("receipt", (ONCE[::-1], _taken(SAME_CONTRIBUTION)))
        op.execute("REINDEX receipt")
    else:
        for table, checks in CHECKS.items():
            for name in checks:
                op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.drop_constraint("fk_receipt_same_contribution", "receipt", type_="foreignkey")
        op.drop_constraint("uq_receipt_contribution_id_id", "receipt", type_="unique")
        op.create_unique_constraint("uq_receipt_contribution_id", "receipt", ["contribution_id"])
    for name in ("expires_at", "expired_at"):
        op.drop_column("void_request", name)
    op.create_index(
        "ix_void_request_open",
        "void_request",
        ["contribution_id"],
        unique=True,
        sqlite_where=WAS_OPEN,
        postgresql_where=WAS_OPEN,
    )
    op.drop_column("receipt", "replaces_id")
    for name in ("cause", "asked_by_id", "evidence_id"):
        op.drop_column("receipt_void", name)


def _let_voids_say_more() -> None:
    _add("receipt_void", "cause VARCHAR(30)")
    _add("receipt_void", "asked_by_id {id} CONSTRAINT {fk} REFERENCES staff_member (id)")
    _add("receipt_void", "evidence_id {id} CONSTRAINT {fk} REFERENCES payment_step (id)")
    _check("receipt_void")


def _let_receipts_have_successors() -> None:
    """One receipt a contribution becomes one that replaces none, and one successor each.

    What SQLite keeps of a unique key is an index: it is built again for the key's new words.
    """
    _add("receipt", "replaces_id {id} CONSTRAINT {fk} REFERENCES receipt_void (receipt_id)")
    if _is_sqlite():
        _spell("receipt", (ONCE, _added(SAME_CONTRIBUTION)))
        op.execute("REINDEX receipt")
    else:
        op.drop_constraint("uq_receipt_contribution_id", "receipt", type_="unique")
        op.create_unique_constraint(
            "uq_receipt_contribution_id_id", "receipt", ["contribution_id", "id"]
        )
        op.create_foreign_key(
            "fk_receipt_same_contribution",
            "receipt",
            "receipt",
            ["contribution_id", "replaces_id"],
            ["contribution_id", "id"],
        )
    for name, column, where in (
        ("ix_receipt_first", "contribution_id", FIRST),
        ("ix_receipt_successor", "replaces_id", SUCCESSOR),
    ):
        op.create_index(
            name, "receipt", [column], unique=True, sqlite_where=where, postgresql_where=where
        )


def _let_requests_expire() -> None:
    """What was asked before waits three days from now on, as everything does."""
    for name in ("expires_at", "expired_at"):
        op.add_column("void_request", sa.Column(name, sa.DateTime(), nullable=True))
    if _is_sqlite():
        op.execute(
            "UPDATE void_request SET expires_at = strftime("
            "'%Y-%m-%d %H:%M:%S.000000', coalesce(decided_at, 'now'), '+72 hours')"
        )
        _spell("void_request", (EXPIRES,))
    else:
        op.execute(
            "UPDATE void_request SET expires_at ="
            " coalesce(decided_at, now() AT TIME ZONE 'UTC') + interval '72 hours'"
        )
        op.alter_column("void_request", "expires_at", nullable=False)
    _check("void_request")
    op.drop_index("ix_void_request_open", table_name="void_request")
    op.create_index(
        "ix_void_request_open",
        "void_request",
        ["contribution_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def _is_sqlite() -> bool:
    return bool(op.get_bind().dialect.name == "sqlite")


def _add(table: str, column: str) -> None:
    """A column with its foreign key, which SQLite takes only in one breath."""
    words = column.format(
        id="INTEGER" if _is_sqlite() else "BIGINT", fk=f"fk_{table}_{column.partition(' ')[0]}"
    )
    op.execute(f"ALTER TABLE {table} ADD COLUMN {words}")


def _check(table: str) -> None:
    if _is_sqlite():
        _spell(table, _checks(table))
        return
    for name, words in CHECKS[table].items():
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, words)


def _checks(table: str, *, taken: bool = False) -> tuple[tuple[str, str], ...]:
    change = _taken if taken else _added
    return tuple(
        change(f"CONSTRAINT ck_{table}_{name} CHECK ({words})")
        for name, words in CHECKS[table].items()
    )


def _added(constraint: str) -> tuple[str, str]:
    """The words before and after, at the end of a table's definition."""
    return "\n)", f", \n\t{constraint}\n)"


def _taken(constraint: str) -> tuple[str, str]:
    return f", \n\t{constraint}", ""


def _spell(table: str, changes: tuple[tuple[str, str], ...]) -> None:
    """Change the words of a table's definition in SQLite.

    It changes a constraint only by copying the table, which foreign keys forbid within a
    transaction: the words of the schema are changed instead, as its manual describes.
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    for old, new in changes:
        changed = connection.execute(
            sa.text(
                "UPDATE sqlite_master SET sql = replace(sql, :old, :new)"
                " WHERE type = 'table' AND name = :table AND instr(sql, :old) > 0"
            ),
            {"old": old, "new": new, "table": table},
        )
        if changed.rowcount != 1:
            raise RuntimeError(f"{table} is not defined as expected: {old!r} is missing")
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _create_tables() -> None:
    op.create_table(
        "series_chain",
        sa.Column("id", Id, nullable=False),
        sa.Column("series_id", Id, nullable=False),
        sa.Column("first_serial", Id, nullable=False),
        sa.Column("last_serial", Id, nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("first_serial <= last_serial", name=op.f("ck_series_chain_in_order")),
        sa.ForeignKeyConstraint(
            ["series_id"], ["receipt_series.id"], name=op.f("fk_series_chain_series_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_chain")),
        sa.UniqueConstraint(
            "series_id", "first_serial", name=op.f("uq_series_chain_series_id_first_serial")
        ),
        sa.UniqueConstraint(
            "series_id", "previous_hash", name=op.f("uq_series_chain_series_id_previous_hash")
        ),
    )
    op.create_table(
        "receipt_copy",
        sa.Column("id", Id, nullable=False),
        sa.Column("receipt_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by_id", Id, nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_receipt_copy_number_from_one")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_receipt_copy_has_a_reason")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["staff_member.id"], name=op.f("fk_receipt_copy_made_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipt.id"], name=op.f("fk_receipt_copy_receipt_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_copy")),
        sa.UniqueConstraint("receipt_id", "number", name=op.f("uq_receipt_copy_receipt_id_number")),
    )
    _create_replacements()
    _create_paper_books()


def _create_replacements() -> None:
    op.create_table(
        "replacement_request",
        sa.Column("id", Id, nullable=False),
        sa.Column("receipt_id", Id, nullable=False),
        sa.Column("corrections", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", Id, nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_replacement_request_has_a_reason")),
        sa.CheckConstraint("asked_at < expires_at", name=op.f("ck_replacement_request_in_order")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["staff_member.id"], name=op.f("fk_replacement_request_asked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipt.id"], name=op.f("fk_replacement_request_receipt_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replacement_request")),
        sa.UniqueConstraint(
            "id",
            "asked_by_id",
            "expires_at",
            name=op.f("uq_replacement_request_id_asked_by_id_expires_at"),
        ),
    )
    op.create_index(
        op.f("ix_replacement_request_receipt_id"), "replacement_request", ["receipt_id"]
    )
    op.create_table(
        "replacement_decision",
        sa.Column("request_id", Id, autoincrement=False, nullable=False),
        sa.Column("asked_by_id", Id, nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        _one_of("decision", ("approved", "declined"), "decision"),
        sa.Column("decided_by_id", Id, nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "asked_by_id <> decided_by_id", name=op.f("ck_replacement_decision_two_persons")
        ),
        sa.CheckConstraint("decided_at < expires_at", name=op.f("ck_replacement_decision_in_time")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["staff_member.id"],
            name=op.f("fk_replacement_decision_decided_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "asked_by_id", "expires_at"],
            [
                "replacement_request.id",
                "replacement_request.asked_by_id",
                "replacement_request.expires_at",
            ],
            name=op.f("fk_replacement_decision_request_id"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_replacement_decision")),
    )


def _create_paper_books() -> None:
    op.create_table(
        "paper_book",
        sa.Column("id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("series", sa.String(20), nullable=False),
        sa.Column("first_number", Id, nullable=False),
        sa.Column("last_number", Id, nullable=False),
        sa.Column("registered_by_id", Id, nullable=False),
        sa.Column("registered_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("series <> ''", name=op.f("ck_paper_book_has_a_series")),
        sa.CheckConstraint("first_number > 0", name=op.f("ck_paper_book_numbers_from_one")),
        sa.CheckConstraint(
            "last_number BETWEEN first_number AND first_number + 999",
            name=op.f("ck_paper_book_holds_leaves"),
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_paper_book_office_id")),
        sa.ForeignKeyConstraint(
            ["registered_by_id"], ["staff_member.id"], name=op.f("fk_paper_book_registered_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_book")),
        sa.UniqueConstraint("id", "series", name=op.f("uq_paper_book_id_series")),
    )
    op.create_index(op.f("ix_paper_book_office_id"), "paper_book", ["office_id"])
    op.create_table(
        "paper_leaf",
        sa.Column("id", Id, nullable=False),
        sa.Column("book_id", Id, nullable=False),
        sa.Column("series", sa.String(20), nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "series"],
            ["paper_book.id", "paper_book.series"],
            name=op.f("fk_paper_leaf_book_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_leaf")),
        sa.UniqueConstraint("series", "number", name=op.f("uq_paper_leaf_series_number")),
    )
    op.create_index("ix_paper_leaf_book", "paper_leaf", ["book_id", "number"])
    op.create_table(
        "leaf_fate",
        sa.Column("id", Id, nullable=False),
        sa.Column("leaf_id", Id, nullable=False),
        _one_of("fate", ("used", "spoiled", "lost", "unused"), "fate"),
        sa.Column("contribution_id", Id, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("told_by_id", Id, nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.Column("corrects_id", Id, nullable=True),
        sa.CheckConstraint(
            "(fate = 'used') = (contribution_id IS NOT NULL)",
            name=op.f("ck_leaf_fate_used_for_something"),
        ),
        sa.CheckConstraint(
            "fate = 'used' OR reason <> ''", name=op.f("ck_leaf_fate_else_with_a_reason")
        ),
        sa.CheckConstraint(
            "corrects_id IS NULL OR reason <> ''",
            name=op.f("ck_leaf_fate_corrected_with_a_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contribution.id"], name=op.f("fk_leaf_fate_contribution_id")
        ),
        sa.ForeignKeyConstraint(["leaf_id"], ["paper_leaf.id"], name=op.f("fk_leaf_fate_leaf_id")),
        sa.ForeignKeyConstraint(
            ["leaf_id", "corrects_id"],
            ["leaf_fate.leaf_id", "leaf_fate.id"],
            name="fk_leaf_fate_same_leaf",
        ),
        sa.ForeignKeyConstraint(
            ["told_by_id"], ["staff_member.id"], name=op.f("fk_leaf_fate_told_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaf_fate")),
        sa.UniqueConstraint("leaf_id", "id", name=op.f("uq_leaf_fate_leaf_id_id")),
    )
    op.create_index(op.f("ix_leaf_fate_contribution_id"), "leaf_fate", ["contribution_id"])
    for name, column, words in (
        ("ix_leaf_fate_first", "leaf_id", "corrects_id IS NULL"),
        ("ix_leaf_fate_correction", "corrects_id", "corrects_id IS NOT NULL"),
    ):
        where = sa.text(words)
        op.create_index(
            name, "leaf_fate", [column], unique=True, sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "paper_book_closing",
        sa.Column("book_id", Id, autoincrement=False, nullable=False),
        sa.Column("closed_by_id", Id, nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id"], ["paper_book.id"], name=op.f("fk_paper_book_closing_book_id")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"], ["staff_member.id"], name=op.f("fk_paper_book_closing_closed_by_id")
        ),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_paper_book_closing")),
    )


def _one_of(column: str, values: tuple[str, ...], name: str) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=30)
    return sa.Column(column, kind, nullable=False)

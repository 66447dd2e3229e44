"""Centres below desks, partner centres, sums of days, donors that were merged."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0021"
down_revision = "0020"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Word = sa.String(60).with_variant(sa.String(60, collation="C"), "postgresql")
INSERT_ONLY = (
    "donor_merge",
    "donor_merge_undo",
    "office_fact",
    "partner_receipt",
    "partner_receipt_reversal",
)
ROLES = "'clerk', 'office_manager', 'province_manager', {}'finance', 'administrator', 'auditor'"
NATIONAL = "role IN ({}'finance', 'administrator', 'auditor')"
NEW_ROLE = "'national_manager', "
KINDS = "kind = 'cash' OR kind = 'goods' OR kind = 'service'"
CHANGES = "change = 'opened' OR change = 'renamed' OR change = 'moved' OR change = 'closed'"
MEASURES = " OR ".join(
    f"measure = '{word}'"
    for word in ("online", "transfer", "cash", "card_terminal", "cheque", "goods", "service")
)
WORDS_AT_ONCE = 5_000


def upgrade() -> None:
    _let_roles_be("", NEW_ROLE)
    op.create_index("ix_office_in_province", "office", ["id", "province_id"], unique=True)
    _centres()
    _office_facts()
    _donor_words()
    _donor_merges()
    _partner_receipts()
    _sums_of_days()
    for table in INSERT_ONLY:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)
    _write_words()


def downgrade() -> None:
    """Stops where somebody is a national manager: the role has no place in the tables before."""
    for table in (
        "office_standing",
        "office_day_mark",
        "office_day",
        "partner_receipt_reversal",
        "partner_receipt",
        "donor_identity",
        "donor_merge_undo",
        "donor_merge",
        "donor_word",
        "office_fact",
        "centre",
    ):
        op.drop_table(table)
    op.drop_index("ix_office_in_province", "office")
    held = sa.text("SELECT count(*) FROM role_grant WHERE role = 'national_manager'")
    if op.get_bind().scalar(held):
        raise RuntimeError("a national manager was appointed")
    _let_roles_be(NEW_ROLE, "")


def _let_roles_be(before: str, after: str) -> None:
    changes = {
        "ck_role_grant_role": f"role IN ({ROLES})",
        "ck_role_grant_national_or_of_an_office": f"({NATIONAL}) = (office_id IS NULL)",
    }
    if op.get_bind().dialect.name != "sqlite":
        for name, words in changes.items():
            op.drop_constraint(op.f(name), "role_grant", type_="check")
            op.create_check_constraint(op.f(name), "role_grant", words.format(after))
        return
    _spell("role_grant", ((w.format(before), w.format(after)) for w in (ROLES, NATIONAL)))


def _spell(table: str, changes: Iterable[tuple[str, str]]) -> None:
    """Change the words of a table's definition in SQLite, which changes no constraint in place."""
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


def _centres() -> None:
    op.create_table(
        "centre",
        sa.Column("office_id", Id, autoincrement=False, nullable=False),
        sa.Column("province_id", Id, nullable=False),
        sa.Column("parent_id", Id, nullable=False),
        sa.Column("is_partner", sa.Boolean(), nullable=False),
        sa.CheckConstraint("parent_id <> office_id", name=op.f("ck_centre_below_another")),
        sa.ForeignKeyConstraint(
            ["office_id", "province_id"],
            ["office.id", "office.province_id"],
            name=op.f("fk_centre_office_id"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id", "province_id"],
            ["office.id", "office.province_id"],
            name=op.f("fk_centre_parent_id"),
        ),
        sa.PrimaryKeyConstraint("office_id", name=op.f("pk_centre")),
    )
    op.create_index("ix_centre_parent_id", "centre", ["parent_id"])


def _office_facts() -> None:
    op.create_table(
        "office_fact",
        sa.Column("id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("change", sa.String(30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("name_fa", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by_id", Id, nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(CHANGES, name=op.f("ck_office_fact_officechange")),
        sa.CheckConstraint(
            "change = 'opened' OR reason <> ''", name=op.f("ck_office_fact_has_a_reason")
        ),
        _refers("office_fact", "office_id", "office"),
        _refers("office_fact", "parent_id", "office"),
        _refers("office_fact", "changed_by_id", "staff_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_fact")),
    )
    op.create_index("ix_office_fact_office_id", "office_fact", ["office_id"])


def _donor_words() -> None:
    op.create_table(
        "donor_word",
        sa.Column("office_id", Id, autoincrement=False, nullable=False),
        sa.Column("word", Word, nullable=False),
        sa.Column("donor_id", Id, autoincrement=False, nullable=False),
        _refers("donor_word", "office_id", "office"),
        _refers("donor_word", "donor_id", "donor"),
        sa.PrimaryKeyConstraint("office_id", "word", "donor_id", name=op.f("pk_donor_word")),
    )
    op.create_index("ix_donor_word_everywhere", "donor_word", ["word", "donor_id"])


def _donor_merges() -> None:
    op.create_table(
        "donor_merge",
        sa.Column("id", Id, nullable=False),
        sa.Column("kept_id", Id, nullable=False),
        sa.Column("merged_id", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("merged_by_id", Id, nullable=False),
        sa.Column("merged_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("kept_id <> merged_id", name=op.f("ck_donor_merge_two_donors")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_donor_merge_has_a_reason")),
        _refers("donor_merge", "kept_id", "donor"),
        _refers("donor_merge", "merged_id", "donor"),
        _refers("donor_merge", "merged_by_id", "staff_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donor_merge")),
    )
    op.create_index("ix_donor_merge_kept_id", "donor_merge", ["kept_id"])
    op.create_index("ix_donor_merge_merged_id", "donor_merge", ["merged_id"])
    op.create_table(
        "donor_merge_undo",
        sa.Column("id", Id, nullable=False),
        sa.Column("merge_id", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("undone_by_id", Id, nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_donor_merge_undo_has_a_reason")),
        _refers("donor_merge_undo", "merge_id", "donor_merge"),
        _refers("donor_merge_undo", "undone_by_id", "staff_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donor_merge_undo")),
        sa.UniqueConstraint("merge_id", name=op.f("uq_donor_merge_undo_merge_id")),
    )
    op.create_table(
        "donor_identity",
        sa.Column("donor_id", Id, autoincrement=False, nullable=False),
        sa.Column("stands_for_id", Id, nullable=False),
        sa.CheckConstraint(
            "donor_id <> stands_for_id", name=op.f("ck_donor_identity_stands_for_another")
        ),
        _refers("donor_identity", "donor_id", "donor"),
        _refers("donor_identity", "stands_for_id", "donor"),
        sa.PrimaryKeyConstraint("donor_id", name=op.f("pk_donor_identity")),
    )
    op.create_index("ix_donor_identity_stands_for_id", "donor_identity", ["stands_for_id"])


def _partner_receipts() -> None:
    table = "partner_receipt"
    op.create_table(
        table,
        sa.Column("id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("version", Id, nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("fund_id", Id, nullable=False),
        sa.Column("amount_rial", Id, nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("quantity_thousandths", Id, nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("hours", Id, nullable=True),
        sa.Column("recorded_by_id", Id, nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        *_checks_of_partner_receipts(),
        _refers(table, "office_id", "centre", "office_id"),
        _refers(table, "fund_id", "fund"),
        _refers(table, "recorded_by_id", "staff_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_receipt")),
        sa.UniqueConstraint(
            "office_id",
            "number",
            "version",
            name=op.f("uq_partner_receipt_office_id_number_version"),
        ),
    )
    op.create_index("ix_partner_receipt_day", table, ["office_id", "received_on"])
    op.create_index("ix_partner_receipt_fund_id", table, ["fund_id"])
    table = "partner_receipt_reversal"
    op.create_table(
        table,
        sa.Column("id", Id, nullable=False),
        sa.Column("partner_receipt_id", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reversed_by_id", Id, nullable=False),
        sa.Column("reversed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f(f"ck_{table}_has_a_reason")),
        _refers(table, "partner_receipt_id", "partner_receipt"),
        _refers(table, "reversed_by_id", "staff_member"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("partner_receipt_id", name=op.f(f"uq_{table}_partner_receipt_id")),
    )


def _checks_of_partner_receipts() -> list[sa.CheckConstraint]:
    checks = {
        "has_a_number": "number <> ''",
        "version_counts": "version > 0",
        "itemkind": KINDS,
        "cash_is_in_rials": "(kind = 'cash') = (amount_rial IS NOT NULL)",
        "amount_within_reach": "amount_rial > 0 AND amount_rial <= 1000000000000000",
        "goods_are_counted": "(kind = 'goods') = (quantity_thousandths IS NOT NULL)",
        "goods_are_described": (
            "kind <> 'goods' OR (description IS NOT NULL AND description <> ''"
            " AND quantity_thousandths > 0 AND unit IS NOT NULL AND unit <> '')"
        ),
        "service_is_in_hours": "(kind = 'service') = (hours IS NOT NULL)",
        "hours_positive": "kind <> 'service' OR hours > 0",
    }
    return [
        sa.CheckConstraint(words, name=op.f(f"ck_partner_receipt_{name}"))
        for name, words in checks.items()
    ]


def _sums_of_days() -> None:
    op.create_table(
        "office_day",
        sa.Column("office_id", Id, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("measure", sa.String(30), nullable=False),
        sa.Column("count", Id, nullable=False),
        sa.Column("amount_rial", Id, nullable=False),
        sa.Column("hours", Id, nullable=False),
        sa.CheckConstraint(MEASURES, name=op.f("ck_office_day_measure")),
        _refers("office_day", "office_id", "office"),
        sa.PrimaryKeyConstraint("office_id", "day", "measure", name=op.f("pk_office_day")),
    )
    op.create_table(
        "office_day_mark",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("line_id", Id, nullable=False),
        sa.Column("reversal_id", Id, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_office_day_mark_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_day_mark")),
    )
    op.create_table(
        "office_standing",
        sa.Column("office_id", Id, autoincrement=False, nullable=False),
        sa.Column("open_promises", Id, nullable=False),
        sa.Column("open_rial", Id, nullable=False),
        sa.Column("cash_rial", Id, nullable=False),
        sa.Column("cheques_rial", Id, nullable=False),
        sa.Column("looked_at", sa.DateTime(), nullable=False),
        _refers("office_standing", "office_id", "office"),
        sa.PrimaryKeyConstraint("office_id", name=op.f("pk_office_standing")),
    )


def _refers(table: str, column: str, to: str, key: str = "id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.{key}"], name=op.f(f"fk_{table}_{column}"))


def _write_words() -> None:
    """Let the donors that are known already be found by the words of their names."""
    connection = op.get_bind()
    known = connection.execute(
        sa.text(
            "SELECT DISTINCT p.office_id, d.id, d.name_folded FROM pledge p"
            " JOIN donor d ON d.id = p.donor_id"
            " WHERE p.hidden_from <> 'everyone' AND d.name_folded <> ''"
            " UNION SELECT c.office_id, d.id, d.name_folded FROM contribution c"
            " JOIN pledge p ON p.id = c.pledge_id JOIN donor d ON d.id = p.donor_id"
            " WHERE p.hidden_from <> 'everyone' AND d.name_folded <> ''"
        )
    )
    table = sa.table("donor_word", *(sa.column(c) for c in ("office_id", "word", "donor_id")))
    for some in known.partitions(WORDS_AT_ONCE):
        rows = {
            (office_id, word, donor_id)
            for office_id, donor_id, name in some
            for word in _words_of(name)
        }
        names = ("office_id", "word", "donor_id")
        connection.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _words_of(folded: str) -> set[str]:
    parts = folded.split()
    return {" ".join(parts[at:])[:60] for at in range(min(len(parts), 6))}

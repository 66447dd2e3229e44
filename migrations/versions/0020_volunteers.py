"""Volunteers: skills, licences, offers of hours, the schedule, what was served, certificates."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0020"
down_revision = "0019"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSERT_ONLY = (
    "volunteer", "volunteer_facts", "volunteer_skill", "volunteer_time", "licence",
    "service_offer", "hours_reservation", "shift", "shift_outcome", "service_closing",
    "hours_certificate", "hours_certificate_void",
)  # fmt: skip
TABLES = (
    "hours_certificate_void", "hours_certificate", "service_closing", "shift_outcome", "taken_quarter", "shift",
    "hours_reservation", "service_offer", "licence", "volunteer_time", "volunteer_skill",
    "volunteer_facts", "volunteer", "skill",
)  # fmt: skip


def upgrade() -> None:
    _register()
    _offers()
    _shifts()
    _outcomes()
    for table in INSERT_ONLY:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _register() -> None:
    op.create_table(
        "skill",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_fa", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("needs_licence", sa.Boolean(), nullable=False),
        sa.Column("licence_service_id", sa.String(length=20), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "licence_service_id <> ''", name=op.f("ck_skill_licence_service_is_named")
        ),
        sa.CheckConstraint(
            "needs_licence = (licence_service_id IS NOT NULL)",
            name=op.f("ck_skill_licence_has_a_service"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skill")),
        sa.UniqueConstraint("code", name=op.f("uq_skill_code")),
        sa.UniqueConstraint("id", "needs_licence", name=op.f("uq_skill_id_needs_licence")),
    )
    op.create_table(
        "volunteer",
        sa.Column("id", Id, nullable=False),
        sa.Column("donor_id", Id, nullable=False),
        sa.Column("mobile", sa.String(length=11), nullable=False),
        sa.Column("registered_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["donor_id"], ["donor.id"], name=op.f("fk_volunteer_donor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer")),
        sa.UniqueConstraint("donor_id", name=op.f("uq_volunteer_donor_id")),
        sa.UniqueConstraint("mobile", name=op.f("uq_volunteer_mobile")),
    )
    op.create_table(
        "volunteer_facts",
        sa.Column("id", Id, nullable=False),
        sa.Column("volunteer_id", Id, nullable=False),
        sa.Column("position", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("staff_member_id", Id, nullable=True),
        sa.Column("left_reason", sa.Text(), nullable=True),
        sa.Column("told_by_id", Id, nullable=True),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(length=80), nullable=True),
        sa.CheckConstraint("left_reason <> ''", name=op.f("ck_volunteer_facts_left_for_a_reason")),
        sa.CheckConstraint(
            "left_reason IS NULL OR told_by_id IS NOT NULL",
            name=op.f("ck_volunteer_facts_a_desk_lets_somebody_leave"),
        ),
        sa.CheckConstraint("position > 0", name=op.f("ck_volunteer_facts_counted_from_one")),
        sa.ForeignKeyConstraint(
            ["office_id"], ["office.id"], name=op.f("fk_volunteer_facts_office_id")
        ),
        sa.ForeignKeyConstraint(
            ["staff_member_id"],
            ["staff_member.id"],
            name=op.f("fk_volunteer_facts_staff_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["told_by_id"], ["staff_member.id"], name=op.f("fk_volunteer_facts_told_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_volunteer_facts_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer_facts")),
        sa.UniqueConstraint("request_key", name=op.f("uq_volunteer_facts_request_key")),
        sa.UniqueConstraint(
            "volunteer_id", "position", name=op.f("uq_volunteer_facts_volunteer_id_position")
        ),
    )
    op.create_index(op.f("ix_volunteer_facts_office_id"), "volunteer_facts", ["office_id"])
    op.create_table(
        "volunteer_skill",
        sa.Column("facts_id", Id, autoincrement=False, nullable=False),
        sa.Column("skill_id", Id, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["facts_id"], ["volunteer_facts.id"], name=op.f("fk_volunteer_skill_facts_id")
        ),
        sa.ForeignKeyConstraint(
            ["skill_id"], ["skill.id"], name=op.f("fk_volunteer_skill_skill_id")
        ),
        sa.PrimaryKeyConstraint("facts_id", "skill_id", name=op.f("pk_volunteer_skill")),
    )
    op.create_table(
        "volunteer_time",
        sa.Column("facts_id", Id, autoincrement=False, nullable=False),
        sa.Column("weekday", Id, autoincrement=False, nullable=False),
        _one_of("part", ("morning", "afternoon", "evening"), "partofday"),
        sa.CheckConstraint(
            "weekday BETWEEN 0 AND 6", name=op.f("ck_volunteer_time_day_of_the_week")
        ),
        sa.ForeignKeyConstraint(
            ["facts_id"], ["volunteer_facts.id"], name=op.f("fk_volunteer_time_facts_id")
        ),
        sa.PrimaryKeyConstraint("facts_id", "weekday", "part", name=op.f("pk_volunteer_time")),
    )


def _offers() -> None:
    op.create_table(
        "licence",
        sa.Column("id", Id, nullable=False),
        sa.Column("volunteer_id", Id, nullable=False),
        sa.Column("skill_id", Id, nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("replaces_id", Id, nullable=True),
        sa.Column("recorded_by_id", Id, nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("issuer <> ''", name=op.f("ck_licence_has_an_issuer")),
        sa.CheckConstraint("number <> ''", name=op.f("ck_licence_has_a_number")),
        sa.CheckConstraint("replaces_id < id", name=op.f("ck_licence_replaces_an_earlier_one")),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_licence_ends_after_it_starts")),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["staff_member.id"], name=op.f("fk_licence_recorded_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["licence.id"], name=op.f("fk_licence_replaces_id")
        ),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name=op.f("fk_licence_skill_id")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_licence_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence")),
        sa.UniqueConstraint(
            "id",
            "volunteer_id",
            "skill_id",
            "valid_from",
            "valid_to",
            name=op.f("uq_licence_id_volunteer_id_skill_id_valid_from_valid_to"),
        ),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_licence_replaces_id")),
    )
    op.create_index(op.f("ix_licence_volunteer_id"), "licence", ["volunteer_id"])
    op.create_table(
        "service_offer",
        sa.Column("pledge_item_id", Id, autoincrement=False, nullable=False),
        sa.Column("volunteer_id", Id, nullable=False),
        sa.Column("skill_id", Id, nullable=False),
        sa.Column("taken_by_id", Id, nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pledge_item_id"], ["pledge_item.id"], name=op.f("fk_service_offer_pledge_item_id")
        ),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name=op.f("fk_service_offer_skill_id")),
        sa.ForeignKeyConstraint(
            ["taken_by_id"], ["staff_member.id"], name=op.f("fk_service_offer_taken_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_service_offer_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("pledge_item_id", name=op.f("pk_service_offer")),
        sa.UniqueConstraint(
            "pledge_item_id",
            "volunteer_id",
            "skill_id",
            name=op.f("uq_service_offer_pledge_item_id_volunteer_id_skill_id"),
        ),
    )
    op.create_index(op.f("ix_service_offer_volunteer_id"), "service_offer", ["volunteer_id"])
    op.create_table(
        "hours_reservation",
        sa.Column("id", Id, nullable=False),
        sa.Column("pledge_item_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        sa.Column("need_id", Id, nullable=False),
        _one_of(
            "step", ("reserved", "waiting", "received", "given_up", "need_closed"), "sharestep"
        ),
        sa.Column("hours", Id, nullable=False),
        sa.Column("set_by_id", Id, nullable=False),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("hours > 0", name=op.f("ck_hours_reservation_hours_positive")),
        sa.CheckConstraint("number > 0", name=op.f("ck_hours_reservation_number_from_one")),
        sa.CheckConstraint(
            "step IN ('reserved', 'received', 'given_up')",
            name=op.f("ck_hours_reservation_hours_do_not_wait"),
        ),
        sa.ForeignKeyConstraint(
            ["need_id"], ["need.id"], name=op.f("fk_hours_reservation_need_id")
        ),
        sa.ForeignKeyConstraint(
            ["pledge_item_id"],
            ["service_offer.pledge_item_id"],
            name=op.f("fk_hours_reservation_pledge_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["staff_member.id"], name=op.f("fk_hours_reservation_set_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_reservation")),
        sa.UniqueConstraint(
            "pledge_item_id", "number", name=op.f("uq_hours_reservation_pledge_item_id_number")
        ),
    )
    op.create_index(op.f("ix_hours_reservation_need_id"), "hours_reservation", ["need_id"])


def _shifts() -> None:
    op.create_table(
        "shift",
        sa.Column("id", Id, nullable=False),
        sa.Column("pledge_item_id", Id, nullable=False),
        sa.Column("volunteer_id", Id, nullable=False),
        sa.Column("skill_id", Id, nullable=False),
        sa.Column("needs_licence", sa.Boolean(), nullable=False),
        sa.Column("licence_id", Id, nullable=True),
        sa.Column("licence_from", sa.Date(), nullable=True),
        sa.Column("licence_to", sa.Date(), nullable=True),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("start_minute", Id, nullable=False),
        sa.Column("end_minute", Id, nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("supervisor", sa.Text(), nullable=False),
        sa.Column("supervisor_title", sa.Text(), nullable=True),
        sa.Column("planned_by_id", Id, nullable=False),
        sa.Column("planned_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(length=80), nullable=True),
        sa.CheckConstraint("duty <> ''", name=op.f("ck_shift_has_a_duty")),
        sa.CheckConstraint("supervisor <> ''", name=op.f("ck_shift_has_a_supervisor")),
        sa.CheckConstraint(
            "(licence_id IS NULL) = (licence_from IS NULL) AND (licence_id IS NULL) = (licence_to IS NULL)",
            name=op.f("ck_shift_licence_is_whole"),
        ),
        sa.CheckConstraint(
            "0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440",
            name=op.f("ck_shift_within_its_day"),
        ),
        sa.CheckConstraint(
            "day BETWEEN licence_from AND licence_to", name=op.f("ck_shift_licence_holds")
        ),
        sa.CheckConstraint(
            "needs_licence = (licence_id IS NOT NULL)", name=op.f("ck_shift_licensed")
        ),
        sa.CheckConstraint(
            "start_minute % 15 = 0 AND end_minute % 15 = 0", name=op.f("ck_shift_on_the_quarter")
        ),
        sa.ForeignKeyConstraint(
            ["licence_id", "volunteer_id", "skill_id", "licence_from", "licence_to"],
            [
                "licence.id",
                "licence.volunteer_id",
                "licence.skill_id",
                "licence.valid_from",
                "licence.valid_to",
            ],
            name="fk_shift_licence",
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_shift_office_id")),
        sa.ForeignKeyConstraint(
            ["planned_by_id"], ["staff_member.id"], name=op.f("fk_shift_planned_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["pledge_item_id", "volunteer_id", "skill_id"],
            [
                "service_offer.pledge_item_id",
                "service_offer.volunteer_id",
                "service_offer.skill_id",
            ],
            name="fk_shift_offer",
        ),
        sa.ForeignKeyConstraint(
            ["skill_id", "needs_licence"],
            ["skill.id", "skill.needs_licence"],
            name="fk_shift_skill",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
        sa.UniqueConstraint("request_key", name=op.f("uq_shift_request_key")),
    )
    op.create_index("ix_shift_item", "shift", ["pledge_item_id"])
    op.create_index("ix_shift_office_day", "shift", ["office_id", "day"])
    op.create_index("ix_shift_volunteer_day", "shift", ["volunteer_id", "day"])
    op.create_table(
        "taken_quarter",
        sa.Column("volunteer_id", Id, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quarter", Id, autoincrement=False, nullable=False),
        sa.Column("shift_id", Id, nullable=False),
        sa.CheckConstraint("quarter BETWEEN 0 AND 95", name=op.f("ck_taken_quarter_of_a_day")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_taken_quarter_shift_id")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_taken_quarter_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("volunteer_id", "day", "quarter", name=op.f("pk_taken_quarter")),
    )
    op.create_index(op.f("ix_taken_quarter_shift_id"), "taken_quarter", ["shift_id"])


def _outcomes() -> None:
    op.create_table(
        "shift_outcome",
        sa.Column("id", Id, nullable=False),
        sa.Column("shift_id", Id, nullable=False),
        sa.Column("number", Id, nullable=False),
        _one_of("outcome", ("present", "late", "absent", "cancelled"), "outcome"),
        sa.Column("hours", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("volunteer_staff_id", Id, nullable=True),
        sa.Column("told_by_id", Id, nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(outcome IN ('present', 'late')) = (hours > 0)",
            name=op.f("ck_shift_outcome_served_or_not"),
        ),
        sa.CheckConstraint(
            "outcome <> 'cancelled' OR reason <> ''",
            name=op.f("ck_shift_outcome_cancelled_for_a_reason"),
        ),
        sa.CheckConstraint(
            "outcome = 'cancelled' OR volunteer_staff_id <> told_by_id",
            name=op.f("ck_shift_outcome_two_persons"),
        ),
        sa.CheckConstraint("hours BETWEEN 0 AND 24", name=op.f("ck_shift_outcome_hours_of_a_day")),
        sa.CheckConstraint("number > 0", name=op.f("ck_shift_outcome_number_from_one")),
        sa.CheckConstraint(
            "number = 1 OR reason <> ''", name=op.f("ck_shift_outcome_corrected_for_a_reason")
        ),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_shift_outcome_shift_id")),
        sa.ForeignKeyConstraint(
            ["told_by_id"], ["staff_member.id"], name=op.f("fk_shift_outcome_told_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_staff_id"],
            ["staff_member.id"],
            name=op.f("fk_shift_outcome_volunteer_staff_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_outcome")),
        sa.UniqueConstraint("shift_id", "number", name=op.f("uq_shift_outcome_shift_id_number")),
    )
    op.create_table(
        "service_closing",
        sa.Column("id", Id, nullable=False),
        sa.Column("pledge_item_id", Id, nullable=False),
        sa.Column("promised_hours", Id, nullable=False),
        sa.Column("served_hours", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_by_id", Id, nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_service_closing_has_a_reason")),
        sa.CheckConstraint(
            "served_hours >= 0", name=op.f("ck_service_closing_served_hours_are_counted")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"], ["staff_member.id"], name=op.f("fk_service_closing_closed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["pledge_item_id"], ["pledge_item.id"], name=op.f("fk_service_closing_pledge_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_closing")),
    )
    op.create_index(
        op.f("ix_service_closing_pledge_item_id"), "service_closing", ["pledge_item_id"]
    )
    op.create_table(
        "hours_certificate",
        sa.Column("id", Id, nullable=False),
        sa.Column("year", Id, nullable=False),
        sa.Column("serial", Id, nullable=False),
        sa.Column("volunteer_id", Id, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("hours", Id, nullable=False),
        sa.Column("last_outcome_id", Id, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("facts_hash", sa.String(length=64), nullable=False),
        sa.Column("verify_key", sa.String(length=16), nullable=False),
        sa.Column("issued_by_id", Id, nullable=True),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "first_day <= last_day", name=op.f("ck_hours_certificate_ends_after_it_starts")
        ),
        sa.CheckConstraint("hours > 0", name=op.f("ck_hours_certificate_hours_positive")),
        sa.CheckConstraint("serial > 0", name=op.f("ck_hours_certificate_numbered_from_one")),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["staff_member.id"], name=op.f("fk_hours_certificate_issued_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["last_outcome_id"],
            ["shift_outcome.id"],
            name=op.f("fk_hours_certificate_last_outcome_id"),
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_hours_certificate_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_certificate")),
        sa.UniqueConstraint("year", "serial", name=op.f("uq_hours_certificate_year_serial")),
    )
    op.create_index(
        op.f("ix_hours_certificate_volunteer_id"), "hours_certificate", ["volunteer_id"]
    )
    op.create_table(
        "hours_certificate_void",
        sa.Column("certificate_id", Id, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("voided_by_id", Id, nullable=False),
        sa.Column("voided_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_hours_certificate_void_has_a_reason")),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["hours_certificate.id"],
            name=op.f("fk_hours_certificate_void_certificate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["voided_by_id"],
            ["staff_member.id"],
            name=op.f("fk_hours_certificate_void_voided_by_id"),
        ),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_hours_certificate_void")),
    )


def _one_of(column: str, values: tuple[str, ...], name: str) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=30)
    return sa.Column(column, kind, nullable=False)

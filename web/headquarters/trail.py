"""The audit trail: who did what, newest first."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from offices.audit import AuditEntry
from offices.staff import StaffMember
from web.services import current

_PAGE = 100


def trail() -> ResponseReturnValue:
    """One page of the trail."""
    statement = (
        select(AuditEntry, StaffMember.name)
        .outerjoin(StaffMember, StaffMember.id == AuditEntry.actor_id)
        .order_by(AuditEntry.id.desc())
        .limit(_PAGE + 1)
    )
    before_id = request.args.get("before", type=int)
    if before_id is not None:
        statement = statement.where(AuditEntry.id < before_id)
    with current.database.reading() as session:
        rows = session.execute(statement).all()
        older = url_for("headquarters.trail", before=rows[_PAGE - 1][0].id) if rows[_PAGE:] else ""
        return render_template("headquarters/trail.html", rows=rows[:_PAGE], older_url=older)

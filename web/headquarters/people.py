"""Everybody who signs in, with their roles; ending a role.

People are added on the command line (``flask staff add``), by whoever runs the machine.
"""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from offices.granting import Permission, end_role, list_staff
from offices.staff import Role, RoleGrant, StaffMember
from web.fields import SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

_CODE_MAX = 20
ROLES = {
    Role.CLERK: Later("desk clerk"),
    Role.OFFICE_MANAGER: Later("office manager"),
    Role.PROVINCE_MANAGER: Later("province manager"),
    Role.NATIONAL_MANAGER: Later("national manager"),
    Role.FINANCE: Later("finance"),
    Role.ADMINISTRATOR: Later("administrator"),
    Role.AUDITOR: Later("auditor"),
}


class EndRoleForm(SpokenForm):
    """A fresh code, where the last one is not."""

    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])


def people() -> ResponseReturnValue:
    """Everybody, by office."""
    with current.database.reading() as session:
        return render_template(
            "headquarters/people.html",
            rows=list_staff(session),
            roles=ROLES,
            is_english=spoken() == "en",
            may_act=Permission.MANAGE_STAFF in the_person().permissions,
        )


def role(grant_id: int) -> ResponseReturnValue:
    """One role of one person; end it."""
    who = the_person()
    form = EndRoleForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            demand_fresh_code(who, form.code.data or "")
            with current.database.writing() as session:
                end_role(session, grant_id, ended_by_id=who.staff_member_id, now=current.now())
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "code", refusal)
        else:
            flash(
                _("The role has ended, and every open sign-in of this person with it."), "success"
            )
            return redirect(url_for("headquarters.people"), 303)
    with current.database.reading() as session:
        grant = session.get(RoleGrant, grant_id)
        if grant is None or grant.ended_at is not None:
            raise NotFound(subject="role_grant")
        page = render_template(
            "headquarters/role.html",
            grant=grant,
            member=session.get_one(StaffMember, grant.staff_member_id),
            role_name=ROLES[grant.role],
            needs_code=not who.is_stepped_up,
            may_act=Permission.MANAGE_STAFF in who.permissions,
            form=form,
        )
        return page, 422 if form.errors else 200

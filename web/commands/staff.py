"""``staff add|list|contact|code``: the people who sign in."""

import click
from sqlalchemy import select

from core.identifiers import parse_mobile
from core.refusals import NotFound
from core.words import _
from donations.pledging import parse_email
from offices.granting import add_staff, list_staff
from offices.signing_in import current_code
from offices.staff import Role, StaffMember
from web.commands.frame import CommandGroup, answer, as_json
from web.services import current

staff = CommandGroup("staff", help="The people who sign in.")


@staff.command("add")
@click.argument("username")
@click.option("--name", required=True, help="First and last name.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--office", "office_code", required=True, help="The code of the office.")
@click.password_option(prompt=False, envvar="STAFF_PASSWORD", help="Made up where it is not given.")
@as_json
def add(
    username: str, name: str, role: str, office_code: str, password: str | None, *, as_json: bool
) -> None:
    """Let somebody sign in, with one role."""
    with current.database.writing() as session:
        made = add_staff(
            session,
            username=username,
            name=name,
            role=Role(role),
            office_code=office_code,
            password=password,
            now=current.now(),
        )
    facts = {
        "username": made.username,
        "password": made.password,
        "provisioning_uri": made.provisioning_uri,
    }
    lines = [
        _("Hand these over safely; they are shown only now:"),
        f"{_('Username')}: {made.username}",
        f"{_('Password')}: {made.password}",
        f"{_('For the authenticator app')}: {made.provisioning_uri}",
    ]
    answer(facts, lines, as_json=as_json)


@staff.command("list")
@as_json
def list_members(*, as_json: bool) -> None:
    """Show everybody who signs in, by office."""
    with current.database.reading() as session:
        members = [_facts(member) for member in list_staff(session)]
    lines = ("\t".join(str(value) for value in member.values()) for member in members)
    answer(members, lines, as_json=as_json)


@staff.command("contact")
@click.argument("username")
@click.option("--mobile", help="Where alarms are sent by SMS; empty text forgets it.")
@click.option("--email", help="Where alarms are sent by e-mail; empty text forgets it.")
@as_json
def contact(username: str, mobile: str | None, email: str | None, *, as_json: bool) -> None:
    """Say where alarms reach a person, such as one of finance when a gateway lets nobody in."""
    with current.database.writing() as session:
        member = session.scalars(
            select(StaffMember).where(StaffMember.username == username)
        ).one_or_none()
        if member is None:
            raise NotFound(subject="staff_member")
        if mobile is not None:
            member.mobile = parse_mobile(mobile) if mobile else None
        if email is not None:
            member.email = parse_email(email) if email else None
        facts = {"username": username, "mobile": member.mobile, "email": member.email}
    answer(facts, [f"{username}\t{facts['mobile']}\t{facts['email']}"], as_json=as_json)


@staff.command("code")
@click.argument("username")
@as_json
def code(username: str, *, as_json: bool) -> None:
    """Show the one-time code of a person of the demo, who has no device."""
    if current.settings.is_public:
        raise click.ClickException(
            _("One-time codes come from the person's own device; only the demo shows them here.")
        )
    with current.database.reading() as session:
        shown = current_code(session, username, current.now())
    answer({"code": shown}, [shown], as_json=as_json)


def _facts(member: StaffMember) -> dict[str, object]:
    return {
        "username": member.username,
        "name": member.name,
        "office": member.office.code,
        "roles": ",".join(grant.role.value for grant in member.grants if grant.ended_at is None),
        "is_active": member.is_active,
    }

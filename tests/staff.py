"""People at work, for tests: signed in with a real session, sending forms as a browser does."""

from collections.abc import Mapping

from flask import Flask
from werkzeug.test import TestResponse

from core.database import Database
from offices import sessions
from offices.granting import grant_role
from offices.staff import Role
from tests.factories import a_staff_member
from tests.page_client import Page, PageClient, checked

ADDRESS = "192.0.2.10"
_HIDDEN = ("csrf_token", "request_key", "goods_rows", "service_rows", "about")


class StaffClient(PageClient):
    """The browser of somebody who has signed in."""

    def __init__(self, app: Flask, staff_member_id: int, key: str) -> None:
        super().__init__(app)
        self.staff_member_id = staff_member_id
        self.key = key
        self.http.set_cookie("sid", key)

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of the form on a page."""
        page = checked(self.http.get(path).text)
        return {name: page.fields[name] for name in _HIDDEN if name in page.fields}

    def send(
        self,
        path: str,
        fields: Mapping[str, object],
        *,
        hidden: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Page:
        """Open a form, fill it in and send it; the page one ends on."""
        return self.check(self.answer(path, fields, hidden=hidden, follow=True), status)

    def answer(
        self,
        path: str,
        fields: Mapping[str, object],
        *,
        hidden: Mapping[str, str] | None = None,
        follow: bool = False,
    ) -> TestResponse:
        """The bare answer to a form."""
        hidden = self.form(path) if hidden is None else hidden
        return self.http.post(path, data={**hidden, **fields}, follow_redirects=follow)


def at_work(
    app: Flask, database: Database, role: Role, *, office: str = "07", username: str = ""
) -> StaffClient:
    """A browser in which somebody with this role has signed in, by the clock of the application."""
    now = app.extensions["services"].now()
    with database.writing() as session:
        member = a_staff_member(session, username or f"{role.value}.{office}", office=office)
        grant_role(session, member.id, role, granted_by_id=None, now=now)
        key = sessions.open_session(session, member.id, address=ADDRESS, browser="test", now=now)
        return StaffClient(app, member.id, key)

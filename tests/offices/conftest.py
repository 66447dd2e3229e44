"""People who can sign in, for the tests of the sign-in."""

from collections.abc import Callable

import pytest

from core.database import Database
from offices.granting import Credentials, add_staff
from offices.staff import Role
from tests.factories import NOON

PASSWORD = "بهار-دل‌انگیز-۱۴۰۵"
AddPerson = Callable[..., Credentials]


@pytest.fixture
def add_person(database: Database) -> AddPerson:
    """Adds somebody with a role at an office, through the real use case."""

    def add(username: str, role: Role = Role.CLERK, office: str = "07") -> Credentials:
        with database.writing() as session:
            return add_staff(
                session,
                username=username,
                name="مریم کارمند",
                role=role,
                office_code=office,
                password=PASSWORD,
                now=NOON,
            )

    return add

"""The sign-in as a person sees it: two steps, where it leads, and how it ends."""

import pytest

from offices.granting import add_staff
from offices.signing_in import current_code
from offices.staff import Role
from tests.factories import NOON
from tests.page_client import PageClient
from tests.staff import at_work
from web.sign_in.entering import local_path

PASSWORD = "بهار-دل‌انگیز-۱۴۰۵"


@pytest.fixture
def maryam(database):
    with database.writing() as session:
        add_staff(
            session,
            username="maryam",
            name="مریم",
            role=Role.CLERK,
            office_code="07",
            password=PASSWORD,
            now=NOON,
        )


def give_password(client, path="/sign-in", password=PASSWORD, status=200):
    token = client.get(path).fields["csrf_token"]
    return client.post(path, status=status, csrf_token=token, username="maryam", password=password)


def give_code(client, database, page):
    with database.reading() as session:
        code = current_code(session, "maryam", NOON)
    return client.http.post(
        "/sign-in/code" + (f"?next={page}" if page else ""),
        data={"csrf_token": client.get("/sign-in/code").fields["csrf_token"], "code": code},
    )


@pytest.mark.usefixtures("maryam")
@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("", "/desk"),
        ("/desk/entries", "/desk/entries"),
        ("https://evil.example/", "/desk"),
        ("//evil.example", "/desk"),
    ],
)
def test_two_steps_lead_to_where_one_wanted_to_go(client, database, asked, led_to):
    give_password(client)

    answer = give_code(client, database, asked)

    assert answer.status_code == 303
    assert answer.location == led_to
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]


@pytest.mark.usefixtures("maryam")
def test_a_password_alone_opens_nothing(client):
    give_password(client)

    assert "گذرواژه" in client.get("/desk").words


@pytest.mark.usefixtures("maryam")
def test_a_wrong_password_is_told_beside_the_field_and_not_repeated(client):
    page = give_password(client, password="wrong", status=422)

    assert "نام کاربری یا گذرواژه درست نیست" in page.words
    assert page.fields["username"] == "maryam"
    assert page.fields["password"] == ""


def test_without_the_first_step_there_is_no_second(client):
    assert client.http.get("/sign-in/code").location.startswith("/sign-in")


def test_a_page_for_staff_leads_a_stranger_to_the_sign_in_and_back(client):
    answer = client.http.get("/desk/entries?q=1")

    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/desk/entries?q%3D1"


def test_after_signing_out_the_copied_cookie_is_refused(app, database):
    clerk = at_work(app, database, Role.CLERK)
    copied = PageClient(app)
    copied.http.set_cookie("sid", clerk.key)
    assert copied.http.get("/desk").status_code == 200

    clerk.http.post("/sign-out", data=clerk.form("/desk"))

    assert copied.http.get("/desk").status_code == 303
    assert clerk.http.get("/desk").status_code == 303


def test_a_form_sent_after_the_sign_in_ended_is_refused_and_says_so(app, database):
    clerk = at_work(app, database, Role.CLERK)
    hidden = clerk.form("/desk/walk-in")
    clerk.http.set_cookie("sid", "forgotten")

    page = clerk.send("/desk/walk-in", {"amount": "1000"}, hidden=hidden, status=401)

    assert "دوباره وارد شوید" in page.words


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        None,
    ],
)
def test_nobody_is_sent_off_this_site(text):
    assert local_path(text) is None


@pytest.mark.parametrize("text", ["/desk", "/desk/entries?q=1&before=2", "/"])
def test_a_path_of_ours_is_kept(text):
    assert local_path(text) == text

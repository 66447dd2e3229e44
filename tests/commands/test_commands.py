"""The command line, as a person and as a program use it."""

import json

import pytest
from sqlalchemy import select, text

from core.database import Database
from core.settings import Settings
from donations.gateway_health import Why, pause, troubled
from donations.models.contribution import Contribution
from offices.api_keys import key_holder
from offices.audit import AuditEntry
from offices.staff import StaffMember
from tests.factories import NOON, a_staff_member
from tests.ledger.corrupting import behind_the_triggers
from tests.ledger.world import a_world
from web.app import create_app
from web.services import Services

STATEMENT = """مانده,بستانکار,بدهکار,شرح,شماره سریال,شناسه واریز,شعبه,زمان,تاریخ
1500,500,0,انتقال از غریبه,123456,,,10:00:00,1405/09/02
1490,0,10,کارمزد,123457,,اداره کل مدیریت عملیات,10:05:00,1405/09/02
"""


@pytest.fixture
def run(app):
    """Run a command; its exit code and what it printed."""

    def run_it(*words):
        result = app.test_cli_runner().invoke(args=words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout

    return run_it


@pytest.fixture
def told(run):
    """Run a command that succeeds, with --json; what it answered."""

    def tell(*words):
        code, printed = run(*words, "--json")
        assert code == 0, printed
        return json.loads(printed)

    return tell


def a_statement(tmp_path, content=STATEMENT):
    file = tmp_path / "statement.csv"
    file.write_text(content, "utf-8")
    return str(file)


def test_an_empty_database_is_brought_up_to_date_and_again_nothing_changes(
    tmp_path, settings, gateways
):
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    app = create_app(settings, Services(settings, empty, lambda: NOON, gateways))

    for _time in range(2):
        result = app.test_cli_runner().invoke(args=["db", "upgrade", "--language", "en"])
        assert (result.exit_code, result.stdout) == (0, "The database is up to date.\n")

    with empty.reading() as session:
        assert session.execute(text("SELECT count(*) FROM fund")).scalar_one() == 84
        assert session.scalars(text("SELECT name FROM terminal ORDER BY name")).all() == [
            "mellat-main",
            "zarinpal-main",
        ]
    empty.engine.dispose()


def test_the_demo_is_loaded_once_and_says_who_may_sign_in(run, database):
    first, again = run("demo", "load"), run("demo", "load")

    assert first == again
    assert first[0] == 0
    assert "clerk.ardabil" in first[1]
    assert "staff code" in first[1]
    with database.reading() as session:
        assert len(session.scalars(select(Contribution)).all()) == 2
        assert len(session.scalars(select(StaffMember)).all()) >= 4


def test_a_demo_person_gets_a_one_time_code(run, told):
    run("demo", "load")

    assert len(told("staff", "code", "finance1")["code"]) == 6


@pytest.mark.parametrize(
    "words", [("demo", "load"), ("staff", "code", "finance1"), ("gateways", "sandbox")]
)
def test_a_public_installation_has_no_demo(words, settings, database, gateways, database_url):
    public = Settings(
        instance_dir=settings.instance_dir,
        database_url=database_url,
        public_url="https://mosharekat.example.ir",
        secret_key="k" * 40,
    )
    app = create_app(public, Services(public, database, lambda: NOON, gateways))

    assert app.test_cli_runner().invoke(args=words).exit_code == 1


def test_a_key_is_made_and_revoked_with_a_row_in_the_trail(run, told, database):
    key = told("api-keys", "add", "--name", "Bank")["key"]

    assert told("api-keys", "revoke", "--name", "Bank")["name"] == "Bank"

    with database.reading() as session:
        assert key_holder(session, key, NOON) is None
        acts = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts[-2:] == ["api_key.add", "api_key.revoke"]
    code, printed = run("api-keys", "revoke", "--name", "Nobody", "--json")
    assert (code, json.loads(printed)["code"]) == (1, "api_key.no_such_name")


def test_gateways_are_listed_with_their_state(told):
    listed = told("gateways", "list")

    assert [(each["name"], each["adapter"], each["state"]) for each in listed] == [
        ("mellat-main", "mellat", "enabled"),
        ("zarinpal-main", "zarinpal", "enabled"),
    ]


def test_a_gateway_that_does_not_answer_fails_its_check(run):
    code, printed = run("gateways", "check", "zarinpal-main", "--json")

    (said,) = json.loads(printed)
    assert code == 1
    assert (said["name"], said["ok"], said["answer"]) == ("zarinpal-main", False, "unknown")


def test_a_gateway_that_lets_us_in_passes_its_check(paying_app):
    result = paying_app.test_cli_runner().invoke(
        args=["gateways", "check", "mellat-main", "--json"]
    )

    assert result.exit_code == 0
    assert json.loads(result.stdout)[0]["ok"] is True


def test_a_sweep_tells_what_it_did(told):
    assert told("payments", "sweep") == {"swept": 0, "confirmed": 0, "open": 0}


def test_a_statement_is_imported_once(told, tmp_path):
    file = a_statement(tmp_path)

    looked = told("statements", "import", file, "--dry-run")
    first, again = told("statements", "import", file), told("statements", "import", file)

    assert first == looked == {
        "file": "statement.csv", "format": "csv", "account": "90190", "rows": 2, "new": 2,
        "known": 0, "rejected": 0, "opening_rial": 1000, "closing_rial": 1490,
    }  # fmt: skip
    assert (again["new"], again["known"]) == (0, 2)


def test_a_statement_that_does_not_add_up_is_refused_with_its_row(run, tmp_path):
    file = a_statement(tmp_path, STATEMENT.replace("1490", "1491"))

    code, printed = run("statements", "import", file, "--json")

    refusal = json.loads(printed)
    assert code == 1
    assert refusal["code"] == "statement.balance_breaks"
    assert isinstance(refusal["row"], int)
    assert refusal["message"]


def test_a_refusal_is_told_to_a_person_on_standard_error(app, tmp_path):
    file = a_statement(tmp_path, "not a statement")

    result = app.test_cli_runner().invoke(args=["statements", "import", file, "--language", "en"])

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Nobody here can read such a file.")


def test_a_run_explains_is_reported_and_undone(told, tmp_path):
    told("statements", "import", a_statement(tmp_path))

    done = told("reconcile", "run")
    reported = told("reconcile", "report")
    undone = told("reconcile", "undo", str(done["run"]), "--reason", "to see")

    assert (done["matched"], done["open"], done["by_rule"]) == (1, 1, {"bank_fee": 1})
    assert [(line["amount_rial"], line["state"]) for line in reported["lines"]] == [
        (500, "open"),
        (-10, "matched"),
    ]
    assert reported["lines"][1]["rule"] == "bank_fee"
    assert reported["totals"]["lines"] == 2
    assert undone["undone"] == 1
    assert told("ledger", "check")["ok"]


def test_books_that_are_whole_pass_the_check(told, database):
    a_world(database)

    report = told("ledger", "check")

    assert report["ok"] is True
    assert all(check == {"name": check["name"], "ok": True} for check in report["checks"])


def test_books_that_are_not_whole_fail_it_with_the_place(run, database):
    a_world(database)
    behind_the_triggers(database, "entry", "DELETE FROM entry WHERE id = 1")

    code, printed = run("ledger", "check", "--json")

    broken = {check["name"]: check["detail"] for check in json.loads(printed)["checks"]
              if not check["ok"]}  # fmt: skip
    assert code == 1
    assert set(broken) >= {"postings_balance", "chain"}
    assert all(broken.values())


def test_the_books_are_exported_to_a_file_or_the_screen(run, database, tmp_path):
    a_world(database)
    file = tmp_path / "books.beancount"

    code, printed = run("ledger", "export", "--format", "beancount")
    run("ledger", "export", "--output", str(file))

    assert code == 0
    assert "Assets:Bank:N90190" in printed
    assert file.read_text("utf-8") == printed


def test_a_receipt_is_rendered_to_the_same_bytes_and_verified(told, database, tmp_path):
    a_world(database)
    issued = told("receipts", "issue", "1")
    number = issued["number"].replace("/", "-")

    files = [tmp_path / "one.pdf", tmp_path / "two.pdf"]
    for file in files:
        told("receipts", "render", number, "--output", str(file))
    found = told("receipts", "verify", number)

    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes().startswith(b"%PDF")
    assert (found["valid"], found["void_since"]) == (True, None)


def test_a_receipt_that_is_not_there_is_refused(run):
    code, printed = run("receipts", "verify", "1404/07/000123", "--json")

    assert code == 1
    assert json.loads(printed)["code"] == "not_found"


def test_staff_are_added_and_listed(told):
    added = told(
        "staff", "add", "m.rezaei", "--name", "مریم رضایی", "--role", "clerk", "--office", "07"
    )

    (listed,) = told("staff", "list")
    assert added["password"]
    assert added["provisioning_uri"].startswith("otpauth://")
    assert (listed["username"], listed["office"], listed["roles"]) == ("m.rezaei", "07", "clerk")
    assert "password" not in listed


def test_a_partner_gets_a_key_once(told, run):
    key = told("api-keys", "add", "--name", "خودپرداز")["key"]

    code, printed = run("api-keys", "add", "--name", "خودپرداز", "--json")

    assert len(key) > 30
    assert (code, json.loads(printed)["code"]) == (1, "api_key.name")


def test_the_jobs_that_are_due_can_be_done_at_once(run, database):
    run("demo", "load")

    code, _printed = run("jobs", "run", "--once")

    with database.reading() as session:
        states = session.execute(text("SELECT state, count(*) FROM job GROUP BY state")).all()
    assert code == 0
    assert [state for state, _count in states] == ["done"]


def test_what_is_said_to_a_person_is_persian(run, database):
    a_world(database)

    code, printed = run("ledger", "check")

    assert code == 0
    assert printed.splitlines()[0] == "✓ هر ثبت حساب تراز است"


def test_a_gateway_that_was_taken_out_is_let_back_when_the_bank_lets_us_in(paying_app, database):
    def resume():
        return paying_app.test_cli_runner().invoke(
            args=["gateways", "resume", "mellat-main", "--json"]
        )

    assert json.loads(resume().stdout)["code"] == "gateway.not_paused"
    with database.writing() as session:
        pause(session, "mellat-main", Why("راه ندادند", "not let in"), now=NOON)

    result = resume()

    assert (result.exit_code, json.loads(result.stdout)["ok"]) == (0, True)
    with database.reading() as session:
        assert troubled(session) == {}


def test_a_gateway_that_does_not_answer_is_not_let_back(run, database):
    with database.writing() as session:
        pause(session, "mellat-main", Why("راه ندادند", "not let in"), now=NOON)

    code, printed = run("gateways", "resume", "mellat-main", "--json")

    assert (code, json.loads(printed)["ok"]) == (1, False)


def test_where_alarms_reach_somebody_can_be_said(told, database):
    with database.writing() as session:
        a_staff_member(session, "finance9", office="00")

    said = told("staff", "contact", "finance9", "--mobile", "۰۹۱۲۱۲۳۴۵۶۷", "--email", "a@b.ir")

    assert said == {"username": "finance9", "mobile": "09121234567", "email": "a@b.ir"}

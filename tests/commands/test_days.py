"""``day close`` and ``day status``, and the balance that a person tells with a first file."""

import json

import pytest

from ledger.postings import balance_rial
from offices.granting import grant_role
from offices.one_time_codes import code_at, new_secret
from offices.staff import Role
from reconciliation.locks import closed_through
from tests.factories import NOON, a_staff_member
from tests.reconciliation.bank import DAY, Booking, as_csv, cells
from tests.reconciliation.closings import YESTERDAY, import_rows, two_days

WITHOUT_BALANCES = ("بستانکار", "بدهکار", "شرح", "تاریخ")


@pytest.fixture
def command(app):
    """Run a command; its exit code and what it answered as JSON."""

    def run(*words):
        result = app.test_cli_runner().invoke(args=[*words, "--json"])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, json.loads(result.stdout)

    return run


@pytest.fixture
def secrets(database):
    """Two persons of finance and a clerk; the secret of each one's codes."""
    found = {}
    with database.writing() as session:
        for name, role in (("one", Role.FINANCE), ("two", Role.FINANCE), ("out", Role.CLERK)):
            member = a_staff_member(session, name, office="00")
            member.totp_secret = found[name] = new_secret()
            grant_role(session, member.id, role, granted_by_id=None, now=NOON)
    return found


@pytest.fixture
def rows(database):
    import_rows(database, two_days(database))


def sign(command, secrets, name):
    code = code_at(secrets[name], NOON)
    return command("day", "close", "1405-08-30", "--as", name, "--sign", "--code", code)


@pytest.mark.usefixtures("rows")
def test_a_day_is_closed_by_two_persons_on_the_command_line(database, command, secrets):
    code, prepared = command("day", "close", YESTERDAY.isoformat(), "--as", "one")
    assert (code, prepared["day"], prepared["state"]) == (0, "2026-11-21", "prepared")
    code, refusal = sign(command, secrets, "one")
    assert (code, refusal["code"]) == (1, "day.signer_prepared")

    code, signed = sign(command, secrets, "two")
    assert (code, signed["state"]) == (0, "signed")
    with database.reading() as session:
        assert closed_through(session, 1) == YESTERDAY


@pytest.mark.usefixtures("rows", "secrets")
def test_a_wrong_code_signs_nothing_on_the_command_line(database, command):
    command("day", "close", "1405-08-30", "--as", "one")
    words = ("day", "close", "1405-08-30", "--as", "two", "--sign", "--code", "000000")

    code, refusal = command(*words)
    assert (code, refusal["code"]) == (1, "one_time_code.wrong")
    with database.reading() as session:
        assert closed_through(session, 1) is None


@pytest.mark.usefixtures("rows", "secrets")
@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (("1405-08-30", "--as", "out"), "not_found"),
        (("1405-08-30", "--as", "nobody"), "not_found"),
        (("1405-13-30", "--as", "one"), "date.unreadable"),
        (("1405-08-30", "--as", "one", "--account", "7"), "statement.unknown_account"),
        (("1405-09-01", "--as", "one"), "day.not_over"),
    ],
    ids=["a clerk", "nobody", "no day", "no account", "today"],
)
def test_what_cannot_be_closed_is_refused_with_its_reason(command, words, refused):
    code, refusal = command("day", "close", *words)
    assert (code, refusal["code"]) == (1, refused)


@pytest.mark.usefixtures("rows")
def test_the_status_tells_how_far_the_days_are_signed(command, secrets):
    (account,) = command("day", "status")[1]
    assert (account["signed_through"], account["next_day"]) == (None, "2026-11-21")

    command("day", "close", "1405-08-30", "--as", "one")
    sign(command, secrets, "two")
    (account,) = command("day", "status")[1]
    assert (account["signed_through"], account["next_day"]) == ("2026-11-21", DAY.isoformat())


def test_the_balance_before_a_first_file_is_told_on_the_command_line(database, command, tmp_path):
    file = tmp_path / "s.csv"
    row = ["500", "0", "x", "1405/09/01"]
    file.write_bytes(as_csv([row], headings=WITHOUT_BALANCES))

    words = ("statements", "import", str(file), "--account", "90190", "--opening-rial", "1000")
    code, report = command(*words)
    assert (code, report["opening_rial"], report["closing_rial"]) == (0, 1_000, 1_500)
    with database.reading() as session:
        assert balance_rial(session, "bank:90190") == 1_500


def test_an_opening_that_contradicts_the_file_is_refused(command, tmp_path):
    file = tmp_path / "s.csv"
    file.write_bytes(as_csv(cells([Booking(5)])))

    words = ("statements", "import", str(file), "--account", "90190", "--opening-rial", "1000")
    code, refusal = command(*words)
    assert (code, refusal["code"]) == (1, "statement.gap")

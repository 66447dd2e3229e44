"""The forms of the sign-in: a name with a password, then a one-time code."""

from wtforms import Form, PasswordField, StringField
from wtforms.validators import InputRequired

from core.refusals import Refusal
from core.words import Later
from offices.granting import USERNAME_MAX
from offices.passwords import LENGTH_MAX
from web.fields import SpokenForm, at_most
from web.refusals import explain

_CODE_MAX = 20  # six digits, with whatever stands between them


class PasswordForm(SpokenForm):
    """Who somebody is."""

    username = StringField(
        Later("User name"),
        [InputRequired(Later("Write your user name.")), at_most(USERNAME_MAX)],
    )
    password = PasswordField(
        Later("Password"),
        [InputRequired(Later("Write your password.")), at_most(LENGTH_MAX)],
    )


class CodeForm(SpokenForm):
    """The code that the person's own device shows now."""

    code = StringField(
        Later("One-time code"),
        [InputRequired(Later("Write the code that your device shows.")), at_most(_CODE_MAX)],
    )


def put_beside(form: Form, field_name: str, refusal: Refusal) -> None:
    """Show why something was refused beside a field of its form."""
    field = form[field_name]
    field.errors = (*field.errors, explain(refusal))

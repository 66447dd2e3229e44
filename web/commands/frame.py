"""What all commands share: two languages, JSON on demand, and refusals told in words.

A refused command ends with exit code 1 and says why: as ``{code, message, row?}`` where JSON was
asked for, else as a sentence on standard error.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import click
from flask.cli import AppGroup

from core.refusals import Refusal
from core.words import DEFAULT_LANGUAGE, LANGUAGES, speaking
from web.refusals import explain

as_json = click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")


class ToldCommand(click.Command):
    """A command that speaks Persian or English and tells refusals in words."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params.append(
            click.Option(
                ["--language"],
                type=click.Choice(LANGUAGES),
                default=DEFAULT_LANGUAGE,
                show_default=True,
                help="The language of the answer.",
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        with speaking(ctx.params.pop("language")):
            try:
                return super().invoke(ctx)
            except Refusal as refusal:
                _tell_refusal(refusal, as_json=bool(ctx.params.get("as_json")))
                ctx.exit(1)


class CommandGroup(AppGroup):
    """A group whose commands are told; each runs inside the application."""

    command_class = ToldCommand


def answer(facts: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print the facts as JSON, or the lines that say the same to a person."""
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, default=str))
        return
    for line in lines:
        click.echo(line)


def _tell_refusal(refusal: Refusal, *, as_json: bool) -> None:
    if not as_json:
        click.echo(explain(refusal), err=True)
        return
    told: Mapping[str, object] = {"code": refusal.code, "message": explain(refusal)}
    row = refusal.details.get("row")
    click.echo(
        json.dumps(told if row is None else {**told, "row": row}, ensure_ascii=False, default=str)
    )

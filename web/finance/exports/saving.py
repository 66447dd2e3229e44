"""A list of finance, saved as a file."""

from collections.abc import Mapping

from flask.typing import ResponseReturnValue

from core.clock import tehran_date
from core.refusals import NotFound
from core.words import _
from web.exporting import ENDINGS, Column, Sheet, send
from web.filters import moment
from web.finance.exports.bank import BANK
from web.finance.exports.days import DAYS
from web.finance.exports.lists import Export
from web.finance.exports.way_back import WAY_BACK
from web.services import current
from web.sign_in.guard import the_person

EXPORTS: Mapping[str, Export] = {**BANK, **DAYS, **WAY_BACK}


def export(name: str, ending: str) -> ResponseReturnValue:
    """A list of finance as Excel or CSV, narrowed as its page is."""
    if name not in EXPORTS or ending not in ENDINGS:
        raise NotFound(subject="export")
    chosen = EXPORTS[name]
    now = current.now()
    today = tehran_date(now)
    with current.database.reading() as session:
        return send(
            Sheet(
                name=f"{name}-{today.isoformat()}",
                title=str(chosen.title),
                about=_("%(title)s, saved on %(moment)s by %(name)s")
                % {"title": chosen.title, "moment": moment(now), "name": the_person().name},
                columns=[_spoken(column) for column in chosen.columns],
                rows=chosen.rows(session, today),
            ),
            ending,
        )


def _spoken(column: Column) -> Column:
    return Column(str(column.heading), is_money=column.is_money, is_day=column.is_day)

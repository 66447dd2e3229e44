"""A small site that shows every piece of the frame once, under the policy of the real one."""

import secrets
from types import SimpleNamespace

from flask import Flask, Response, flash, render_template_string, request
from wtforms import BooleanField, Form, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from core.settings import ROOT
from core.words import Later, _, speak, spoken

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)
AMOUNTS = [
    SelectChoice("500000", "۵۰۰٬۰۰۰"),
    SelectChoice("2500000", "۲٬۵۰۰٬۰۰۰"),
    SelectChoice("other", "دیگر"),
]


class GiftForm(Form):
    preset = RadioField(
        Later("Copy"), choices=AMOUNTS, validators=[InputRequired()], default="500000"
    )
    amount = StringField(Later("rial"), [InputRequired(message=Later("Copied"))])
    fund = SelectField(Later("Main"), choices=[SelectChoice("1", "۱"), SelectChoice("2", "۲")])
    name = StringField(Later("Staff"), [Length(max=5, message=Later("Older"))])
    is_hidden = BooleanField(Later("Newer"))
    day = StringField("۱")
    month = StringField("۲")
    year = StringField("۳")


GIVE = """
{% extends "base.html" %}{% import "macros/forms.html" as forms %}
{% block heading %}{{ _("Mosharekat") }}{% endblock %}
{% block content %}
<form class="narrow" method="post" data-once>
  {{ forms.csrf() }}
  {{ forms.cards(form.preset) }}
  {{ forms.amount(form.amount, hint=_("rial")) }}
  {{ forms.field(form.fund) }}{{ forms.field(form.name, size="medium", autocomplete="name") }}
  {{ forms.check(form.is_hidden) }}{{ forms.date(_("Main"), form.day, form.month, form.year) }}
  <div data-shows="preset=other" id="other">{{ _("Staff") }}</div>
  <div class="actions">{{ forms.submit(_("Copy"), kind="wide") }}</div>
</form>
<details><summary>{{ _("Older") }}</summary><p>{{ _("Newer") }}</p></details>
{% endblock %}
"""

FOLLOW = """
{% extends "base.html" %}{% import "macros/parts.html" as parts %}
{% import "macros/charts.html" as charts %}
{% block before %}{{ parts.back("/give", _("Older")) }}{% endblock %}
{% block heading %}{{ _("Main") }}{% endblock %}
{% block content %}
<div class="confirmation narrow"><p class="money money--large">۲٬۵۰۰٬۰۰۰ {{ _("rial") }}</p>
<p>{{ parts.code("۳۱۲۳۴۵۶۷۸۹۰۱۲", large=True, copy="3123456789012") }}</p></div>
<div class="split"><div class="card"><h2>{{ _("Copy") }}</h2>
{{ parts.summary([(_("Main"), "۱"), (_("Staff"), "")]) }}</div>
<div class="card">{{ parts.timeline(stages) }}</div></div>
{% call parts.notice("warning", _("Newer")) %}<p>{{ _("Older") }}</p>{% endcall %}
{{ charts.bars(_("Main"), bars, _("Staff"), _("rial")) }}
{% endblock %}
"""

INBOX = """
{% extends "staff.html" %}{% import "macros/parts.html" as parts %}
{% import "macros/forms.html" as forms %}
{% block heading %}{{ _("Staff") }}{% endblock %}
{% block content %}
{{ parts.totals([(_("Main"), "۱۲"), (_("Older"), "۷")]) }}
<form class="filters" method="get" data-enter-next>
{{ forms.field(form.name, data_scan=True) }}{{ forms.field(form.fund) }}
{{ forms.submit(_("Copy"), kind="quiet", key="ctrl+enter") }}</form>
<ol class="inbox" data-rows>{% for n in (1, 2, 3) %}
<li class="inbox-row" data-row tabindex="-1" id="row-{{ n }}"><div class="money">۱</div>
<div class="candidate">{{ parts.tag(_("Newer"), "good") }}</div>
<form class="actions" action="/accepted/{{ n }}">
<input type="checkbox" aria-label="{{ _('Copy') }}">
<button class="button button--small" data-main data-key="a">{{ _("Copy") }}</button></form></li>
{% endfor %}</ol>
<div class="table-scroll"><table class="data"><caption>{{ _("Main") }}</caption>
<thead><tr><th scope="col">{{ _("Main") }}</th><th scope="col" class="number">{{ _("rial") }}</th>
</tr></thead><tbody><tr><td data-label="{{ _('Main') }}">{{ parts.code("۱۴۰۴/۰۷/۰۰۰۱۲۳") }}</td>
<td class="number" data-label="{{ _('rial') }}">۱۲۳٬۴۵۶٬۷۸۹</td></tr></tbody></table></div>
{{ parts.pagination("?a", "?b") }}{{ parts.empty(_("Older")) }}
{% endblock %}
"""

DONE = '{% extends "base.html" %}{% block heading %}{{ _("Copied") }}{% endblock %}'


def sample_site() -> Flask:
    app = Flask(
        "sample",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        static_url_path="/static",
    )
    app.secret_key = secrets.token_hex()
    app.jinja_env.globals.update(_=_)
    app.context_processor(_context)
    app.before_request(lambda: speak(request.args.get("language", "fa")))
    app.after_request(_guarded)
    app.add_url_rule("/give", view_func=give, methods=["GET", "POST"])
    app.add_url_rule("/follow", view_func=follow)
    app.add_url_rule("/inbox", view_func=inbox)
    app.add_url_rule("/accepted/<int:number>", view_func=accepted)
    return app


def _context() -> dict[str, object]:
    below = SimpleNamespace(url="/follow", label=_("Main"), current=False, pages=())
    entry = SimpleNamespace(url="/give", label=_("Mosharekat"), current=True, pages=[below])
    signed_in = SimpleNamespace(name="زهرا احمدی", office="تهران")
    return {
        "language": spoken(),
        "navigation": [entry, below],
        "signed_in": signed_in,
        "sign_out_url": "/give",
    }


def _guarded(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    return response


def give() -> str:
    form = GiftForm(request.form)
    if request.method == "POST" and form.validate():
        return render_template_string(DONE)
    return render_template_string(GIVE, form=form)


def follow() -> str:
    flash(_("Copied"), "success")
    stages = [
        SimpleNamespace(text=_("Main"), state="done", when="۱۴۰۴/۰۷/۲۱", note=""),
        SimpleNamespace(text=_("Staff"), state="now", when="", note=_("Older")),
    ]
    bars = [SimpleNamespace(label=_("Main"), value=value, text="۱") for value in (100, 30, 0)]
    return render_template_string(FOLLOW, stages=stages, bars=bars)


def inbox() -> str:
    return render_template_string(INBOX, form=GiftForm())


def accepted(number: int) -> str:
    return render_template_string(DONE, number=number)

"""Acceptance rules: what holds for each category, what held, and setting one with its reason."""

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from core.clock import tehran_date
from core.refusals import Refusal
from core.words import Later, _, spoken
from donations.goods.rules import all_rules, categories, rules_on, set_rule
from donations.models.acceptance_rule import RuleKind
from donations.pledging import TEXT_MAX
from offices.granting import Permission
from web.desk.found_form import category_choices
from web.fields import DayField, HoursField, SpokenForm, at_most
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person

RULES: Mapping[str, Later] = {
    RuleKind.DAYS_UNTIL_EXPIRY: Later("Days until expiry, at least"),
    RuleKind.UNOPENED: Later("Unopened only (1 yes, 0 no)"),
    RuleKind.CONDITION_AT_LEAST: Later("Condition at least (2 worn, 3 good, 4 new; 0 any)"),
    RuleKind.WORKS: Later("Works (1 yes, 0 no)"),
    RuleKind.NOT_TAKEN: Later("Not taken at all (1 yes, 0 no)"),
}


class ValueField(HoursField):
    """A whole number from zero."""

    def read(self, text: str) -> int:
        return 0 if text.strip() in ("0", "۰", "٠") else int(super().read(text))


class RuleForm(SpokenForm):
    """One rule from a day on."""

    category = SelectField(Later("Category"), choices=category_choices)
    kind = SelectField(Later("Rule"), choices=dict(RULES))
    value = ValueField(Later("Value"), [InputRequired(Later("Please fill this in."))])
    valid_from = DayField(Later("From this day on"), [InputRequired(Later("Write the day."))])
    reason = StringField(
        Later("Reason"), [InputRequired(Later("Please fill this in.")), at_most(TEXT_MAX)]
    )


def goods_rules() -> ResponseReturnValue:
    """What holds today, everything that was set, and a form for who may set a rule."""
    who = the_person()
    form = RuleForm(request.form)
    status = 200
    if request.method == "POST":
        if form.validate() and _is_set(form):
            flash(_("The rule is set."), "success")
            return redirect(url_for("desk.goods_rules"), 303)
        status = 422
    return _page(form, may_act=Permission.SET_DESK_RULES in who.permissions), status


def _is_set(form: RuleForm) -> bool:
    now = current.now()
    if form.value.value is None or form.valid_from.value is None:
        return False
    try:
        with current.database.writing() as session:
            set_rule(
                session,
                form.category.data or "",
                RuleKind(form.kind.data),
                form.value.value,
                valid_from=form.valid_from.value,
                reason=form.reason.data or "",
                set_by_id=the_person().staff_member_id,
                today=tehran_date(now),
                now=now,
            )
    except Refusal as refusal:
        name = str(refusal.details.get("name") or refusal.field)
        field = form[name] if name in form else form.reason  # noqa: SIM401  a form has no get
        field.errors = (*field.errors, explain(refusal))
        return False
    return True


def _page(form: RuleForm, *, may_act: bool) -> str:
    is_english = spoken() == "en"
    with current.database.reading() as session:
        today = tehran_date(current.now())
        holding = [
            (
                row.name_en if is_english else row.name_fa,
                [
                    (str(RULES[kind]), rule)
                    for kind, rule in rules_on(session, row.id, today).items()
                ],
            )
            for row in categories(session)
        ]
        history = [
            (rule, rule.category.name_en if is_english else rule.category.name_fa)
            for rule in all_rules(session)
            if rule.set_by_id is not None
        ]
        return render_template(
            "desk/goods/rules.html",
            form=form,
            holding=holding,
            history=[(rule, name, str(RULES[rule.kind])) for rule, name in history],
            may_act=may_act,
        )

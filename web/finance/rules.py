"""The rules: what each does, how far it may go on each account, and what it did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from core.clock import tehran_date
from core.refusals import NotFound, Refusal
from core.words import Later, _
from ledger.accounts import BankAccount
from offices.audit import note
from offices.granting import Permission
from offices.limits import TooManyTries
from offices.signing_in import WrongCode
from offices.staff import StaffMember
from reconciliation.matches import Rule
from reconciliation.rules import (
    REASON_MAX,
    RULES,
    Modes,
    RuleCard,
    RuleMode,
    RuleSetting,
    Wish,
    loosens,
    modes_on,
    set_mode,
    settings_of,
)
from reconciliation.rules_shadow import Agreement, agreements, lately_explained
from web.fields import DayField, SpokenForm, at_most
from web.filters import day, digits
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

_ALL = ""
_CODE_MAX = 20
_SETTINGS_SHOWN = 3

# What a rule asks for, all of it, before it explains a line.
WHAT_IT_DOES: Mapping[Rule, Later] = {
    Rule.DEPOSIT_ID: Later("The row carries the deposit id of a pledge, and exactly its amount."),
    Rule.SPLIT: Later(
        "The row names several deposit ids of ours, and their pledges make exactly its amount."
    ),
    Rule.BANK_REFERENCE: Later(
        "The row carries the bank's reference of one payment, and exactly its amount."
    ),
    Rule.SETTLEMENT_REPORT: Later("The row is the sum of a provider's own settlement report."),
    Rule.SETTLEMENT_BATCH: Later(
        "The row is the sum of a terminal's final payments of a business day, less the fee of its"
        " terms."
    ),
    Rule.DEPOSIT_SLIP: Later("The row carries the deposit id of a desk's slip, and its amount."),
    Rule.CARD: Later(
        "The row shows a card whose earlier deposits were one donor's, and exactly one open pledge"
        " of that donor has its amount."
    ),
    Rule.REVERSAL_PAIR: Later(
        "A debit takes back an earlier credit of the same day, with the same serial and amount."
    ),
    Rule.REFUND: Later("A debit carries the bank's reference of a refund, and its amount."),
    Rule.BANK_FEE: Later("A debit that the bank's own texts call a fee."),
}
MODES: Mapping[RuleMode, Later] = {
    RuleMode.AUTO: Later("books by itself"),
    RuleMode.SUGGEST: Later("only suggests"),
    RuleMode.SHADOW: Later("looks on, shows nothing"),
    RuleMode.OFF: Later("switched off"),
}


class RuleForm(SpokenForm):
    """How far a rule may go, where, from when, and why."""

    rule = SelectField(Later("Rule"))
    account = SelectField(Later("Account"))
    mode = SelectField(Later("What it may do"))
    valid_from = DayField(Later("From this day on"))
    reason = TextAreaField(
        Later("Reason"), [InputRequired(Later("Please give the reason.")), at_most(REASON_MAX)]
    )
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])

    def offer(self, names: Mapping[Rule, str], accounts: Mapping[int, str]) -> None:
        """Fill the lists to choose from."""
        self.rule.choices = [(rule.value, name) for rule, name in names.items()]
        self.account.choices = [
            (_ALL, _("all accounts")),
            *((str(id_), digits(number)) for id_, number in accounts.items()),
        ]
        self.mode.choices = [(mode.value, str(words)) for mode, words in MODES.items()]

    def refuse(self, refusal: Refusal) -> None:
        """Show why nothing was set, beside the field it is about."""
        is_code = isinstance(refusal, WrongCode | TooManyTries)
        put_beside(self, "code" if is_code else refusal.field or "mode", refusal)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as the page shows it."""

    card: RuleCard
    what_it_does: str
    mode: str
    exceptions: Mapping[str, str]  # account number -> mode
    explained: int  # lines, among the latest matches
    agreement: Agreement
    settings: Sequence[tuple[RuleSetting, str]]  # newest first, each with who set it


def rules() -> ResponseReturnValue:
    """Every rule, and a form to hold one back or let it go further."""
    form = RuleForm(request.form)
    with current.database.reading() as session:
        accounts = _accounts(session)
    form.offer(rule_names(), accounts)
    if request.method == "POST" and form.validate():
        try:
            _set(form)
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            flash(_("The rule does so from that day on."), "success")
            return redirect(url_for("finance.rules"), 303)
    with current.database.reading() as session:
        page = render_template(
            "finance/rules.html",
            rows=_rows(session, accounts),
            form=form,
            may_loosen=Permission.LOOSEN_RULES in the_person().permissions,
            needs_code=not the_person().is_stepped_up,
        )
    return page, 422 if form.errors else 200


def rule_names() -> Mapping[Rule, str]:
    """The rules whose modes are set by people, by their names."""
    words = {
        Rule.DEPOSIT_ID: _("deposit id"),
        Rule.SPLIT: _("several deposit ids"),
        Rule.DEPOSIT_SLIP: _("deposit slip"),
        Rule.CARD: _("card and amount"),
        Rule.REVERSAL_PAIR: _("taken back by the bank"),
        Rule.REFUND: _("refund"),
        Rule.BANK_FEE: _("bank fee"),
    }
    return {rule: name for rule, name in words.items() if RULES[rule].is_settable}


def _set(form: RuleForm) -> None:
    who, now = the_person(), current.now()
    wish = Wish(
        rule=Rule(form.rule.data),
        mode=RuleMode(form.mode.data),
        bank_account_id=int(form.account.data) if form.account.data else None,
        valid_from=form.valid_from.value or tehran_date(now),
        reason=form.reason.data or "",
    )
    with current.database.reading() as session:
        is_loosening = loosens(session, wish)
    if is_loosening and Permission.LOOSEN_RULES in who.permissions:
        demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        setting = set_mode(session, wish, set_by_id=who.staff_member_id, now=now)
        note(
            session,
            "reconciliation.set_rule",
            subject="rule_setting",
            subject_id=setting.id,
            now=now,
            actor_id=who.staff_member_id,
            rule=wish.rule.value,
            mode=wish.mode.value,
        )


def _rows(session: Session, accounts: Mapping[int, str]) -> list[RuleRow]:
    modes = modes_on(session, tehran_date(current.now()))
    explained, agreed = lately_explained(session), agreements(session)
    return [
        RuleRow(
            card=card,
            what_it_does=str(WHAT_IT_DOES[rule]),
            mode=str(MODES[modes.of(rule)]),
            exceptions=_exceptions(modes, rule, accounts),
            explained=explained.get(rule, 0),
            agreement=agreed.get(rule, Agreement()),
            settings=[
                (setting, _told(session, setting, accounts))
                for setting in settings_of(session, rule)[:_SETTINGS_SHOWN]
            ],
        )
        for rule, card in RULES.items()
    ]


def _exceptions(modes: Modes, rule: Rule, accounts: Mapping[int, str]) -> Mapping[str, str]:
    return {accounts[id_]: str(MODES[mode]) for id_, mode in modes.exceptions(rule).items()}


def _told(session: Session, setting: RuleSetting, accounts: Mapping[int, str]) -> str:
    """One setting in a sentence."""
    where = accounts.get(setting.bank_account_id or 0) or _("all accounts")
    return _("%(mode)s on %(account)s from %(day)s (%(name)s)") % {
        "mode": MODES[setting.mode],
        "account": where,
        "day": day(setting.valid_from),
        "name": session.get_one(StaffMember, setting.set_by_id).name,
    }


def _accounts(session: Session) -> Mapping[int, str]:
    rows = session.execute(select(BankAccount.id, BankAccount.number).order_by(BankAccount.number))
    return dict(rows.all())

"""How far each rule may go: the modes of the rules, for each account, set by people with reasons.

A rule that has changed is a new rule: what was set for an older version does not hold for it, and
it begins in its first mode again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, insert_only
from core.digits import normalise
from core.refusals import NotFound, Refusal
from ledger.accounts import BankAccount
from offices.granting import Permission, permissions_of
from reconciliation.matches import Rule

REASON_MAX = 500


class RuleMode(StrEnum):
    """What becomes of the pairs that a rule finds; from the narrowest to the widest."""

    OFF = "off"  # it does not look
    SHADOW = "shadow"  # they are written down and shown to nobody at the line
    SUGGEST = "suggest"  # they are written down, and people are offered them
    AUTO = "auto"  # they are booked


_WIDTH = list(RuleMode)


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A rule as the code has it: its version, and the mode in which it begins."""

    rule: Rule
    version: int
    first_mode: RuleMode
    # Pay-outs are allowed or not by the terms of their terminal, which are settings already.
    is_settable: bool = True


RULES: Mapping[Rule, RuleCard] = {
    card.rule: card
    for card in (
        RuleCard(Rule.DEPOSIT_ID, 1, RuleMode.AUTO),
        RuleCard(Rule.SPLIT, 1, RuleMode.AUTO),
        RuleCard(Rule.BANK_REFERENCE, 1, RuleMode.AUTO, is_settable=False),
        RuleCard(Rule.SETTLEMENT_REPORT, 1, RuleMode.AUTO, is_settable=False),
        RuleCard(Rule.SETTLEMENT_BATCH, 1, RuleMode.AUTO, is_settable=False),
        RuleCard(Rule.DEPOSIT_SLIP, 1, RuleMode.AUTO),
        RuleCard(Rule.CARD, 1, RuleMode.SUGGEST),
        RuleCard(Rule.REVERSAL_PAIR, 1, RuleMode.AUTO),
        RuleCard(Rule.REFUND, 1, RuleMode.AUTO),
        RuleCard(Rule.BANK_FEE, 1, RuleMode.AUTO),
    )
}


class MayNotLoosen(Refusal):
    """Letting a rule do more is for an administrator; finance may only hold one back."""

    code = "rule.may_not_loosen"
    field = "mode"


class NotSettable(Refusal):
    """No mode is set for this rule: the terms of a terminal decide."""

    code = "rule.not_settable"
    field = "rule"


class NameTheAccount(Refusal):
    """The card rule is made automatic for one account at a time, never for all."""

    code = "rule.name_the_account"
    http_status = 422
    field = "account"


class RuleReasonMissing(Refusal):
    """Whoever changes what a rule may do says why."""

    code = "rule.reason_missing"
    http_status = 422
    field = "reason"


@insert_only
class RuleSetting(Base):
    """What a rule may do from a day on, for one account or, without one, for all; newest holds."""

    __tablename__ = "rule_setting"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint("version > 0", name="version_counts"),
        CheckConstraint(
            "rule NOT IN ('bank_reference', 'settlement_report', 'settlement_batch', 'by_hand')",
            name="settable",
        ),
        CheckConstraint(
            "rule <> 'card' OR mode <> 'auto' OR bank_account_id IS NOT NULL",
            name="card_for_one_account",
        ),
        Index("ix_rule_setting_rule", "rule", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[Rule]
    version: Mapped[int]
    bank_account_id: Mapped[int | None] = mapped_column(ForeignKey("bank_account.id"))
    mode: Mapped[RuleMode]
    valid_from: Mapped[date]
    reason: Mapped[str]
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    set_at: Mapped[datetime]


class Modes:
    """What every rule may do on one day, for every account."""

    def __init__(self, settings: Iterable[RuleSetting]) -> None:
        self._everywhere = {rule: card.first_mode for rule, card in RULES.items()}
        self._of_account: dict[tuple[Rule, int], RuleMode] = {}
        for setting in settings:
            self._take(setting)

    def of(self, rule: Rule, bank_account_id: int | None = None) -> RuleMode:
        """The mode of a rule for an account; without one, for accounts that have none of theirs."""
        own = self._of_account.get((rule, bank_account_id or 0))
        return own or self._everywhere[rule]

    def exceptions(self, rule: Rule) -> Mapping[int, RuleMode]:
        """The accounts that have a mode of their own for a rule."""
        return {account: mode for (of, account), mode in self._of_account.items() if of is rule}

    def anywhere(self, rule: Rule) -> frozenset[RuleMode]:
        """Every mode that a rule has somewhere."""
        return frozenset({self._everywhere[rule], *self.exceptions(rule).values()})

    def held_back(self) -> Sequence[Rule]:
        """The rules that are not automatic everywhere."""
        return [rule for rule in RULES if self.anywhere(rule) != {RuleMode.AUTO}]

    def _take(self, setting: RuleSetting) -> None:
        if setting.bank_account_id is not None:
            self._of_account[setting.rule, setting.bank_account_id] = setting.mode
            return
        # The newest holds for all: nothing set for one account outlives it.
        self._everywhere[setting.rule] = setting.mode
        for key in [key for key in self._of_account if key[0] is setting.rule]:
            del self._of_account[key]


def modes_on(session: Session, day: date) -> Modes:
    """What every rule may do on a day, by the settings of its version that have begun."""
    settings = session.scalars(
        select(RuleSetting).where(RuleSetting.valid_from <= day).order_by(RuleSetting.id)
    ).all()
    return Modes(each for each in settings if each.version == RULES[each.rule].version)


def settings_of(session: Session, rule: Rule) -> Sequence[RuleSetting]:
    """Everything that was ever set for a rule, newest first."""
    return session.scalars(
        select(RuleSetting).where(RuleSetting.rule == rule).order_by(RuleSetting.id.desc())
    ).all()


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a rule to do: for one account or all, from a day on, and why."""

    rule: Rule
    mode: RuleMode
    bank_account_id: int | None
    valid_from: date
    reason: str


def set_mode(session: Session, wish: Wish, *, set_by_id: int, now: datetime) -> RuleSetting:
    """Let a rule do more or less than it does.

    Raises NotSettable, NameTheAccount, RuleReasonMissing, NotFound, and MayNotLoosen where a person
    without the permission to loosen would let it do more than it does on that day.
    """
    card = RULES.get(wish.rule)
    if card is None or not card.is_settable:
        raise NotSettable
    if wish.bank_account_id is None and (wish.rule, wish.mode) == (Rule.CARD, RuleMode.AUTO):
        raise NameTheAccount
    if wish.bank_account_id and session.get(BankAccount, wish.bank_account_id) is None:
        raise NotFound(subject="bank_account")
    reason = normalise(wish.reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise RuleReasonMissing(longest=REASON_MAX)
    if loosens(session, wish) and not _may_loosen(session, set_by_id):
        raise MayNotLoosen
    setting = RuleSetting(
        rule=wish.rule,
        version=card.version,
        bank_account_id=wish.bank_account_id,
        mode=wish.mode,
        valid_from=wish.valid_from,
        reason=reason,
        set_by_id=set_by_id,
        set_at=now,
    )
    session.add(setting)
    session.flush()
    return setting


def loosens(session: Session, wish: Wish) -> bool:
    """Whether a wish would let a rule do more, for some account, than it does on that day."""
    modes = modes_on(session, wish.valid_from)
    if wish.bank_account_id is not None:
        touched = {modes.of(wish.rule, wish.bank_account_id)}
    else:
        touched = set(modes.anywhere(wish.rule))
    return any(_WIDTH.index(wish.mode) > _WIDTH.index(mode) for mode in touched)


def _may_loosen(session: Session, staff_member_id: int) -> bool:
    return Permission.LOOSEN_RULES in permissions_of(session, staff_member_id)

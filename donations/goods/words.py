"""What donors are told about their goods, in both languages and without naming anybody."""

from datetime import date

from core.clock import tehran_date
from core.digits import to_persian
from core.jalali import jalali_plain, jalali_text
from core.reasons import Reason
from donations.models.acceptance_rule import RuleKind
from donations.models.goods_category import GoodsCategory
from donations.models.goods_offer import PartOfDay, Way
from donations.models.hand_over import HandOver
from donations.models.inspection import Inspection
from offices.places import Office

_FIRST_STRONG, _END = "\u2068", "\u2069"  # somebody's own words keep their own direction
_PARTS = {
    PartOfDay.MORNING: Reason("صبح", "in the morning"),
    PartOfDay.NOON: Reason("ظهر", "at noon"),
    PartOfDay.AFTERNOON: Reason("بعدازظهر", "in the afternoon"),
}
_WAYS = {
    Way.DROP_OFF: Reason("آوردن به", "to be brought to"),
    Way.PICK_UP: Reason("دریافت در محل توسط", "to be fetched by"),
}
_BETTER = Reason(
    "نزدیک‌ترین جایی که چنین کالایی را می‌پذیرد: {office}.",
    "The nearest place that takes such goods: {office}.",
)
_THANKS = Reason("از مهر شما سپاسگزاریم. ", "Thank you for your kindness. ")
_WHY = {
    RuleKind.NOT_TAKEN: Reason(
        "کالا از گروه «{category}» پذیرفته نمی‌شود.", "We do not take goods of “{category}”."
    ),
    RuleKind.DAYS_UNTIL_EXPIRY: Reason(
        "کالای «{category}» باید دست‌کم {value} روز تا پایان تاریخ مصرف داشته باشد تا پیش از آن "
        "به دست نیازمندان برسد؛ این کالا {days} روز دارد.",
        "Goods of “{category}” need at least {value} days until they expire, so that they reach "
        "people in time; these have {days}.",
    ),
    RuleKind.UNOPENED: Reason(
        "برای سلامت گیرندگان، کالای «{category}» فقط با بستهٔ بازنشده پذیرفته می‌شود.",
        "For the health of those who receive them, goods of “{category}” are taken unopened only.",
    ),
    RuleKind.CONDITION_AT_LEAST: Reason(
        "کالای «{category}» باید دست‌کم {condition} باشد.",
        "Goods of “{category}” must at least be {condition}.",
    ),
    RuleKind.WORKS: Reason(
        "کالای «{category}» فقط وقتی پذیرفته می‌شود که سالم باشد و کار کند.",
        "Goods of “{category}” are taken only if they are whole and work.",
    ),
}
_CONDITIONS = {
    1: Reason("قابل تعمیر", "damaged"),
    2: Reason("کارکرده", "worn"),
    3: Reason("سالم", "in good order"),
    4: Reason("نو", "new"),
}


def quantity_plain(thousandths: int) -> str:
    """A quantity as a decimal without idle zeros: 20, 1.5."""
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def quantity_told(thousandths: int, unit: str | None) -> Reason:
    """A quantity with its unit."""
    plain, unit = quantity_plain(thousandths), own(unit)
    return Reason(f"{to_persian(plain).replace('.', '٫')} {unit}", f"{plain} {unit}")


def own(text: str | None) -> str:
    """What somebody wrote, kept in a direction of its own inside our sentence."""
    return f"{_FIRST_STRONG}{text or ''}{_END}"


def offer_told(needed: int, waiting: int, unit: str | None, title: str) -> Reason:
    """The answer to an offer, in thousandths: what of it is needed, and what waits."""
    need, rest, name = quantity_told(needed, unit), quantity_told(waiting, unit), own(title)
    if not waiting:
        return Reason(
            f"{need.fa} برای «{name}» نیاز است و جای آن برای شما نگه داشته شد.",
            f"{need.en} needed for “{name}”; the place is kept for you.",
        )
    if not needed:
        return Reason(
            f"نیاز «{name}» فعلاً پر است؛ {rest.fa} در فهرست انتظار است.",
            f"“{name}” is taken care of for now; {rest.en} on the waiting list.",
        )
    return Reason(
        f"{need.fa} برای «{name}» نیاز است و جای آن برای شما نگه داشته شد؛ "
        f"{rest.fa} در فهرست انتظار است.",
        f"{need.en} needed for “{name}” and kept for you; {rest.en} on the waiting list.",
    )


def moved_up_told(thousandths: int, unit: str | None, title: str) -> Reason:
    """That goods which waited have a place now."""
    quantity, name = quantity_told(thousandths, unit), own(title)
    return Reason(
        f"نوبت {quantity.fa} از فهرست انتظار رسید: اکنون برای «{name}» نیاز است.",
        f"{quantity.en} moved up from the waiting list: needed for “{name}” now.",
    )


def not_needed_told(title: str) -> Reason:
    """That a need was closed while goods waited for it."""
    name = own(title)
    return Reason(
        f"نیاز «{name}» بسته شد و دیگر فهرست انتظار ندارد. نیازهای دیگر را در صفحهٔ نیازها ببینید.",
        f"“{name}” was closed and nobody waits for it any more. Other needs are on our page.",
    )


def appointment_told(way: Way, day: date, part: PartOfDay, office: Office) -> Reason:
    """When and how goods come. Where they are fetched from is nobody's business."""
    return Reason(
        f"{jalali_text(day)}، {_PARTS[part].fa}؛ {_WAYS[way].fa} {office.name_fa}",
        f"{jalali_plain(day)}, {_PARTS[part].en}; {_WAYS[way].en} {office.name_en}",
    )


def inspection_told(inspection: Inspection) -> Reason:
    """Why goods were refused, kindly, and who takes such goods."""
    rule, office = inspection.rule, inspection.better_office
    if rule is None or office is None:  # the database keeps both beside a refusal
        raise LookupError(f"inspection {inspection.id} refused nothing")
    days = None
    if inspection.expires_on is not None:
        days = (inspection.expires_on - tehran_date(inspection.inspected_at)).days
    return refusal_told(
        rule.kind, rule.value, inspection.category, days_left=days, better_office=office
    )


def refusal_told(
    kind: RuleKind,
    value: int,
    category: GoodsCategory,
    *,
    days_left: int | None,
    better_office: Office,
) -> Reason:
    """Why a rule does not let goods in, and who takes such goods."""
    days = max(days_left or 0, 0)
    condition = _CONDITIONS.get(value, _CONDITIONS[1])
    why, better = _WHY[kind], _BETTER
    return Reason(
        _THANKS.fa
        + to_persian(
            why.fa.format(category=category.name_fa, value=value, days=days, condition=condition.fa)
        )
        + " "
        + better.fa.format(office=better_office.name_fa),
        _THANKS.en
        + why.en.format(category=category.name_en, value=value, days=days, condition=condition.en)
        + " "
        + better.en.format(office=better_office.name_en),
    )


def hand_over_told(slip: HandOver, thousandths: int, unit: str | None) -> Reason:
    """Which slip took goods along, and where to; a person in charge is not named."""
    quantity, number = quantity_told(thousandths, unit), slip_number(slip)
    to_fa = "مسئول مرکز"
    to_en = "the person in charge"
    if slip.to_office is not None:
        to_fa, to_en = slip.to_office.name_fa, slip.to_office.name_en
    elif slip.to_fund is not None:
        to_fa, to_en = slip.to_fund.name_fa, slip.to_fund.name_en
    return Reason(
        f"{quantity.fa}، حوالهٔ تحویل {to_persian(number)}، به {to_fa}",
        f"{quantity.en}, hand-over slip {number}, to {to_en}",
    )


def slip_number(slip: HandOver) -> str:
    """The number of a slip as people write it: office and serial."""
    return f"{slip.office.code}-{slip.number}"

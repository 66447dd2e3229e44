"""The addresses of goods and needs at the desk, and who may open each."""

from web.desk.goods.hand_overs import (
    goods_back,
    goods_slip,
    goods_slips,
    new_goods_slip,
)
from web.desk.goods.looking import look
from web.desk.goods.needs import need, needs, new_need
from web.desk.goods.offers import (
    cancel_appointment,
    goods,
    goods_of,
    withdraw_goods_item,
)
from web.desk.goods.rules import goods_rules
from web.desk.goods.slip_papers import goods_slip_pdf
from web.desk.goods.stock import stock
from web.desk.goods.values import goods_value, goods_values
from web.pages import Allow, Page

_FORM = ("GET", "POST")
_OFFER = "/goods/offers/<tracking_code>"

PAGES = (
    Page("/goods", goods, Allow.DESK),
    Page(_OFFER, goods_of, Allow.DESK, _FORM),
    Page(f"{_OFFER}/cancel", cancel_appointment, Allow.DESK, ("POST",)),
    Page(f"{_OFFER}/items/<int:goods_id>", look, Allow.DESK, _FORM),
    Page(f"{_OFFER}/items/<int:goods_id>/withdraw", withdraw_goods_item, Allow.DESK, ("POST",)),
    Page("/goods/values", goods_values, Allow.VALUES),
    Page("/goods/values/<int:valuation_id>", goods_value, Allow.VALUES, _FORM),
    Page("/goods/stock", stock, Allow.DESK, _FORM),
    Page("/goods/slips", goods_slips, Allow.DESK),
    Page("/goods/slips/new", new_goods_slip, Allow.DESK, _FORM),
    Page("/goods/slips/<int:hand_over_id>", goods_slip, Allow.DESK, _FORM),
    Page("/goods/slips/<int:hand_over_id>/slip.pdf", goods_slip_pdf, Allow.DESK),
    Page("/goods/slips/lines/<int:line_id>/back", goods_back, Allow.DESK, ("POST",)),
    Page("/goods/rules", goods_rules, Allow.DESK_RULES, _FORM),
    Page("/needs", needs, Allow.NEEDS),
    Page("/needs/new", new_need, Allow.NEEDS, _FORM),
    Page("/needs/<int:need_id>", need, Allow.NEEDS, _FORM),
)

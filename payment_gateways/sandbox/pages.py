"""The sandbox's pages: the pay page, the way back and the bank counter, in Persian."""

from collections.abc import Mapping, Sequence
from html import escape

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.tehran import jalali, local

_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

_STYLE = """
*{box-sizing:border-box}
body{margin:0;font-family:Vazirmatn,Tahoma,"Segoe UI",sans-serif;line-height:1.8;color:#1c2733;
background:#eef2f6}
header{background:#7a1f2b;color:#fff;padding:.75rem 1rem;border-block-end:4px solid #c9a24b}
header p{margin:0}
main{max-inline-size:34rem;margin:1rem auto;padding:1.25rem;background:#fff;border-radius:.75rem;
box-shadow:0 2px 12px #0002;position:relative;overflow:hidden}
main.wide{max-inline-size:64rem}
.mark{position:absolute;inset-block-start:38%;inset-inline:0;text-align:center;font-size:4rem;
font-weight:800;color:#7a1f2b;opacity:.07;transform:rotate(-18deg);pointer-events:none}
h1{font-size:1.25rem;margin:0 0 .75rem}
h2{font-size:1.05rem;margin:1.5rem 0 .5rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0 0 1rem}
dt{color:#51606f}
dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.amount{font-size:1.35rem;color:#7a1f2b}
form{display:grid;gap:.6rem;margin:0}
label{display:grid;gap:.2rem}
input,select,button{font:inherit;padding:.65rem .8rem;border-radius:.5rem;border:1px solid #8795a3;
inline-size:100%;background:#fff;color:inherit;min-block-size:2.75rem}
button{cursor:pointer;border:1px solid #7a1f2b;color:#7a1f2b;font-weight:700}
button.first{background:#1d6b3c;border-color:#1d6b3c;color:#fff}
:focus-visible{outline:3px solid #1f5fa8;outline-offset:2px}
.row{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));align-items:end}
.scroll{overflow-x:auto}
table{border-collapse:collapse;inline-size:100%;font-size:.9rem}
th,td{padding:.35rem .5rem;border-block-end:1px solid #dbe2e9;text-align:start;white-space:nowrap}
.note{color:#51606f;font-size:.9rem}
"""

_LINE_KINDS = {
    "deposit": "واریز با شناسه",
    "stranger": "واریز ناشناس",
    "desk": "واریز میز خدمت (فیش)",
    "fee": "کارمزد بانک",
    "debit": "برداشت",
}
_STATES = {
    "open": "در صفحه پرداخت",
    "paid": "پرداخت‌شده، تأییدنشده",
    "cancelled": "انصراف",
    "expired": "مهلت گذشته",
    "verified": "تأییدشده، تسویه‌نشده",
    "settled": "آماده واریز",
    "reversed": "برگشت‌خورده",
}


def pay_page(payment: Row) -> str:
    """Show what is to be paid, with a button for each thing a payer may do."""
    return _page(
        "صفحه پرداخت آزمایشی",
        f"""<h1>پرداخت اینترنتی</h1>
<dl><dt>مبلغ</dt><dd class="amount">{_rial(payment["amount"])}</dd>
<dt>پذیرنده</dt><dd>{_digits(payment["terminal"])}</dd>
<dt>شماره سفارش</dt><dd>{_digits(payment["order_number"]) or "—"}</dd></dl>
<form method="post" action="/card/{escape(payment["token"])}">
<button class="first" name="do" value="pay">پرداخت</button>
<button name="do" value="cancel">انصراف</button>
<button name="do" value="close">پرداخت و بستن مرورگر</button>
<button name="do" value="other">پرداخت مبلغی دیگر (هزار ریال بیشتر)</button>
</form>
<p class="note">این بانک واقعی نیست و پولی جابه‌جا نمی‌شود. شماره کارت لازم نیست.</p>""",
    )


def closed_page() -> str:
    """What a payer sees who closes the browser now: nothing leads back."""
    return _page(
        "پرداخت انجام شد",
        "<h1>پرداخت انجام شد</h1>"
        "<p>اکنون می‌توانید این صفحه را ببندید. به سایت پذیرنده برنمی‌گردید.</p>",
    )


def gone_page() -> str:
    """For a token that nobody issued, or a page whose time is over."""
    return _page(
        "صفحه پرداخت معتبر نیست",
        "<h1>این صفحه پرداخت معتبر نیست</h1>"
        "<p>مهلت آن گذشته یا پیش‌تر به پایان رسیده است. از سایت پذیرنده دوباره آغاز کنید.</p>",
    )


def back_by_post(url: str, fields: Mapping[str, str]) -> str:
    """Send the browser back with a posted form, by itself or by the button."""
    inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    return _page(
        "بازگشت به پذیرنده",
        f"""<h1>بازگشت به سایت پذیرنده</h1>
<form method="post" action="{escape(url)}" id="back">{inputs}
<button class="first">تکمیل پرداخت و بازگشت</button></form>
<script>document.getElementById("back").submit()</script>""",
    )


def counter_page(
    *, account: Row | None, now: int, lines: Sequence[Row], payments: Sequence[Row], notice: str
) -> str:
    """The bank's counter: play bookings, move the clock, take files away."""
    number = account["number"] if account else ""
    balance = lines[0]["balance"] if lines else (account["opening"] if account else 0)
    kinds = "".join(f'<option value="{kind}">{text}</option>' for kind, text in _LINE_KINDS.items())
    shown = f'<p role="status"><strong>{escape(notice)}</strong></p>' if notice else ""
    return _page(
        "باجه بانک آزمایشی",
        f"""<h1>باجه بانک آزمایشی</h1>{shown}
<dl><dt>حساب</dt><dd>{_digits(number)}</dd><dt>مانده</dt><dd>{_rial(balance)}</dd>
<dt>ساعت بانک</dt><dd>{_moment(now)}</dd></dl>
<h2>ثبت در حساب</h2>
<form method="post" action="/counter/line"><div class="row">
<label>نوع<select name="kind">{kinds}</select></label>
<label>مبلغ (ریال)<input name="amount_rial" inputmode="numeric" required></label>
<label>شناسه واریز یا شماره فیش<input name="deposit_id" inputmode="numeric"></label>
<label>واریزکننده<input name="payer"></label>
<button class="first">ثبت</button></div></form>
<h2>ساعت بانک</h2>
<form method="post" action="/counter/clock"><div class="row">
<button name="days" value="1">رفتن به فردا، پس از واریز شاپرک</button>
<button name="minutes" value="21">۲۱ دقیقه جلوتر</button></div></form>
<h2>صورت‌حساب</h2>
<p><a href="/admin/statement/{escape(number)}.xlsx">دریافت اکسل</a> ·
<a href="/admin/statement/{escape(number)}.csv">دریافت متن جداشده با ویرگول</a></p>
<div class="scroll"><table><thead><tr><th>زمان</th><th>شرح</th><th>واریز</th><th>برداشت</th>
<th>شناسه</th><th>مانده</th></tr></thead>
<tbody>{"".join(map(_line_row, lines))}</tbody></table></div>
<h2>پرداخت‌های درگاه</h2>
<div class="scroll"><table><thead><tr><th>سفارش</th><th>پایانه</th><th>مبلغ</th><th>وضعیت</th>
<th>شناسه بانک</th><th>گزارش تسویه</th></tr></thead>
<tbody>{"".join(map(_payment_row, payments))}</tbody></table></div>""",
        shape="wide",
    )


def _line_row(line: Row) -> str:
    return (
        f"<tr><td>{_moment(line['booked_at'])}</td><td>{_digits(line['description'])}</td>"
        f"<td>{_number(line['credit'])}</td><td>{_number(line['debit'])}</td>"
        f"<td>{_digits(line['deposit_id'])}</td><td>{_number(line['balance'])}</td></tr>"
    )


def _payment_row(payment: Row) -> str:
    report = "—"
    if payment["settled_at"]:
        day = jalali(local(payment["settled_at"]).date()).replace("/", "-")
        report = f'<a href="/admin/settlement/{escape(payment["terminal"])}/{day}.csv">گزارش</a>'
    return (
        f"<tr><td>{_digits(payment['order_number'])}</td><td>{_digits(payment['terminal'])}</td>"
        f"<td>{_number(payment['charged'] or payment['amount'])}</td>"
        f"<td>{_STATES[payment['state']]}</td><td>{_digits(payment['reference'] or '—')}</td>"
        f"<td>{report}</td></tr>"
    )


def _digits(text: str) -> str:
    return escape(text).translate(_PERSIAN)


def _number(value: int) -> str:
    return f"{value:,}".translate(_PERSIAN).replace(",", "٬")


def _rial(value: int) -> str:
    return f"{_number(value)} ریال"


def _moment(epoch: int) -> str:
    moment = local(epoch)
    return f"{jalali(moment.date())} {moment:%H:%M:%S}".translate(_PERSIAN)


def _page(title: str, content: str, *, shape: str = "") -> str:
    return f"""<!doctype html>
<html lang="fa" dir="rtl"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title><style>{_STYLE}</style></head>
<body><header><p>بانک آزمایشی مشارکت</p></header>
<main class="{shape}"><div class="mark" aria-hidden="true">آزمایشی</div>
{content}</main></body></html>"""

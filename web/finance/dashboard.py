"""Finance at a glance: what the bank says, what is explained, and what is still open."""

from flask import render_template
from flask.typing import ResponseReturnValue

from core.clock import tehran_date
from donations.gateway_reports import count_findings, count_paused
from reconciliation.reporting import totals
from reconciliation.reviewing import account_states, balances, open_by_age
from web.services import current


def dashboard() -> ResponseReturnValue:
    """Balances of the accounts, sums that add up to the rial, open lines by age."""
    today = tehran_date(current.now())
    with current.database.reading() as session:
        return render_template(
            "finance/dashboard.html",
            today=today,
            accounts=account_states(session),
            totals=totals(session),
            ages=open_by_age(session, today=today),
            paused_gateways=count_paused(session),
            gateway_findings=count_findings(session),
        )


def ledger() -> ResponseReturnValue:
    """Every account of the books with its balance; they sum to zero."""
    with current.database.reading() as session:
        rows = balances(session)
    return render_template("finance/ledger.html", rows=rows, sum_rial=sum(row.rial for row in rows))

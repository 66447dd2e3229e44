"""A browser comes back from a bank. What it brings is a hint that it is time to ask the bank."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from flows.paying import take_return
from payment_gateways.contract import Hint
from payment_gateways.registry import Gateway
from web.services import current


def bank_return(return_key: str) -> ResponseReturnValue:
    """Ask the bank ourselves, then send the donor to the page that tells how things stand.

    The request comes from another site, so no cookie comes with it: the key in the path says
    which payment it is, and the key in the answer opens the donor's own view.
    """
    query, form, body = request.args.to_dict(), request.form.to_dict(), request.get_data()

    def read(gateway: Gateway) -> Hint:
        return gateway.adapter.read_return(request.method, query, form, body)

    pledge = take_return(
        current.database, current.gateways, return_key=return_key, read=read, clock=current.now
    )
    return redirect(
        url_for("public.follow", tracking_code=pledge.tracking_code, key=pledge.view_key), 303
    )

"""The bare loop: Flask and SQLAlchemy Core with three commits a gift and no checks at all.

What a payment costs when nothing is guarded: the floor that the real thing is held against.
Started by gunicorn as ``benchmarks.gifts.floor:app``; DATABASE_URL and BANK_URL name the rest.
Run as a program it makes its table.
"""

import os
import secrets
import threading

import requests
from flask import Flask, redirect, request
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    update,
)
from werkzeug.wrappers import Response

_BANK = os.environ["BANK_URL"] + "/pgwchannel/services/pgw"
_ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:n="http://interfaces.core.sw.bps.com/"><s:Body><n:{0}>{1}</n:{0}></s:Body></s:Envelope>'
)

app = Flask(__name__)
engine = create_engine(os.environ["DATABASE_URL"])
gift = Table(
    "bare_gift",
    MetaData(),
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("code", String(32), unique=True),
    Column("amount_rial", BigInteger),
    Column("state", String(10)),
    Column("token", String(80)),
    Column("reference", String(40)),
)
_of_thread = threading.local()


if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def _on_connect(connection, _record) -> None:  # type: ignore[no-untyped-def]
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection) -> None:  # type: ignore[no-untyped-def]
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _ask(operation: str, **fields: object) -> str:
    if not hasattr(_of_thread, "session"):
        _of_thread.session = requests.Session()
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    answer = _of_thread.session.post(_BANK, data=_ENVELOPE.format(operation, inner), timeout=10)
    return str(answer.text.partition("<return>")[2].partition("</return>")[0])


@app.post("/give")
def give() -> Response:
    """Write the gift down, announce it, send the donor away."""
    code = secrets.token_hex(16)
    with engine.begin() as connection:
        made = connection.execute(
            insert(gift).values(code=code, amount_rial=request.form["amount"], state="new")
        ).inserted_primary_key
    order = made[0] if made else 0
    address = request.host_url + "back/" + code
    token = _ask("bpPayRequest", orderId=order, callBackUrl=address).partition(",")[2]
    with engine.begin() as connection:
        connection.execute(update(gift).where(gift.c.id == order).values(token=token))
    return redirect(f"http://bank/?RefId={token}")


@app.post("/back/<code>")
def back(code: str) -> Response:
    """Ask the bank, write the answer down."""
    order, reference = request.form["SaleOrderId"], request.form["SaleReferenceId"]
    sale = {"orderId": order, "saleOrderId": order, "saleReferenceId": reference}
    if (_ask("bpVerifyRequest", **sale), _ask("bpSettleRequest", **sale)) == ("0", "0"):
        with engine.begin() as connection:
            connection.execute(
                update(gift)
                .where(gift.c.code == code, gift.c.state == "new")
                .values(state="paid", reference=reference)
            )
    return redirect(f"/result/{code}")


@app.get("/result/<code>")
def result(code: str) -> str:
    """Say how it stands."""
    with engine.connect() as connection:
        state = connection.scalar(select(gift.c.state).where(gift.c.code == code))
    return f"<p>gift-is-{state}</p>"


if __name__ == "__main__":
    gift.metadata.create_all(engine)

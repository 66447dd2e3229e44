"""Writers of the published formats for tests: bookings in minor units in, a file out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).parent / "statements"
DAY = date(2026, 11, 22)


@dataclass(frozen=True)
class Moved:
    """One booking: hundredths of the currency, a credit positive."""

    cents: int
    reference: str = "R1"
    text: str = "GIFT"
    day: date = DAY


def decimal(cents: int, mark: str = ".") -> str:
    return f"{abs(cents) // 100}{mark}{abs(cents) % 100:02d}"


def as_mt940(
    moved: Sequence[Moved], *, opening: int = 0, account: str = "90190", currency: str = "IRR"
) -> bytes:
    def balance(tag: str, cents: int) -> str:
        return f":{tag}:{'D' if cents < 0 else 'C'}261122{currency}{decimal(cents, ',')}"

    lines = [":20:X", f":25:{account}", ":28C:1/1", balance("60F", opening)]
    for one in moved:
        amount = f"{'D' if one.cents < 0 else 'C'}{decimal(one.cents, ',')}"
        lines += [
            f":61:{one.day:%y%m%d}{one.day:%m%d}{amount}NTRF//{one.reference}",
            f":86:{one.text}",
        ]
    closing = opening + sum(one.cents for one in moved)
    return "\r\n".join([*lines, balance("62F", closing), "-", ""]).encode()


def as_camt(
    moved: Sequence[Moved],
    *,
    opening: int = 0,
    account: str = "90190",
    currency: str = "IRR",
    space: str = ' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"',
    prefix: str = "",
    message: str = "BkToCstmrStmt",
    statement: str = "Stmt",
) -> bytes:
    def signed(cents: int) -> str:
        sign = "DBIT" if cents < 0 else "CRDT"
        return f'<Amt Ccy="{currency}">{decimal(cents)}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'

    def balance(kind: str, cents: int) -> str:
        return f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{signed(cents)}</Bal>"

    closing = opening + sum(one.cents for one in moved)
    entries = "".join(
        f"<Ntry>{signed(one.cents)}<Sts>BOOK</Sts><BookgDt><Dt>{one.day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{one.reference}</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>{one.text}"
        "</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for one in moved
    )
    text = (
        f"<Document><{message}><{statement}><Acct><Id><Othr><Id>{account}</Id></Othr></Id>"
        f"<Ccy>{currency}</Ccy></Acct>{balance('OPBD', opening)}{balance('CLBD', closing)}{entries}"
        f"</{statement}></{message}></Document>"
    )
    if prefix:
        text = text.replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")
    text = text.replace("Document>", f"Document{space}>", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def as_ofx(
    moved: Sequence[Moved], *, opening: int = 0, account: str = "90190", currency: str = "IRR"
) -> bytes:
    closing = opening + sum(one.cents for one in moved)
    rows = "".join(
        f"<STMTTRN>\n<TRNTYPE>OTHER\n<DTPOSTED>{one.day:%Y%m%d}\n<TRNAMT>"
        f"{'-' if one.cents < 0 else ''}{decimal(one.cents)}\n<FITID>{one.reference}\n"
        f"<MEMO>{one.text}\n</STMTTRN>\n"
        for one in moved
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nCHARSET:1252\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
        f"<CURDEF>{currency}<BANKACCTFROM><ACCTID>{account}</BANKACCTFROM><BANKTRANLIST>"
        f"<DTSTART>20260101<DTEND>20261231\n{rows}</BANKTRANLIST><LEDGERBAL><BALAMT>"
        f"{'-' if closing < 0 else ''}{decimal(closing)}<DTASOF>20261122</LEDGERBAL></STMTRS>"
        "</STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def as_bai2(
    moved: Sequence[Moved], *, opening: int = 0, account: str = "90190", currency: str = "EUR"
) -> bytes:
    closing = opening + sum(one.cents for one in moved)
    rows = [
        f"16,{'475' if one.cents < 0 else '195'},{abs(one.cents)},,{one.reference},,{one.text}/"
        for one in moved
    ]
    total = opening + closing + sum(abs(one.cents) for one in moved)
    return "\n".join(
        [
            "01,A,B,261122,0000,1,80,1,2/",
            f"02,B,A,1,{DAY:%y%m%d},,{currency},2/",
            f"03,{account},{currency},010,{opening},,,015,{closing},,/",
            *rows,
            f"49,{total},{len(rows) + 2}/",
            f"98,{total},1,{len(rows) + 4}/",
            f"99,{total},1,{len(rows) + 6}/",
        ]
    ).encode()

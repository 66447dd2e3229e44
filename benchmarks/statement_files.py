"""The same bookings as a file in each format that is read, for measuring how quickly."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape

from benchmarks.planted import Line, written
from core.identifiers import DepositId

ACCOUNT = "90190"
_FIRST_DAY = date(2026, 3, 21)
_A_DAY = 500  # lines
_XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def bookings(count: int) -> list[Line]:
    """Deposits under an id of ours, settlements, fees and transfers; the same ones every time."""
    return [_booking(number) for number in range(count)]


def _booking(number: int) -> Line:
    day = _FIRST_DAY + timedelta(days=number // _A_DAY)
    rial, serial = 500_000 + number * 37 % 90_000_000, str(10**9 + number)
    if number % 20 == 0:
        return Line(-1_200, day, serial=serial, description="کارمزد خدمات", payer="")
    if number % 20 == 1:
        return Line(
            rial, day, serial=serial, payer="شاپرک-پوز 7001", description="حواله شاپرک پايانه 7001"
        )
    if number % 4 == 0:
        return Line(rial, day, serial=serial, payer=f"مشارکت كننده {number % 977}")
    return Line(rial, day, serial=serial, deposit_id=str(DepositId(1405, 800, number % 1_000_000)))


def _table(lines: Sequence[Line]) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(written(list(lines)).decode("utf-8-sig")))


def _html(lines: Sequence[Line]) -> bytes:
    rows = (
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
        for row in _table(lines)
    )
    return f"<html><body><table>{''.join(rows)}</table></body></html>".encode()


def _xlsx(lines: Sequence[Line]) -> bytes:
    texts: dict[str, int] = {}
    rows = "".join(
        f'<row r="{at}">'
        + "".join(
            f'<c r="{chr(65 + place)}{at}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'
            for place, cell in enumerate(row)
        )
        + "</row>"
        for at, row in enumerate(_table(lines), start=1)
    )
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override'
        f' PartName="/xl/workbook.xml" ContentType="{sheet_type}.sheet.main+xml"/><Override'
        f' PartName="/xl/worksheets/sheet1.xml" ContentType="{sheet_type}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{sheet_type}.sharedStrings+xml"/>'
        "</Types>",
        "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": _relations(
            ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml")
        ),
        "xl/workbook.xml": f'<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_SPREADSHEET}">{shared}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{rows}'
        "</sheetData></worksheet>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, _XML_HEAD + text)
    return file.getvalue()


def _relations(*targets: tuple[str, str]) -> str:
    relations = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'


def _said(line: Line) -> str:
    return " ".join((line.description, line.payer, line.deposit_id)).strip()


def _mt940(lines: Sequence[Line]) -> bytes:
    rows = (
        f":61:{line.day:%y%m%d}{line.day:%m%d}{'D' if line.rial < 0 else 'C'}{abs(line.rial)},00"
        f"NTRFNONREF//{line.serial}\r\n:86:{_said(line)}\r\n"
        for line in lines
    )
    total = sum(line.rial for line in lines)
    return (
        f":20:X\r\n:25:{ACCOUNT}\r\n:28C:1/1\r\n:60F:C260320IRR0,00\r\n{''.join(rows)}"
        f":62F:C260320IRR{total},00\r\n-\r\n"
    ).encode()


def _camt(lines: Sequence[Line]) -> bytes:
    def signed(rial: int) -> str:
        mark = "DBIT" if rial < 0 else "CRDT"
        return f'<Amt Ccy="IRR">{abs(rial)}</Amt><CdtDbtInd>{mark}</CdtDbtInd>'

    def balance(kind: str, rial: int) -> str:
        return f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{signed(rial)}</Bal>"

    entries = (
        f"<Ntry>{signed(line.rial)}<Sts>BOOK</Sts><BookgDt><Dt>{line.day}</Dt></BookgDt>"
        f"<ValDt><Dt>{line.day}</Dt></ValDt><AcctSvcrRef>{line.serial}</AcctSvcrRef>"
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn>"
        f"</BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>E{line.serial}</EndToEndId></Refs>"
        f"<RltdPties><Dbtr><Nm>{line.payer}</Nm></Dbtr></RltdPties><RmtInf><Ustrd>{_said(line)}"
        "</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
        for line in lines
    )
    total = sum(line.rial for line in lines)
    return (
        f'{_XML_HEAD}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><Stmt><Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id><Ccy>IRR</Ccy></Acct>"
        f"{balance('OPBD', 0)}{balance('CLBD', total)}{''.join(entries)}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _ofx(lines: Sequence[Line]) -> bytes:
    rows = (
        f"<STMTTRN>\n<TRNTYPE>OTHER\n<DTPOSTED>{line.day:%Y%m%d}\n<TRNAMT>{line.rial}.00\n"
        f"<FITID>{line.serial}\n<NAME>{line.payer}\n<MEMO>{_said(line)}\n</STMTTRN>\n"
        for line in lines
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>IRR"
        f"<BANKACCTFROM><ACCTID>{ACCOUNT}</BANKACCTFROM><BANKTRANLIST><DTSTART>20260321"
        f"<DTEND>20991231\n{''.join(rows)}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def _bai2(lines: Sequence[Line]) -> bytes:
    rows = [
        f"16,{'475' if line.rial < 0 else '195'},{abs(line.rial)},,{line.serial},,{_said(line)}/"
        for line in lines
    ]
    total = sum(line.rial for line in lines)
    checked = total + sum(abs(line.rial) for line in lines)
    return "\n".join(
        (
            "01,A,B,260321,0000,1,80,1,2/",
            "02,B,A,1,260321,,IRR,2/",
            f"03,{ACCOUNT},IRR,010,0,,,015,{total},,/",
            *rows,
            f"49,{checked},{len(rows) + 2}/",
            f"98,{checked},1,{len(rows) + 4}/",
            f"99,{checked},1,{len(rows) + 6}/",
        )
    ).encode()


WRITERS: Mapping[str, Callable[[Sequence[Line]], bytes]] = {
    "csv": lambda lines: written(list(lines)),
    "mellat-xlsx": _xlsx,
    "mellat-html": _html,
    "mt940": _mt940,
    "camt053": _camt,
    "ofx": _ofx,
    "bai2": _bai2,
}

"""A statement as PDF: totals, every line with how it was computed, corrections, and the digest on each page.

Made with ReportLab; the same statement gives the same bytes. Characters its font lacks are shown as `?`:
the exact names are in the CSV and in the signed file.
"""

import io
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from aurora_assets.commission.agreement import Method
from aurora_assets.commission.methods.registry import METHODS
from aurora_assets.statements.store import StatementView
from aurora_resources.units import format_amount

_INK: Final = colors.HexColor("#1c2733")
_RULE: Final = colors.HexColor("#b8c4ce")
_SHADE: Final = colors.HexColor("#eef2f5")
_MARGIN: Final = 15 * mm
_LINE_WIDTHS: Final = tuple(width * mm for width in (34, 38, 34, 27, 20, 27))
_TRUE_UP_WIDTHS: Final = tuple(width * mm for width in (16, 40, 70, 27, 27))
_TOTAL_WIDTHS: Final = tuple(width * mm for width in (125, 55))
_COMPONENTS: Final[Mapping[str, str]] = {
    "EXEC_FEES": "execution fees",
    "MEV_TIPS": "MEV tips",
    "VOTE_REWARDS": "vote rewards",
    "COMMISSION": "commission",
}
_TOTALS: Final[Mapping[str, str]] = {
    "lines": "Lines",
    "true_ups": "Corrections of earlier statements",
    "total": "Total",
    "opening_balance": "Carried over from the statement before",
    "payable": "Payable",
    "closing_balance": "Carried over to the next statement",
}


def statement_pdf(view: StatementView) -> bytes:
    """The statement as a PDF of A4 pages."""
    document, record = view.content.document, view.record
    number = f"({record.status})" if record.number is None else f"No. {record.number}"
    digest = view.content.sha256.hex()
    out = io.BytesIO()
    _fonts()

    def footer(canvas: Canvas, _: object) -> None:
        canvas.setFont("Vera", 6.5)
        canvas.setFillColor(_INK)
        canvas.drawString(_MARGIN, 9 * mm, f"{number} · SHA-256 {digest}")
        canvas.drawRightString(A4[0] - _MARGIN, 9 * mm, f"page {canvas.getPageNumber()}")

    frame = Frame(_MARGIN, 15 * mm, A4[0] - 2 * _MARGIN, A4[1] - 28 * mm, 0, 0, 0, 0)
    template = BaseDocTemplate(
        out,
        pagesize=A4,
        title=f"Statement {number}",
        author="Aurora",
        # No time, no random id: the same statement is the same file.
        invariant=1,
        pageTemplates=[PageTemplate(frames=[frame], onPage=footer)],
    )
    template.build(_story(document, number))
    return out.getvalue()


def _story(document: Mapping[str, Any], number: str) -> list[Flowable]:
    chain, partner = document["chain"], document["partner"]
    coin = chain["display_unit"]
    story: list[Flowable] = [
        _text(f"Statement {number}", "title"),
        _text(f"{partner['name']} · {chain['chain_id']} · {document['billing_month']}", "subtitle"),
        Spacer(0, 4 * mm),
        _table(
            [], [[label, _money(document, name)] for name, label in _TOTALS.items()], _TOTAL_WIDTHS, 1, {4}
        ),
        Spacer(0, 2 * mm),
        _text(
            f"All amounts in {coin}, exact to {chain['native_decimals']} places ({chain['native_unit']}).",
            "note",
        ),
    ]
    for period in document["periods"]:
        story += [
            Spacer(0, 5 * mm),
            _text(f"{period['label']}, {period['starts_at'][:10]} to {period['ends_at'][:10]}", "heading"),
            _table(
                ["rule", "validator", "from", f"base ({coin})", "rate", f"owed ({coin})"],
                [
                    *(_line(line, chain) for line in period["lines"]),
                    ["", "", "", "", "sum", _coins(period["total"], chain)],
                ],
                _LINE_WIDTHS,
                3,
                {len(period["lines"]) + 1},
            ),
        ]
    if document["true_ups"]:
        story += [
            Spacer(0, 5 * mm),
            _text("Corrections of lines in earlier statements", "heading"),
            _table(
                ["period", "rule", "cause", f"stated ({coin})", f"difference ({coin})"],
                [
                    [
                        str(item["period_id"]),
                        f"{item['rule_id']}, {_COMPONENTS[item['component']]}",
                        item["cause"],
                        _coins(item["released"], chain),
                        _coins(item["difference"], chain),
                    ]
                    for item in document["true_ups"]
                ],
                _TRUE_UP_WIDTHS,
                3,
            ),
        ]
    return story


def _line(line: Mapping[str, Any], chain: Mapping[str, Any]) -> list[str]:
    trace = line["trace"]
    remarks = {
        "by stake where no revenue per client is known": line["allocated"],
        "raised to the rule's floor": trace["floor_applied"],
        "lowered to the rule's cap": trace["cap_applied"],
        "scaled to the revenue there is": line["scaled"],
        f"set by hand, computed {_coins(line['computed'], chain)}: {line['override_reason']}": (
            line["override_reason"] is not None
        ),
    }
    remarks_and_source = [
        f"{_COMPONENTS[line['component']]}, {METHODS[Method(line['method'])].label}",
        *(r for r, on in remarks.items() if on),
    ]
    return [
        f"{line['rule_id']} (v{line['version']})",
        line["validator_name"] or line["validator_key"] or "guarantee",
        "; ".join(remarks_and_source),
        _coins(line["base"], chain),
        _rate(trace),
        _coins(line["amount"], chain),
    ]


def _rate(trace: Mapping[str, Any]) -> str:
    """Rates in per cent, exactly; of tiers those that were reached."""
    if trace["rate_bps"] is not None:
        return f"{format_amount(trace['rate_bps'], 2)} %"
    return f"tiers {' / '.join(format_amount(part['rate_bps'], 2) for part in trace['slices'])} %"


def _table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    first_number: int,
    strong: frozenset[int] | set[int] = frozenset(),
) -> Table:
    """Columns from `first_number` on are right-aligned; the rows in `strong` (with the head) are bold."""
    shown = [head, *rows] if head else rows
    bold = {*strong, *([0] if head else [])}
    cells = [
        [
            _text(cell, _style_name(right=column >= first_number, bold=index in bold))
            for column, cell in enumerate(row)
        ]
        for index, row in enumerate(shown)
    ]
    style = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, _RULE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        *((("BACKGROUND", (0, 0), (-1, 0), _SHADE),) if head else ()),
    ]
    return Table(
        cells, colWidths=list(widths), repeatRows=1 if head else 0, style=TableStyle(style), hAlign="LEFT"
    )


def _style_name(*, right: bool, bold: bool) -> str:
    return ("right" if right else "left") + ("-bold" if bold else "")


def _text(text: str, style: str) -> Paragraph:
    glyphs = _fonts()
    shown = "".join(sign if ord(sign) in glyphs else "?" for sign in text)
    return Paragraph(escape(shown), _styles()[style])


def _money(document: Mapping[str, Any], name: str) -> str:
    return f"{_coins(document['totals'][name], document['chain'])} {document['chain']['display_unit']}"


def _coins(amount: str, chain: Mapping[str, Any]) -> str:
    return format_amount(int(amount), chain["native_decimals"])


@cache
def _fonts() -> frozenset[int]:
    """Register the fonts that come with ReportLab; the characters they have."""
    regular = TTFont("Vera", "Vera.ttf")
    pdfmetrics.registerFont(regular)
    pdfmetrics.registerFont(TTFont("VeraBd", "VeraBd.ttf"))
    return frozenset(regular.face.charToGlyph)


@cache
def _styles() -> Mapping[str, ParagraphStyle]:
    def style(size: float, *, bold: bool = False, right: bool = False) -> ParagraphStyle:
        return ParagraphStyle(
            "", fontName="VeraBd" if bold else "Vera", fontSize=size, leading=size * 1.3, textColor=_INK,
            alignment=2 if right else 0, splitLongWords=1,
        )  # fmt: skip

    return {
        "title": style(18, bold=True),
        "subtitle": style(10),
        "heading": style(9, bold=True),
        "note": style(6.5),
        "left": style(6.5),
        "left-bold": style(6.5, bold=True),
        "right": style(6.5, right=True),
        "right-bold": style(6.5, bold=True, right=True),
    }

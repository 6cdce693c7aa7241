"""The sheet as PDF. The same sheet gives the same bytes; no font file is needed and no file is read.

Chinese stands in the reader's own Song font (STSong-Light, a font every PDF reader substitutes), Western letters that
it has not in Times, and what neither has as its Unicode number: `rules.printable`.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from approval_core.sheets.rules import cut, moment, printable, runs, shown_size
from approval_core.sheets.sheet import Opinion, Sheet
from approval_core.sheets.words import word

SONG, LATIN = "STSong-Light", "Times-Roman"
WIDTH = A4[0] - 36 * mm
FRAME = 6  # what the page maker leaves free inside its margins
TALL = 28  # lines: a text that is longer goes on in another row, so that no row is higher than a page
_one_at_a_time = (
    threading.Lock()
)  # the library keeps the description of a font in one place for all documents

_BODY = ParagraphStyle("body", fontName=SONG, fontSize=9.5, leading=14, wordWrap="CJK")
_SMALL = ParagraphStyle(
    "small", parent=_BODY, fontSize=8, leading=11, textColor=colors.Color(0.25, 0.25, 0.25)
)
_LABEL = ParagraphStyle("label", parent=_BODY, textColor=colors.Color(0.3, 0.3, 0.3))
_HEAD = ParagraphStyle(
    "head", parent=_BODY, fontSize=11, leading=16, spaceBefore=8, spaceAfter=3, keepWithNext=1
)
_NAME = ParagraphStyle("name", parent=_BODY, fontSize=20, leading=28, alignment=TA_CENTER)
_TITLE = ParagraphStyle("title", parent=_BODY, fontSize=13, leading=19, alignment=TA_CENTER, spaceAfter=4)
_CODE = ParagraphStyle("code", parent=_BODY, fontSize=10, leading=13, alignment=TA_RIGHT)
_LINE = colors.Color(0.55, 0.55, 0.55)
_GRID = [
    ("BOX", (0, 0), (-1, -1), 0.4, _LINE),
    ("LINEBEFORE", (1, 0), (-1, -1), 0.4, _LINE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
]
_SIGNATURE = (32 * mm, 12 * mm)


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    style: ParagraphStyle = _BODY
    struck: bool = False
    #: stands under the text
    image: Flowable | None = None


def render(sheet: Sheet, *, lang: str = "zh", images: Mapping[str, bytes] | None = None) -> bytes:
    """The PDF. `images`: sha256 → bytes of the signatures; one that is missing is named by its digest instead."""
    with _one_at_a_time:
        if SONG not in pdfmetrics.getRegisteredFontNames():
            font = UnicodeCIDFont(SONG)
            font.encodingName = (
                "UniGB-UTF16-H"  # the same for these characters, and every reader can search it
            )
            pdfmetrics.registerFont(font)
        pages = _drawn(sheet, lang, images or {}, pages=0)[1]
        return _drawn(sheet, lang, images or {}, pages=pages)[0]


def _drawn(sheet: Sheet, lang: str, images: Mapping[str, bytes], *, pages: int) -> tuple[bytes, int]:
    made = io.BytesIO()
    document = SimpleDocTemplate(
        made, pagesize=A4, leftMargin=18 * mm - FRAME, rightMargin=18 * mm - FRAME, topMargin=16 * mm, bottomMargin=20 * mm,
        title=sheet.title, author="Pishi", subject=f"{sheet.source} {sheet.ref}", creator="Pishi",
        invariant=1, pageCompression=1, lang="zh-CN" if lang == "zh" else "en",
    )  # fmt: skip
    writing = _Writing(sheet, lang, images)
    edge = partial(_edges, sheet=sheet, lang=lang, pages=pages)
    document.build(
        writing.story(), onFirstPage=edge, onLaterPages=edge, canvasmaker=partial(Canvas, pdfVersion=(1, 5))
    )  # the version that knows how the Chinese text is written
    return made.getvalue(), document.page


def _edges(canvas: Canvas, document: SimpleDocTemplate, *, sheet: Sheet, lang: str, pages: int) -> None:
    """The watermark under the text, the foot under the page."""
    canvas.saveState()
    canvas.setFillColor(colors.Color(0.93, 0.93, 0.93))
    mark = f"{sheet.printed_by} {sheet.printed_account} {moment(sheet.printed_at)[:16]}"
    for place in range(4):
        canvas.saveState()
        canvas.translate(A4[0] / 2, A4[1] * (0.14 + 0.24 * place))
        canvas.rotate(28)
        _centred(canvas, mark, 17)
        canvas.restoreState()
    canvas.setFillColor(colors.Color(0.35, 0.35, 0.35))
    canvas.setFont(SONG, 7.5)
    foot = word(
        "printed", lang, name=sheet.printed_by, account=sheet.printed_account, at=moment(sheet.printed_at)
    )
    _text(canvas, 18 * mm, 12 * mm, foot, 7.5)
    _text(canvas, 18 * mm, 8 * mm, f"{word('code', lang)} {sheet.code}   SHA-256 {sheet.content_hash}", 7.5)
    page = word("page", lang, page=document.page, pages=pages)
    _text(canvas, A4[0] - 18 * mm - _width(page, 7.5), 12 * mm, page, 7.5)
    canvas.restoreState()


def _text(canvas: Canvas, x: float, y: float, text: str, size: float) -> None:
    for script, stretch in runs(printable(text.replace("\n", " "))[0]):
        font = SONG if script == "song" else LATIN
        canvas.setFont(font, size)
        canvas.drawString(x, y, stretch)
        x += pdfmetrics.stringWidth(stretch, font, size)


def _width(text: str, size: float) -> float:
    return sum(  # type: ignore[no-any-return]  # the library is not typed
        pdfmetrics.stringWidth(stretch, SONG if script == "song" else LATIN, size)
        for script, stretch in runs(printable(text)[0])
    )


def _centred(canvas: Canvas, text: str, size: float) -> None:
    size = min(size, size * A4[0] / max(_width(text, size), 1))
    _text(canvas, -_width(text, size) / 2, 0, text, size)


class _Writing:
    """Turns one sheet into what the page maker takes, and remembers whether a character had to be named."""

    def __init__(self, sheet: Sheet, lang: str, images: Mapping[str, bytes]) -> None:
        self._sheet, self._lang, self._images = sheet, lang, images
        self._named = False

    def story(self) -> list[Flowable]:
        sheet = self._sheet
        parts: list[Flowable] = [
            self._say(f"{self._word('code')} {sheet.code}", _CODE),
            self._say(self._word("sheet"), _NAME),
            self._say(sheet.title, _TITLE),
            self._facts(),
            *self._form(),
            *self._opinions(),
            *self._former(),
            *self._remarks(),
            *self._files(),
            *self._trail(),
            Spacer(1, 6),
            self._say(f"{self._word('content_hash')}: {sheet.content_hash}", _SMALL),
            self._say(f"{self._word('receipt')}: {sheet.receipt or self._word('no_receipt')}", _SMALL),
        ]
        if self._named:
            parts.append(self._say(self._word("rare"), _SMALL))
        return parts

    def _word(self, key: str, **facts: object) -> str:
        return word(key, self._lang, **facts)

    def _shown(self, text: str) -> str:
        shown, named = printable(text)
        self._named |= named
        return shown

    def _say(self, text: str, style: ParagraphStyle = _BODY) -> Paragraph:
        return _paragraph(self._shown(text), style)

    def _table(self, rows: Sequence[Sequence[_Cell]], widths: Sequence[float]) -> Table:
        """One row of the page for one row of the sheet, or several where a text is long."""
        shares = [WIDTH * share for share in widths]
        laid: list[list[object]] = []
        lines: list[tuple[object, ...]] = []
        for row in rows:
            lines.append(("LINEABOVE", (0, len(laid)), (-1, len(laid)), 0.4, _LINE))
            columns = [self._pieces(cell, share) for cell, share in zip(row, shares, strict=True)]
            laid += [list(pieces) for pieces in zip_longest(*columns, fillvalue="")]
        return Table(laid, colWidths=shares, style=TableStyle([*_GRID, *lines]))

    def _pieces(self, cell: _Cell, width: float) -> list[list[Flowable]]:
        in_a_line = max(int(width / cell.style.fontSize) - 1, 4)
        pieces: list[list[Flowable]] = [
            [_paragraph(piece, cell.style, struck=cell.struck)]
            for piece in cut(self._shown(cell.text), in_a_line, TALL)
        ]
        if cell.image is not None:
            pieces[-1].append(cell.image)
        return pieces

    def _facts(self) -> Table:
        sheet = self._sheet
        closed = moment(sheet.closed_at) if sheet.closed_at else "—"
        pairs = [
            ("ref", sheet.ref), ("number", str(sheet.request_id)),
            ("source", sheet.source), ("type", sheet.type_name),
            ("applicant", sheet.applicant), ("state", self._word(f"state.{sheet.state}")),
            ("submitted_at", moment(sheet.submitted_at)), ("closed_at", closed),
        ]  # fmt: skip
        cells: list[_Cell] = []
        for key, value in pairs:
            cells += [_Cell(self._word(key), _LABEL), _Cell(value)]
        return self._table([cells[at : at + 4] for at in range(0, len(cells), 4)], (0.14, 0.36, 0.14, 0.36))

    def _form(self) -> list[Flowable]:
        lines = [(self._word("summary"), self._sheet.summary)] if self._sheet.summary else []
        lines += [
            (one.label, self._word("hidden") if one.value is None else one.value)
            for one in self._sheet.fields
        ]
        rows = [[_Cell(label, _LABEL), _Cell(value)] for label, value in lines]
        return self._section("form", rows, (0.24, 0.76), revision=True)

    def _opinions(self) -> list[Flowable]:
        rows = []
        for step in self._sheet.steps:
            name = step.name or self._word("step", number=step.number)
            if not step.opinions:
                rows.append(
                    [
                        _Cell(name),
                        _Cell("—"),
                        _Cell(self._word(f"step.{step.state}")),
                        _Cell(""),
                    ]
                )
            for place, one in enumerate(step.opinions):
                shown = f"{name}\n{self._word(f'mode.{step.mode}')}" if place == 0 else ""
                rows.append([_Cell(shown), *self._opinion(one, struck=False)])
        return self._section("opinions", rows, (0.16, 0.2, 0.36, 0.28))

    def _former(self) -> list[Flowable]:
        rows = [[_Cell(""), *self._opinion(one, struck=True)] for one in self._sheet.former]
        return self._section("former", rows, (0.04, 0.24, 0.42, 0.3))

    def _opinion(self, one: Opinion, *, struck: bool) -> list[_Cell]:
        who = f"{one.name}\n{one.account}"
        if one.on_behalf_of:
            who += f"\n{self._word('for', name=one.on_behalf_of)}"
        if one.verdict is None:
            return [_Cell(who), _Cell(self._word(f"task.{one.state}")), _Cell("")]
        said = f"{self._word(f'verdict.{one.verdict}')}\n{one.comment or self._word('no_opinion')}"
        image = None if one.signature is None else self._signature(one.signature)
        how = f"{self._word(f'channel.{one.channel}')} AL{one.level}"
        if one.at is not None:
            how += f"\n{moment(one.at)}"
        if one.state != "effective":
            how += f"\n{self._word(f'decision.{one.state}')}"
        return [_Cell(who, struck=struck), _Cell(said, struck=struck, image=image), _Cell(how, _SMALL)]

    def _signature(self, sha256: str) -> Flowable:
        image = self._images.get(sha256)
        if image is None:
            return self._say(f"{self._word('signed')} SHA-256 {sha256[:16]}…", _SMALL)
        return Image(io.BytesIO(image), *_SIGNATURE, kind="proportional", mask="auto", hAlign="LEFT")

    def _remarks(self) -> list[Flowable]:
        rows = [
            [_Cell(one.by), _Cell(one.text), _Cell(moment(one.at), _SMALL)] for one in self._sheet.remarks
        ]
        return self._section("remarks", rows, (0.2, 0.52, 0.28))

    def _files(self) -> list[Flowable]:
        rows = [
            [_Cell(one.name), _Cell(shown_size(one.size), _SMALL), _Cell(one.sha256, _SMALL)]
            for one in self._sheet.files
        ]
        return self._section("files", rows, (0.34, 0.12, 0.54))

    def _trail(self) -> list[Flowable]:
        rows = [
            [
                _Cell(text, _SMALL)
                for text in (str(one.seq), one.at, one.actor, self._word(f"verb.{one.verb}"), one.hash[:16])
            ]
            for one in self._sheet.trail
        ]
        parts = self._section("trail", rows, (0.07, 0.3, 0.22, 0.19, 0.22))
        if self._sheet.trail_left_out:
            parts.insert(1, self._say(self._word("left_out", count=self._sheet.trail_left_out), _SMALL))
        return parts

    def _section(
        self,
        key: str,
        rows: list[list[_Cell]],
        widths: Sequence[float],
        *,
        revision: bool = False,
    ) -> list[Flowable]:
        if not rows:
            return []
        head = self._word(key)
        if revision and self._sheet.revision > 1:
            head += f"（{self._word('revision')} {self._sheet.revision}）"
        return [self._say(head, _HEAD), self._table(rows, widths)]


def _paragraph(shown: str, style: ParagraphStyle, *, struck: bool = False) -> Paragraph:
    marked = "".join(
        escape(stretch) if script == "song" else f'<font name="{LATIN}">{escape(stretch)}</font>'
        for script, stretch in runs(shown)
    ).replace("\n", "<br/>")
    return Paragraph(f"<strike>{marked}</strike>" if struck else marked, style)

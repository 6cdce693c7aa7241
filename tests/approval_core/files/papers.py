"""Papers as people send them, made in memory: harmless ones, and each kind of trap."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)
_MAIN = {
    "word/document.xml": "wordprocessingml.document.main+xml",
    "xl/workbook.xml": "spreadsheetml.sheet.main+xml",
    "ppt/presentation.xml": "presentationml.presentation.main+xml",
}


def boxed(parts: dict[str, bytes | str], **options: Any) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in parts.items():
            box.writestr(name, content, **options)
    return made.getvalue()


def content_types(main: str, extra: str = "") -> str:
    kind = _MAIN[main]
    return (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/{main}" ContentType="application/vnd.openxmlformats-officedocument.{kind}"/>{extra}</Types>'
    )


def docx(extra: dict[str, bytes | str] | None = None, types: str = "") -> bytes:
    main = "word/document.xml"
    return boxed({"[Content_Types].xml": content_types(main, types), main: "<w:document/>", **(extra or {})})


def xlsx(extra: dict[str, bytes | str] | None = None) -> bytes:
    main = "xl/workbook.xml"
    return boxed({"[Content_Types].xml": content_types(main), main: "<workbook/>", **(extra or {})})


def pptx() -> bytes:
    main = "ppt/presentation.xml"
    return boxed({"[Content_Types].xml": content_types(main), main: "<p/>"})


def odf(kind: str, extra: dict[str, bytes | str] | None = None) -> bytes:
    mime = f"application/vnd.oasis.opendocument.{kind}"
    return boxed({"mimetype": mime, "content.xml": "<office/>", **(extra or {})})


def ofd() -> bytes:
    return boxed({"OFD.xml": "<ofd:OFD/>", "Doc_0/Document.xml": "<ofd:Document/>"})


def image(form: str, size: tuple[int, int] = (8, 6), **options: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "white").save(made, form, **options)
    return made.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header promises more pixels than its few bytes hold."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack("!L", len(data)) + name + data + struct.pack("!L", zlib.crc32(name + data))

    header = struct.pack("!LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", header)
        + part(b"IDAT", zlib.compress(b"\0"))
        + part(b"IEND", b"")
    )


def portions(data: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def padded(blocks: int) -> Iterable[bytes]:
    """A text of so many megabytes."""
    return (b"a" * 1024 * 1024 for _ in range(blocks))


#: every accepted type as it really comes
HARMLESS: dict[str, bytes] = {
    "报告.pdf": PDF,
    "请示.docx": docx({"word/embeddings/Microsoft_Excel_Sheet1.xlsx": xlsx()}),
    "预算.xlsx": xlsx(),
    "汇报.pptx": pptx(),
    "纪要.odt": odf("text"),
    "台账.ods": odf("spreadsheet"),
    "公文.ofd": ofd(),
    "说明.txt": "年休假三天，𠮷".encode(),
    "旧说明.txt": "王喆、李堃".encode("gb18030"),
    "表.txt": "表".encode("utf-16"),
    "名单.csv": "姓名,天数\r\n王伟,3\r\n".encode("utf-8-sig"),
    "照片.png": image("PNG"),
    "照片.jpg": image("JPEG"),
    "照片.JPEG": image("JPEG"),
    "动图.gif": image("GIF"),
    "照片.webp": image("WEBP"),
}

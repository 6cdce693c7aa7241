"""A file is accepted only when its name, its declared type and its content say the same harmless thing."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from approval_core.errors import Invalid
from approval_core.files.rules import containers
from approval_core.files.rules.containers import Member, check_listing
from approval_core.files.rules.faults import FAULTS
from approval_core.files.rules.images import check_pixels
from approval_core.files.rules.kinds import KINDS, kind_of
from approval_core.files.scanning import EICAR, StandInScanner
from approval_core.files.storage import Storage
from approval_core.files.taking import Stored, take
from tests.approval_core.files.papers import (
    HARMLESS,
    OLE2,
    PDF,
    boxed,
    content_types,
    docx,
    image,
    odf,
    padded,
    png_header,
    portions,
    xlsx,
)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "files")


def sent(storage: Storage, name: str, content: bytes, declared: str | None = None) -> Stored:
    return take(portions(content), name=name, declared=declared, storage=storage, scanner=StandInScanner())


def refused(storage: Storage, name: str, content: bytes, declared: str | None = None) -> Invalid:
    with pytest.raises(Invalid) as caught:
        sent(storage, name, content, declared)
    assert list(storage.stored()) == [], "nothing of a refused file stays"
    assert list(storage.incoming.iterdir()) == []
    assert caught.value.data["zh"]
    return caught.value


@pytest.mark.parametrize("name", HARMLESS)
def test_every_accepted_type_comes_in_under_its_own_name(storage: Storage, name: str) -> None:
    stored = sent(storage, name, HARMLESS[name])

    assert stored.name == name
    assert stored.mime == kind_of(name, None).mime
    assert b"".join(storage.portions(stored.sha256, stored.size)) == HARMLESS[name]


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("other", [".pdf", ".docx", ".odt", ".ofd", ".txt", ".png", ".jpg", ".webp"])
def test_no_content_passes_under_the_name_of_another_type(storage: Storage, name: str, other: str) -> None:
    own = kind_of(name, None)
    if own.mime == KINDS[other].mime or (own.family == "text" and KINDS[other].family == "text"):
        return

    error = refused(storage, f"x{other}", HARMLESS[name])

    assert error.code in {"file_disagrees", "file_damaged"}


@pytest.mark.parametrize(
    ("name", "content", "declared", "code"),
    [
        ("a.exe", b"MZ\x90\0", None, "file_type"),
        ("a", PDF, None, "file_type"),
        ("a.html", b"<html>", None, "file_type"),
        ("a.svg", b"<svg/>", None, "file_type"),
        ("a.zip", boxed({"a.txt": "a"}), None, "file_archive"),
        ("a.rar", b"Rar!\x1a\x07\0", None, "file_archive"),
        ("a.doc", OLE2, None, "file_old_office"),
        ("a.docx", OLE2, None, "file_old_office"),
        ("a.docm", docx(), None, "file_macros"),
        ("a.XLSM", xlsx(), None, "file_macros"),
        ("a.pdf", PDF, "image/png", "file_disagrees"),
        ("a.png", image("PNG"), "text/html", "file_disagrees"),
        ("a.pdf", b"MZ\x90\0" + bytes(400), None, "file_disagrees"),
        ("a.txt", b"MZ\x90\0" + bytes(400), None, "file_disagrees"),
        ("a.txt", b"\x1b[2Jrun me", None, "file_disagrees"),
        ("a.csv", b"<html><script>1</script>", None, "file_disagrees"),
        ("a.pdf", b"", None, "file_empty"),
        ("a.pdf", PDF[:-8], None, "file_damaged"),
        (
            "a.pdf",
            PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript >>"),
            None,
            "file_macros",
        ),
        ("a.png", image("PNG")[:30], None, "file_damaged"),
        ("a.docx", docx()[:-30], None, "file_damaged"),
        ("a.docx", boxed({"a.txt": "a"}), None, "file_disagrees"),
        (
            "a.docx",
            boxed({"[Content_Types].xml": "<Types/>", "word/document.xml": ""}),
            None,
            "file_disagrees",
        ),
        ("a.docx", xlsx(), None, "file_disagrees"),
        ("a.odt", odf("spreadsheet"), None, "file_disagrees"),
        (
            "a.odt",
            odf("text", {"META-INF/manifest.xml": "<manifest:encryption-data/>"}),
            None,
            "file_encrypted",
        ),
        ("a.txt", EICAR, None, "file_infected"),
    ],
)
def test_what_is_refused_says_why(
    storage: Storage, name: str, content: bytes, declared: str | None, code: str
) -> None:
    assert refused(storage, name, content, declared).code == code


@pytest.mark.parametrize(
    ("extra", "types"),
    [
        ({"word/vbaProject.bin": b"x"}, ""),
        ({"word/VBAPROJECT.BIN": b"x"}, ""),
        ({"word/any.bin": OLE2 + "_VBA_PROJECT".encode("utf-16-le")}, ""),
        ({"word/any.bin": OLE2 + bytes(65_536 - len(OLE2) - 5) + "_VBA_PROJECT".encode("utf-16-le")}, ""),
        ({}, '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'),
        ({}, '<Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>'),
        ({"word/activeX/activeX1.xml": "<a/>"}, ""),
        ({"word/embeddings/evil.exe": b"MZ"}, ""),
        ({"word/embeddings/inner.docm": docx()}, ""),
        ({"word/embeddings/inner.xlsx": xlsx({"xl/vbaProject.bin": b"x"})}, ""),
        ({"word/embeddings/package.bin": boxed({"run.txt": "x"})}, ""),
        ({"word/embeddings/a.docx": docx({"word/embeddings/b.docx": docx()})}, ""),
        ({"word/settings.xml": '<!DOCTYPE x [<!ENTITY a "b">]>'}, ""),
        ({"word/_rels/settings.xml.rels": '<R Type="attachedTemplate" TargetMode="External"/>'}, ""),
    ],
    ids=str,
)  # fmt: skip
def test_macros_are_found_wherever_a_docx_hides_them(
    storage: Storage, extra: dict[str, bytes | str], types: str
) -> None:
    assert refused(storage, "请示.docx", docx(extra, types)).code == "file_macros"


def test_a_macro_type_spelled_in_numbers_does_not_slip_by(storage: Storage) -> None:
    types = '<Override ContentType="application/vnd.ms-word.document.macroEn&#97;bled.main+xml"/>'

    assert refused(storage, "a.docx", docx({}, types)).code == "file_damaged"


def test_a_sheet_with_macros_of_the_old_kind_is_refused(storage: Storage) -> None:
    assert refused(storage, "a.xlsx", xlsx({"xl/macrosheets/sheet1.xml": "<m/>"})).code == "file_macros"
    assert refused(storage, "a.odt", odf("text", {"Basic/Standard/script-lc.xml": ""})).code == "file_macros"


def test_an_embedded_object_without_macros_is_left_in_peace(storage: Storage) -> None:
    sent(storage, "公式.docx", docx({"word/embeddings/oleObject1.bin": OLE2}))


def test_a_zip_bomb_in_a_docx_is_seen_before_it_is_unpacked(storage: Storage) -> None:
    bomb = docx({"word/media/x.xml": bytes(20 * 1024 * 1024)})
    assert len(bomb) < 50_000

    assert refused(storage, "a.docx", bomb).code == "file_unpacks_too_large"


def test_many_parts_that_are_large_together_are_a_bomb() -> None:
    kind = KINDS[".docx"]
    large = [Member(f"word/{n}.xml", 1024 * 1024, 100 * 1024 * 1024, n * 2_000_000) for n in range(4)]
    with pytest.raises(Invalid) as caught:
        check_listing(kind, large)
    assert caught.value.code == "file_unpacks_too_large"
    with pytest.raises(Invalid, match="parts"):
        check_listing(kind, [Member(str(n), 0, 0) for n in range(containers.MOST_MEMBERS + 1)])


def test_parts_that_share_their_bytes_are_a_bomb() -> None:
    members = [Member("word/a.xml", 1000, 1000, 0), Member("word/b.xml", 1000, 1000, 500)]
    with pytest.raises(Invalid, match="overlapping"):
        check_listing(KINDS[".docx"], members)


def test_a_size_that_lies_is_found_while_unpacking(storage: Storage) -> None:
    """The directory promises 10 bytes where 14 are packed."""
    content = docx({"word/lie.xml": "<b>forged</b>x"})
    with zipfile.ZipFile(io.BytesIO(content)) as box:
        real = box.getinfo("word/lie.xml").file_size
    place = content.rindex(b"PK\x01\x02")
    forged = bytearray(content)
    forged[place + 24 : place + 28] = struct.pack("<L", real - 4)

    assert refused(storage, "a.docx", bytes(forged)).code == "file_damaged"


def test_a_password_on_a_part_is_refused(storage: Storage) -> None:
    content = bytearray(docx({"word/secret.xml": "x"}))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.rindex(sign)
        content[place + at] |= 1

    assert refused(storage, "a.docx", bytes(content)).code == "file_encrypted"


@pytest.mark.parametrize("size", [(40_000, 2), (2, 40_000), (10_000, 10_000), (65_000, 65_000)])
def test_an_image_bomb_is_seen_in_its_header(storage: Storage, size: tuple[int, int]) -> None:
    bomb = png_header(*size)
    assert len(bomb) < 100

    assert refused(storage, "a.png", bomb).code == "image_too_large"


def test_an_animation_counts_all_its_frames() -> None:
    check_pixels(1000, 1000, 100)
    with pytest.raises(Invalid):
        check_pixels(5000, 5000, 100)
    with pytest.raises(Invalid):
        check_pixels(10, 10, 501)


@pytest.mark.parametrize(("frames", "fine"), [(500, True), (501, False)])
def test_the_frames_of_a_moving_image_are_counted(storage: Storage, frames: int, fine: bool) -> None:
    made = io.BytesIO()
    first, *others = [Image.new("RGB", (2, 2), (n % 256, n // 256, 99)) for n in range(frames)]
    first.save(made, "GIF", save_all=True, append_images=others)

    if fine:
        sent(storage, "a.gif", made.getvalue())
    else:
        assert refused(storage, "a.gif", made.getvalue()).code == "image_too_large"


def test_fifty_megabytes_come_in_and_one_byte_more_does_not(storage: Storage) -> None:
    scanner = StandInScanner()
    stored = take(padded(50), name="大.txt", declared="text/plain", storage=storage, scanner=scanner)
    assert stored.size == 50 * 1024 * 1024
    storage.place(stored.sha256).unlink()
    read = []

    def endless() -> object:
        for portion in padded(1000):
            read.append(1)
            yield portion

    with pytest.raises(Invalid) as caught:
        take(endless(), name="大.txt", declared=None, storage=storage, scanner=scanner)  # type: ignore[arg-type]  # a generator of bytes
    assert caught.value.code == "file_too_large"
    assert len(read) == 51, "the rest is not even read"
    assert list(storage.incoming.iterdir()) == []


@pytest.mark.parametrize(
    "declared", [None, "", "application/octet-stream", "APPLICATION/PDF", "application/pdf; version=1.7"]
)
def test_a_browser_that_declares_nothing_or_spells_freely_is_understood(
    storage: Storage, declared: str | None
) -> None:
    assert sent(storage, "a.pdf", PDF, declared).mime == "application/pdf"


def test_excel_may_claim_a_csv_for_itself(storage: Storage) -> None:
    assert sent(storage, "a.csv", b"a,b\n", "application/vnd.ms-excel").mime == "text/csv"


def test_a_text_cut_inside_a_character_is_whole_again_in_the_next_portion(storage: Storage) -> None:
    text = ("字" * 5000).encode()
    take(portions(text, 7), name="a.txt", declared=None, storage=storage, scanner=StandInScanner())
    with pytest.raises(Invalid):
        sent(storage, "a.txt", text[:-1])  # the last character never comes


def test_every_refusal_is_said_in_both_languages() -> None:
    for english, chinese in FAULTS.values():
        assert english.isascii() or "×" in english
        assert not chinese.isascii()


def test_content_types_must_be_readable(storage: Storage) -> None:
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": content_types("word/document.xml").encode("utf-16"),
        "word/document.xml": "<d/>",
    }
    sent(storage, "a.docx", boxed(parts))  # UTF-16 is legal there
    parts["[Content_Types].xml"] = content_types("word/document.xml").encode("cp037")
    with pytest.raises(Invalid):
        sent(storage, "a.docx", boxed(parts))

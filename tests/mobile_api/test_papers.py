"""Drafts with their files, files of comments, signatures, the opinion sheet and the archive package: over HTTP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from approval_core.approvals.content_models import PaperReading
from approval_core.audit.models import entries
from approval_core.columns import table_of
from approval_core.files.scanning import EICAR
from approval_core.sheets.archive import verify_package
from gateway.serve import Site
from gateway.settings import Settings, load
from tests.approval_core.approvals.types import FORM as PLAIN_FORM
from tests.approval_core.files.papers import PDF, image
from tests.mobile_api.browser import Browser
from tests.mobile_api.conftest import QUICK
from tests.mobile_api.office import FORM, At, file, publish, step

PAPERS = [
    {"name": "plan", "label": {"zh": "方案", "en": "Plan"}, "type": "file"},
    {"name": "pay", "label": {"zh": "工资单", "en": "Pay slip"}, "type": "file"},
]
WITH_PAPERS = {"fields": [*PLAIN_FORM["fields"], *PAPERS]}
MOST = 2 * 1024 * 1024
readings = table_of(PaperReading)


@pytest.fixture
def settings(database_url: str, tmp_path: Any) -> Settings:
    files = {"folder": str(tmp_path / "files"), "most_bytes": MOST}
    return load(
        database=database_url, port=0, secret_file=str(tmp_path / "pishi.secret"), accounts=QUICK, files=files
    )


def published(at: At) -> None:
    publish(
        at,
        step("first", "hy00001", fields={"*": "read", "pay": "hidden"}),
        step("last", "hy00002"),
        form=WITH_PAPERS,
    )


def drafted(asking: Browser) -> dict[str, Any]:
    draft = asking.does("/drafts", {"type": "LEAVE", "form": FORM}, status=201)
    plan = asking.sends(f"/drafts/{draft['id']}/files", PDF, name="方案.pdf")
    pay = asking.sends(f"/drafts/{draft['id']}/files", image("PNG"), name="pay.png", kind="image/png")
    body = {"form": FORM | {"plan": [plan["id"]], "pay": [pay["id"]]}}
    changed: dict[str, Any] = asking.does(f"/drafts/{draft['id']}", body, method="PUT")
    return changed


def filed(at: At) -> int:
    published(at)
    asking = at("hy00900")
    return int(asking.does(f"/drafts/{drafted(asking)['id']}/submit", status=201)["id"])


def test_f32_a_draft_is_its_owners_alone_and_becomes_a_request_with_its_files(at: At) -> None:
    published(at)
    asking, other = at("hy00900"), at("hy00001")
    draft = drafted(asking)
    assert [one["name"] for one in draft["files"]] == ["方案.pdf", "pay.png"]
    number = draft["id"]
    for path, method in (
        (f"/drafts/{number}", "GET"),
        (f"/drafts/{number}", "DELETE"),
        (f"/drafts/{number}/submit", "POST"),
    ):
        assert other.does(path, method=method, status=404)["code"] == "no_draft"
    other.sends(f"/drafts/{number}/files", PDF, name="x.pdf", status=404)
    request = asking.does(f"/drafts/{number}/submit", status=201)["id"]
    assert asking.asks("/drafts")["items"] == []
    assert asking.asks(f"/requests/{request}")["form"]["plan"] == [sha256(PDF).hexdigest()]
    copy = asking.does(f"/requests/{request}/copy", status=201)
    assert (copy["form"]["days"], len(copy["files"])) == (3, 2)
    asking.does(f"/drafts/{copy['id']}/files/{copy['files'][0]['id']}", method="DELETE", status=204)
    asking.does(f"/drafts/{copy['id']}/files/{copy['files'][0]['id']}", method="DELETE", status=404)
    asking.does(f"/drafts/{copy['id']}", method="DELETE", status=204)
    asking.asks(f"/drafts/{copy['id']}", status=404)
    assert other.does(f"/requests/{request}/copy", status=403)["code"] == "not_yours"


def test_f28_what_is_no_paper_is_refused_with_the_reason_and_nothing_is_left(site: Site, at: At) -> None:
    published(at)
    asking = at("hy00900")
    path = f"/drafts/{asking.does('/drafts', {'type': 'LEAVE'}, status=201)['id']}/files"
    traps = (
        (b"MZ" + bytes(100), "tool.exe"),
        (b"\x89PNG not", "picture.png"),
        (EICAR, "note.txt"),
        (b"", "empty.txt"),
    )
    codes = [asking.sends(path, content, name=name, status=422)["code"] for content, name in traps]
    assert codes[2:] == ["file_infected", "file_empty"]
    assert asking.sends(path, PDF, name="x.pdf", kind="image/png", status=422)["code"] != "file_empty"
    asking.sends(path, PDF, name="../../up.pdf\x00", status=422)
    folder = site.settings.files_folder
    assert [one for one in folder.rglob("*") if one.is_file() and one.name != ".lock"] == []


def test_a_file_may_be_larger_than_a_body_and_not_larger_than_a_file(at: At) -> None:
    published(at)
    asking = at("hy00900")
    path = f"/drafts/{asking.does('/drafts', {'type': 'LEAVE'}, status=201)['id']}/files"
    whole = PDF.replace(b"%%EOF", b"%" + b"x" * (MOST - 4096) + b"\n%%EOF")
    assert asking.sends(path, whole, name="long.pdf")["size"] == len(whole) > 1024 * 1024

    def drip() -> Iterator[bytes]:
        yield from (bytes(64 * 1024) for _ in range(MOST // (64 * 1024) + 2))

    assert asking.sends(path, drip(), name="x.txt", status=422)["code"] == "file_too_large"
    assert (
        asking.sends(path, bytes(MOST + 2 * 1024 * 1024), name="x.txt", status=413)["code"]
        == "body_too_large"
    )
    assert asking.sends("/requests", bytes(MOST), status=413)["code"] == "body_too_large"


def test_a_file_is_given_to_who_sees_its_field_and_that_he_opened_it_is_on_record(site: Site, at: At) -> None:
    number = filed(at)
    first, last = at("hy00001"), at("hy00002")
    first_sees = {one["name"]: one["id"] for one in first.asks(f"/requests/{number}/files")["items"]}
    all_files = {one["name"]: one["id"] for one in at("hy00900").asks(f"/requests/{number}/files")["items"]}
    assert (set(first_sees), set(all_files)) == ({"方案.pdf"}, {"方案.pdf", "pay.png"})
    assert (
        first.asks(f"/requests/{number}/files/{all_files['pay.png']}", status=404)["code"] == "no_attachment"
    )
    got = first.get(f"/api/v1/requests/{number}/files/{all_files['方案.pdf']}")
    assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''%E6%96%B9%E6%A1%88.pdf"
    assert (got.headers["x-content-type-options"], "sandbox" in got.headers["content-security-policy"]) == (
        "nosniff",
        True,
    )
    opened = site.store.read(
        lambda tx: tx.execute(select(readings.c.attachment_id, readings.c.person_id)).all()
    )
    assert [tuple(one) for one in opened] == [(all_files["方案.pdf"], first.asks("/me")["id"])]
    last.asks(f"/requests/{number}/files/{all_files['pay.png']}", status=404)
    at("hy00003").asks(f"/requests/{number}/files", status=404)


def test_f17_files_come_and_go_with_a_resubmission(at: At) -> None:
    number = filed(at)
    asking, first = at("hy00900"), at("hy00001")
    first.on_my_task(number, "decide", verdict="return", comment="换方案")
    new = asking.does("/drafts", {"type": "LEAVE"}, status=201)["id"]
    better = PDF.replace(b"Catalog", b"Catalog /Lang (zh)")
    sha = asking.sends(f"/drafts/{new}/files", better, name="新方案.pdf")["sha256"]
    old = next(
        one["id"] for one in asking.asks(f"/requests/{number}/files")["items"] if one["name"] == "方案.pdf"
    )
    asking.does(f"/requests/{number}/resubmit", {"form": {"plan": [sha]}, "without": [old], "draft": new})
    assert [one["name"] for one in first.asks(f"/requests/{number}/files")["items"]] == ["新方案.pdf"]
    asking.asks(f"/drafts/{new}", status=404)


def test_a_file_comes_with_my_own_comment_and_with_nobody_elses(at: At) -> None:
    number = filed(at)
    first, asking = at("hy00001"), at("hy00900")
    remark = first.does(f"/requests/{number}/remarks", {"text": "见附件"}, status=201)["id"]
    path = f"/requests/{number}/files"
    got = first.sends(path, b"plain words", name="words.txt", remark=remark)
    assert (got["kind"], got["remark_id"], got["uploaded_by"]) == ("comment", remark, "hy00001")
    assert asking.sends(path, b"words", name="words.txt", remark=remark, status=403)["code"] == "not_yours"
    assert asking.sends(path, b"words", name="words.txt", remark=999, status=404)["code"] == "no_remark"
    at("hy00003").sends(path, b"words", name="words.txt", remark=remark, status=404)


def test_f29_a_decision_is_signed_by_hand_by_who_took_it(at: At) -> None:
    number = filed(at)
    first = at("hy00001")
    taken = first.on_my_task(number, "decide", verdict="approve")["decision_id"]
    path = f"/decisions/{taken}/signature"
    assert at("hy00002").sends(path, image("PNG"), name="sign.png", status=403)["code"] == "not_yours"
    first.sends("/decisions/999/signature", image("PNG"), name="sign.png", status=404)
    assert first.sends(path, b"words", name="sign.txt", status=422)["code"] == "not_an_image"
    assert first.sends(path, image("PNG"), name="sign.png")["decision_id"] == taken
    assert first.sends(path, image("PNG"), name="sign.png", status=409)["code"] == "signed"


def test_f45_the_sheet_bears_the_name_of_who_took_it_and_none_of_what_is_closed_to_him(
    site: Site, at: At
) -> None:
    publish(at, step("first", "hy00001"), step("blind", "hy00002", fields={"note": "hidden"}))
    number = file(at("hy00900"), form={"note": "机密缘由"})
    at("hy00001").on_my_task(number, "decide", verdict="approve")

    def words(browser: Browser, **params: Any) -> str:
        got = browser.get(f"/api/v1/requests/{number}/sheet.pdf", params=params)
        assert (got.status_code, got.headers["content-type"]) == (200, "application/pdf")
        return "".join(page.extract_text() for page in PdfReader(io.BytesIO(got.content)).pages)

    assert "机密缘由" in words(at("hy00900"))
    blind = words(at("hy00002"), lang="en")
    assert ("机密缘由" in blind, "hy00002" in blind) == (False, True)
    at("hy00003").asks(f"/requests/{number}/sheet.pdf", status=404)
    taken = site.store.read(
        lambda tx: tx.execute(select(entries.c.actor).where(entries.c.chain == "exports")).scalars().all()
    )
    assert taken == ["hy00900", "hy00002"]


def test_a_sheet_names_no_file_and_repeats_no_summary_of_what_is_closed(at: At) -> None:
    """`days` stands in the summary of every request of this type."""
    route = (step("first", "hy00003"), step("blind", "hy00001", fields={"pay": "hidden", "days": "hidden"}))
    publish(at, *route, form=WITH_PAPERS)
    asking = at("hy00900")
    number = asking.does(f"/drafts/{drafted(asking)['id']}/submit", status=201)["id"]
    at("hy00003").on_my_task(number, "decide", verdict="approve")
    words = {}
    for account in ("hy00900", "hy00001"):
        got = at(account).get(f"/api/v1/requests/{number}/sheet.pdf")
        words[account] = "".join(page.extract_text() for page in PdfReader(io.BytesIO(got.content)).pages)
    assert [one in words["hy00900"] for one in ("pay.png", "天数:3")] == [True, True]
    assert [one in words["hy00001"] for one in ("pay.png", "天数:3")] == [False, False]


def test_the_package_is_whole_and_the_auditor_s_alone(site: Site, at: At) -> None:
    number = filed(at)
    auditor = at("hy00070", role="auditor")
    got = auditor.get(f"/api/v1/requests/{number}/package.zip")
    assert (got.status_code, verify_package(io.BytesIO(got.content))) == (200, [])
    assert at("hy00900").asks(f"/requests/{number}/package.zip", status=403)["code"] == "not_your_role"
    auditor.asks("/requests/999/package.zip", status=404)
    read = site.store.read(
        lambda tx: tx.execute(select(entries.c.thing).where(entries.c.chain == "auditors")).scalars().all()
    )
    assert read == [f"request:{number}", "request:999"]


def test_f45_a_list_is_taken_out_with_a_name_on_it_and_without_formulas(site: Site, at: At) -> None:
    published(at)
    asking = at("hy00900")
    file(asking)
    got = asking.get("/api/v1/exports/requests", params={"type": "LEAVE"})
    lines = got.content.decode("utf-8-sig").splitlines()
    assert (got.headers["content-type"], len(lines)) == ("text/csv; charset=utf-8", 3)
    assert ("请假3天" in lines[1], "hy00900" in lines[2]) == (True, True)
    boxed = asking.get("/api/v1/exports/requests", params={"format": "xlsx", "lang": "en", "mine": "asked"})
    assert zipfile.is_zipfile(io.BytesIO(boxed.content))
    taken = site.store.read(
        lambda tx: tx.execute(select(entries.c.verb).where(entries.c.chain == "exports")).scalars().all()
    )
    assert taken == ["exported.csv", "exported.xlsx"]

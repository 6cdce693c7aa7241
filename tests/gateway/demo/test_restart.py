"""The power goes out between the question and the answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx

from approval_core.store import Store
from tests.factories import insert_person
from tests.gateway.conftest import until
from tests.gateway.demo.conftest import LEADER, NUMBER
from tests.gateway.test_process import address_in, started


def page(address: str, ref: str = "") -> str:
    return httpx.get(f"{address}/demo?lang=zh&ref={ref}", trust_env=False).text


def test_after_a_kill_the_conversation_is_there_and_the_old_question_can_be_answered(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = Store(sqlite_url)
    store.write(insert_person, LEADER, name="曹福军", number=NUMBER)
    store.close()
    words = ("serve", "--demo", "--database", sqlite_url, "--modem", "virtual", "--port")
    with started(tmp_path, *words, "0") as (process, errors):
        address = address_in(errors)
        asked = {"title": "申请用车1天", "applicant": "王伟", "approvers": LEADER, "hold": "1"}
        answer = httpx.post(f"{address}/demo/approvals", data=asked, trust_env=False)
        ref = httpx.URL(answer.headers["location"]).params["ref"]
        code: Any = until(lambda: re.search(r"编号(\d{4})", page(address)), "no prompt came")
        process.kill()
        process.wait()
    with started(tmp_path, *words, str(httpx.URL(address).port)) as (_, errors):
        address = address_in(errors)
        assert f"【政务OA】王伟申请用车1天。同意回Y,不同意回N,编号{code[1]}" in page(address)
        reply = f"{address}/demo/handsets/{NUMBER}/sms"
        assert httpx.post(reply, data={"text": "Y"}, trust_env=False).status_code == 303
        until(lambda: "DECIDED" in page(address), "the answer had no effect")
        until(lambda: "签名核对无误" in page(address, ref), "the asking system was not told")
        assert "已同意" in page(address, ref)

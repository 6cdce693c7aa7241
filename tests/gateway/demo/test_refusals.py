"""Whatever the office refuses is said as a sentence that helps, beside the field it is about."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from gateway.serve import Site
from tests.gateway.conftest import until
from tests.gateway.demo.conftest import LEADER, NUMBER

GOOD = {"title": "申请用车1天", "applicant": "王伟", "approvers": LEADER, "hold": "600"}


def submit(site: Site, language: str = "zh", **fields: str) -> httpx.Response:
    return httpx.post(f"{site.address}/demo/approvals?lang={language}", data=GOOD | fields)


def sentence(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    found = re.search(r'id="refused"[^>]*>([^<]*)<', answer.text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("fields", "field", "chinese", "english"),
    [
        ({"approvers": f"hy99999, {LEADER}"}, "approvers", "没有这个审批人：hy99999", "no such approver: hy99999"),
        ({"approvers": f"{LEADER} {LEADER}"}, "approvers", "写了两遍", "named twice"),
        ({"approvers": " ，"}, "approvers", "至少填一个审批人", "at least one approver"),
        ({"hold": "bald"}, "hold", "整数秒", "whole number of seconds"),
        ({"hold": "-1"}, "hold", "整数秒", "whole number of seconds"),
        ({"hold": "9" * 5000}, "hold", "整数秒", "whole number of seconds"),
        ({"title": " "}, "title", "事项请填", "what is asked"),
        ({"title": "长" * 201}, "title", "事项请填", "what is asked"),
        ({"applicant": ""}, "applicant", "申请人请填", "name the applicant"),
    ],
)  # fmt: skip
def test_what_cannot_be_submitted_is_said_in_a_sentence(
    demo_site: Site, fields: dict[str, str], field: str, chinese: str, english: str
) -> None:
    for language, words in (("zh", chinese), ("en", english)):
        answer = submit(demo_site, language, **fields)
        assert words in sentence(answer)
        control = re.search(rf'<input name="{field}"[^>]*>', answer.text)
        assert control
        assert 'aria-invalid="true" aria-describedby="refused"' in control[0]


def test_what_was_chosen_stays_when_it_is_refused(demo_site: Site) -> None:
    page = submit(demo_site, approvers="hy99999", mode="vote", on_reject="return", summary="<b>").text
    assert '<option value="vote" selected>' in page
    assert '<option value="return" selected>' in page
    assert 'name="summary" value="&lt;b&gt;"' in page


def test_a_change_in_the_hold_or_after_the_end_is_refused_with_the_way_out(demo_site: Site) -> None:
    ref = httpx.URL(submit(demo_site).headers["location"]).params["ref"]
    page = f"{demo_site.address}/demo?lang=zh&ref={ref}"
    code: Any = until(lambda: re.search(r"Y(\d{4})\b", httpx.get(page).text), "no prompt came")
    httpx.post(f"{demo_site.address}/demo/handsets/{NUMBER}/sms", data={"text": f"Y{code[1]}"})
    until(lambda: "保留至" in httpx.get(page).text, "it was not decided")
    assert "name=&#34;title&#34;" not in httpx.get(page).text
    change = f"{demo_site.address}/demo/approvals/{ref}/content?lang=zh"
    assert "请等保留期满" in sentence(httpx.post(change, data={"title": "申请用车2天"}))
    httpx.post(f"{demo_site.address}/demo/handsets/{NUMBER}/sms", data={"text": f"X{code[1]}"})
    until(lambda: "保留至" not in httpx.get(page).text, "it was not taken back")
    assert httpx.post(f"{demo_site.address}/demo/approvals/{ref}/withdraw").status_code == 303
    assert "此件已撤回，不能再改" in sentence(httpx.post(change, data={"title": "申请用车2天"}))


def test_an_unknown_request_or_handset_is_named(demo_site: Site) -> None:
    page = httpx.get(f"{demo_site.address}/demo?lang=zh&ref=LEAVE-0&handset=hy77777").text
    assert "没有编号为 LEAVE-0 的事项" in page
    assert "没有“hy77777”的手机" in page
    answer = httpx.post(f"{demo_site.address}/demo/approvals/LEAVE-0/withdraw?lang=en")
    assert "there is no request LEAVE-0" in sentence(answer)


def test_a_handset_is_found_by_name_and_the_asked_leaders_opens(demo_site: Site) -> None:
    found = httpx.get(f"{demo_site.address}/demo?lang=zh&find=福军")
    assert NUMBER in found.text
    back = httpx.URL(submit(demo_site, "en").headers["location"])
    assert back.params["handset"] == LEADER
    assert back.fragment == "handset"

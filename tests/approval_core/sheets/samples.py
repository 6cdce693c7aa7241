"""A sheet with everything on it that a sheet may have to carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from approval_core.sheets.sheet import (
    FieldLine,
    FileLine,
    Opinion,
    RemarkLine,
    Sheet,
    StepBlock,
    TrailLine,
)

AT = datetime(2026, 5, 6, 1, 0, tzinfo=UTC)
SIGNATURE = "5" * 64
WORST = "买买提·艾力、𠮷田、王喆、李堃、Müller-Žižek <b>&amp;</b>"

FULL = Sheet(
    request_id=17,
    title="关于购置档案密集架的请示",
    type_name="采购申请",
    source="ctais",
    ref="A-2026-0017",
    applicant="买买提·艾力",
    summary="档案室扩容，拟购置密集架一组。",
    state="approved",
    revision=2,
    content_hash="ab" * 32,
    submitted_at=AT,
    closed_at=AT.replace(hour=9),
    fields=(
        FieldLine("金额", "128000.00"),
        FieldLine("供应商", "𠮷祥办公设备有限公司"),
        FieldLine("是否进口", "否"),
        FieldLine("银行账号", None),
        FieldLine("理由", "现有库房已满。\n第二行说明，" + "文字" * 60),
    ),
    steps=(
        StepBlock(
            1,
            "处室负责人",
            "all",
            "approved",
            (
                Opinion("王喆", "wangzhe", "approve", "effective", "同意，请从速办理。", None, "sms", 1, AT),
                Opinion(
                    "李堃", "likun", "approve", "effective", "", "赵局长", "app", 3, AT, signature=SIGNATURE
                ),
            ),
        ),
        StepBlock(2, "", "any", "active", (Opinion("周·吐尔逊", "zhou", None, "open"),)),
        StepBlock(3, "局领导", "any", "blocked", ()),
    ),
    former=(
        Opinion("王喆", "wangzhe", "reject", "superseded", "金额不清，请补充。", None, "web", 2, AT),
        Opinion("李堃", "likun", "approve", "undone", "先同意", None, "sms", 1, AT),
    ),
    remarks=(RemarkLine("wangwei", "请看附件第二页。", AT),),
    files=(FileLine("合同.pdf", 81_234, "cd" * 32), FileLine("合同.pdf", 900, "ef" * 32)),
    trail=tuple(
        TrailLine(n, f"2026-05-06T01:{n:02d}:00.000000Z", "wangzhe", verb, "0f" * 32)
        for n, verb in enumerate(("submitted", "decided", "effective", "strange.verb"), start=1)
    ),
    trail_left_out=3,
    receipt="leaf 41 · checkpoint 7 · root 0123abcd",
    printed_by="张秘书",
    printed_account="zhangms",
    printed_at=AT.replace(hour=10),
)


def sheet(**changes: Any) -> Sheet:
    return replace(FULL, **changes)

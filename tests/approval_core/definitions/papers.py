"""A small request type, and ways to change it."""

from __future__ import annotations

import pytest

from approval_core.definitions.rules.document import load_document
from approval_core.errors import Invalid

LEAVE = """\
type: LEAVE
title: {zh: 请假, en: Leave}
module: hr
form:
  fields:
    - {name: days, label: {zh: 天数, en: Days}, type: decimal, required: true, min: 0.5, max: 365, show: [list, sms]}
route:
  - step: chief
    name: {zh: 科长, en: Section chief}
    approvers: [{rule: SECTION_CHIEF}]
  - choice: long
    branches:
      - when: form.days > 3
        do:
          - step: leader
            name: {zh: 分管领导, en: Leader in charge}
            approvers: [{rule: LEADER_IN_CHARGE}]
            remind_after: null
            add: {from: anyone}
    otherwise: []
"""


def changed(old: str, new: str, text: str = LEAVE) -> str:
    assert old in text
    return text.replace(old, new)


def refusal(text: str) -> Invalid:
    with pytest.raises(Invalid) as refused:
        load_document(text)
    assert refused.value.code == "bad_document"
    return refused.value

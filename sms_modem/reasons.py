"""The outcomes and reasons in plain words, Chinese and English: what `pishi why` and the office's pages say."""

from __future__ import annotations

#: outcome → (Chinese, English)
OUTCOMES: dict[str, tuple[str, str]] = {
    "DECIDED": ("已按该回复办理", "the reply decided the item"),
    "PROVISIONAL": (
        "该事项需要更高级别的确认，回复未生效",
        "the item needs a stronger confirmation; nothing was decided",
    ),
    "UNDONE": ("已撤回本人刚才的答复", "the person's own decision was taken back within its hold"),
    "READ": ("已记为已阅", "the item was marked as read"),
    "ALREADY_SAME": ("该事项此前已有相同结论", "the item had been decided the same way before"),
    "ALREADY_OTHER": ("该事项此前已有不同结论", "the item had been decided otherwise before"),
    "CLOSED": ("该事项已经办结", "the item was closed"),
    "EXPIRED": ("短信审批已过期", "the time for an answer by SMS was over"),
    "CHANGED": (
        "编号已作废（内容变更、撤回、撤销或换号）",
        "the code was void: changed, withdrawn, undone or replaced",
    ),
    "UNKNOWN_CODE": ("编号不在该人的待批事项中", "the code is none of this phone's"),
    "LOCKED": ("编号多次有误，短信审批已暂停", "SMS approval was off for this phone after wrong codes"),
    "ASKED": (
        "无法确定所指事项，已请其写明编号",
        "it could not be told which item was meant; the person was asked",
    ),
    "CONTRADICTORY": ("回复前后矛盾", "the reply said yes and no"),
    "UNCLEAR": ("未能识别回复", "the reply could not be understood"),
    "COURTESY": ("仅为客套语，不作为意见", "courtesy only, no decision"),
    "NOTHING_OPEN": ("没有可用短信办理的事项", "nothing was open for this phone"),
    "NOT_BY_SMS": ("该事项不宜短信办理", "the item cannot be decided by SMS"),
    "STALE": ("回复早于请求发出", "the reply was given before the question was sent"),
    "LIST": ("查询待办", "the person asked for the list"),
    "DETAIL": ("查询详情", "the person asked for details"),
    "HELP": ("查询帮助", "the person asked for help"),
    "STOPPED": ("要求停止短信", "the person wants no more SMS"),
    "RESUMED": ("要求恢复短信", "the person wants SMS again"),
    "AUTO": ("手机自动回复，已忽略", "an automatic reply; ignored"),
    "UNBOUND": ("号码未绑定任何在岗人员", "the number is bound to nobody"),
    "DUPLICATE": ("一分钟内重复的短信", "the same text within a minute; one effect only"),
    "PART_LOST": ("长短信的其余部分未到", "the other parts of a long SMS never came"),
    "UNDECODABLE": ("短信无法解码，已隔离保存", "the PDU could not be decoded and is kept in quarantine"),
}

#: the rule or refusal a reason begins with → (Chinese, English); the longest match wins
REASONS: dict[str, tuple[str, str]] = {
    "C1(b)": ("编号对应唯一的请求", "the printed code names the one request"),
    "C1(c)": ("无编号的答复只在唯一且以“回Y”形式发出的请求上有效", "a bare answer counts only for the one question that was printed as “answer Y”"),
    "C3": ("内容变更后旧编号作废", "changed content makes old codes void"),
    "C7": ("同一事项只办理一次", "one item is decided once"),
    "C9": ("以短信中心时间判断是否在有效期内", "the service centre's time shows whether it was in time"),
    "C10": ("生效前可撤回", "a decision may be taken back within its hold"),
    "C12": ("服务用语", "a service word"),
    "G14": ("该类事项不接受附条件的同意", "this type takes no conditions"),
    "R1": ("只接受已绑定号码", "only bound numbers count"),
    "R2": ("没有编号时须只有一件待批", "without a code there must be exactly one open item"),
    "R3": ("逐个编号处理", "each code is handled alone"),
    "R4": ("客套语不是意见", "courtesy is no decision"),
    "R5": ("未能识别则不作处理", "what is not understood does nothing"),
    "R6": ("重复或早于请求的短信不作处理", "repeated or too early SMS do nothing"),
    "R7": ("已有本人结论", "the person's own decision stands"),
    "S1": ("多次编号有误后的保护", "protection after wrong codes"),
    "S7": ("该类事项不宜短信办理", "the type is not decided by SMS"),
    "core: already_decided": ("其他人或其他渠道先办理了", "somebody else, or another channel, was first"),
    "core: changed": ("发出请求后内容已变更", "the content was changed after the question"),
    "core: closed": ("请求已关闭", "the request was closed"),
    "core: hold_over": ("撤回时限已过", "the hold was over"),
    "core: already_undone": ("此前已撤回", "it had been taken back before"),
    "core: not_yours": ("该事项已转由他人办理", "the task is somebody else's now"),
    "only parts": ("等待其余部分超时", "waiting for the other parts timed out"),
    "another message": ("同一编号的另一条长短信已开始", "another long SMS took the same reference"),
    "fault of ours": ("系统故障", "a fault of ours"),
}  # fmt: skip

LIMIT = ("已达到答复上限，未回复", "the limit of answers was reached, so none was sent")


def plain_outcome(outcome: str) -> tuple[str, str]:
    return OUTCOMES.get(outcome, (outcome, outcome))


def plain_reason(reason: str) -> tuple[str, str]:
    """The reason as it is stored, in words; itself where there are none."""
    known = max((start for start in REASONS if reason.startswith(start)), key=len, default=None)
    chinese, english = REASONS[known] if known else (reason, reason)
    if reason.endswith("limit reached"):
        return f"{chinese}；{LIMIT[0]}", f"{english}; {LIMIT[1]}"
    return chinese, english

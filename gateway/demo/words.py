"""The page's words in Chinese and English, key by key; a missing one is a KeyError in the tests, not a gap on the page."""

from __future__ import annotations

LANGUAGES = ("zh", "en")

WORDS: dict[str, tuple[str, str]] = {
    "title": ("批示 · 演示", "Pishi · demonstration"),
    "tagline": ("领导回一条短信，事项即决定。", "A leader answers one SMS, and the item is decided."),
    "skip": ("跳到手机", "Skip to the handset"),
    "language": ("English", "中文"),
    "step1": ("业务系统提出审批", "A system asks for an approval"),
    "step2": ("领导的手机", "The leader's handset"),
    "step3": ("过程与凭证", "The trail and its proof"),
    "what": ("事项", "What"),
    "summary": ("说明", "Details"),
    "applicant": ("申请人", "Applicant"),
    "approvers": ("审批人（账号，逗号分隔）", "Approvers (accounts, separated by commas)"),
    "mode": ("方式", "Mode"),
    "mode.any": ("或签：一人决定", "any: the first decides"),
    "mode.all": ("会签：全部同意", "all: everybody approves"),
    "mode.sequence": ("依次", "sequence: one after the other"),
    "mode.vote": ("票签：过半数", "vote: more than half"),
    "hold": ("保留期（秒）：期内可撤回", "Hold (seconds): can be undone meanwhile"),
    "on_reject": ("不同意时", "A no"),
    "on_reject.reject": ("未通过，结束", "ends it"),
    "on_reject.return": ("退回申请人", "returns it to the applicant"),
    "bad_hold": (
        "保留期请填整数秒，例如 15；留空用默认值。",
        "The hold is a whole number of seconds, such as 15; leave it empty for the default.",
    ),
    "about1": (
        "由“请假系统”经公开接口提交，持有自己的密钥。",
        "Submitted by the “leave system” through the public interface, with a key of its own.",
    ),
    "about2": (
        "真的短信：经 AT 指令的调制解调器收发；任何手机都可回复。",
        "Real SMS: through a modem driven by AT commands; any phone can answer.",
    ),
    "about3": (
        "谁、何时、对哪一版内容、经何渠道决定，事后可证。",
        "Who decided, when, on which content and through which channel: provable afterwards.",
    ),
    "api": ("接口文档", "Interface document"),
    "seconds_left": ("秒后生效", "s until it takes effect"),
    "submit": ("提交审批并发短信", "Submit and send the SMS"),
    "latest": ("最近提交", "Latest requests"),
    "none_yet": (
        "还没有提交。填好上面的表，点“提交”。",
        "Nothing submitted yet. Fill in the form above and submit.",
    ),
    "handset": ("选择手机", "Whose handset"),
    "show": ("打开", "Open"),
    "empty_phone": (
        "这部手机还没有短信。请以这位领导为审批人提交一件。",
        "No SMS on this handset yet. Submit a request with this leader as approver.",
    ),
    "reply": ("回复短信", "Reply by SMS"),
    "send": ("发送", "Send"),
    "try": ("试试这些回复", "Try these replies"),
    "in_the_air": ("发送中…", "on its way…"),
    "received": ("已送达系统", "reached the office"),
    "sent": ("已发出", "sent"),
    "delivered": ("已送达", "delivered"),
    "unknown": ("是否送达未知", "hand-over unknown"),
    "failed": ("发送失败", "failed"),
    "queued": ("排队", "queued"),
    "leased": ("正在发送", "being sent"),
    "dead": ("未能发送", "could not be sent"),
    "expired_sms": ("过期未发", "too late to send"),
    "pick": (
        "从左边选一件，或先提交一件，这里就会出现它的经过。",
        "Choose a request on the left, or submit one: its course appears here.",
    ),
    "held_until": ("保留至", "In hold until"),
    "revision": ("内容版本", "Revision"),
    "content_hash": ("内容指纹", "Content hash"),
    "asked": ("审批人", "Asked"),
    "decisions": ("决定", "Decisions"),
    "no_decision": ("尚无决定", "No decision yet"),
    "course": ("经过（每条链接前一条）", "Course (each entry is linked to the one before)"),
    "callbacks": ("回调业务系统", "Callbacks to the asking system"),
    "no_callback": ("决定生效后发出", "Leaves when the decision is in effect"),
    "verified_by_system": (
        "业务系统已收到，签名核对无误",
        "received by the asking system, signature verified",
    ),
    "attempts": ("次尝试", "attempts"),
    "verify": ("核对全部凭证", "Verify the whole trail"),
    "verify_ok": (
        "核对完毕，没有发现任何改动。",
        "Verified: nothing was changed, is missing or out of order.",
    ),
    "verify_bad": ("发现问题：", "Problems found:"),
    "entries": ("条记录", "entries"),
    "leaves": ("条已入日志", "in the log"),
    "log_place": ("日志第", "log no. "),
    "checkpoint": ("最近签名的检查点", "Latest signed checkpoint"),
    "change": ("修改内容", "Change the content"),
    "new_title": ("新的事项", "New wording"),
    "withdraw": ("撤回", "Withdraw"),
    "refused": ("没有办成：", "That did not work: "),
    "no_modem": ("演示手机只在 --modem virtual 下可用。", "The demo handsets need --modem virtual."),
    "demo_note": (
        "这是演示：号码 +86 129… 不存在，保留期 15 秒，连续回复 Y 之间不设间隔（正式环境为 2 小时）；一分钟内重复同一短信只算一次。",
        "A demonstration: numbers +86 129… do not exist, the hold is 15 s, no rest between bare replies (2 h in production); the same SMS again within a minute counts once.",
    ),
    "state.pending": ("待批", "pending"),
    "state.approved": ("已同意", "approved"),
    "state.rejected": ("未通过", "rejected"),
    "state.returned": ("已退回", "returned"),
    "state.withdrawn": ("已撤回", "withdrawn"),
    "state.expired": ("已过期", "expired"),
    "state.cancelled": ("已取消", "cancelled"),
    "task.waiting": ("未到", "not yet"),
    "task.open": ("待批", "open"),
    "task.decided": ("已决定", "decided"),
    "task.over": ("他人已决定", "decided by another"),
    "task.void": ("作废", "void"),
    "decision.held": ("保留中，可撤回", "in hold, can be undone"),
    "decision.effective": ("已生效", "in effect"),
    "decision.undone": ("已撤回", "undone"),
    "decision.superseded": ("被取代", "superseded"),
    "verdict.approve": ("同意", "approve"),
    "verdict.reject": ("不同意", "reject"),
    "verdict.return": ("退回", "return"),
    "verb.submitted": ("提交", "submitted"),
    "verb.decided": ("决定", "decided"),
    "verb.undone": ("撤回决定", "undone"),
    "verb.effective": ("生效", "took effect"),
    "verb.superseded": ("被取代", "superseded"),
    "verb.revised": ("修改内容", "content changed"),
    "verb.withdrawn": ("撤回申请", "withdrawn"),
    "verb.expired": ("过期", "expired"),
    "verb.overdue": ("超过期限", "overdue"),
    "verb.remarked": ("留言", "remarked"),
}


class Words:
    """`words("submit")`: the page's word in its language; `words.maybe(key, other)` where the key comes from data."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._at = LANGUAGES.index(self.language)

    def __call__(self, key: str) -> str:
        return WORDS[key][self._at]

    def maybe(self, key: str, other: str) -> str:
        return WORDS[key][self._at] if key in WORDS else other


def language_of(chosen: str | None, accepted: str) -> str:
    """What the address says, else the browser's first known language, else Chinese."""
    if chosen in LANGUAGES:
        return str(chosen)
    for part in accepted.lower().split(","):
        tag = part.split(";")[0].strip().split("-")[0]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]

"""The page's words in Chinese and English, key by key; a missing one is a KeyError in the tests, not a gap on the page."""

from __future__ import annotations

from datetime import datetime

from approval_core.clock import OFFICE_ZONE

LANGUAGES = ("zh", "en")

WORDS: dict[str, tuple[str, str]] = {
    "title": ("批示 · 演示", "Pishi · demonstration"),
    "tagline": ("领导回一条短信，事项即决定。", "A leader answers one SMS, and the item is decided."),
    "skip": ("跳到手机", "Skip to the handset"),
    "parts": ("页面各部分", "Parts of the page"),
    "nav1": ("提交", "Ask"),
    "nav2": ("手机", "Handset"),
    "nav3": ("过程", "Trail"),
    "list_comma": ("、", ", "),
    "language": ("English", "中文"),
    "step1": ("业务系统提出审批", "A system asks for an approval"),
    "step2": ("领导的手机", "The leader's handset"),
    "step3": ("过程与凭证", "The trail and its proof"),
    "what": ("事项", "What"),
    "summary": ("说明", "Details"),
    "applicant": ("申请人（账号或姓名）", "Applicant (account or name)"),
    "approvers": ("审批人（账号，多人用逗号分隔）", "Approvers (accounts, separated by commas)"),
    "mode": ("方式", "Mode"),
    "mode.any": ("或签：一人决定", "any: the first decides"),
    "mode.all": ("会签：全部同意", "all: everybody approves"),
    "mode.sequence": ("依次", "sequence: one after the other"),
    "mode.vote": ("票签：过半数", "vote: more than half"),
    "hold": ("保留期（秒）：期内可撤回", "Hold (seconds): can be undone meanwhile"),
    "on_reject": ("不同意时", "A no"),
    "on_reject.reject": ("未通过，结束", "ends it"),
    "on_reject.return": ("退回申请人", "returns it to the applicant"),
    "sign_in": (
        "个人接口 /api/v1 可登录试用：账号和本次运行的密码印在终端里。",
        "The person's API /api/v1 can be tried too: accounts and the password of this run stand in the terminal.",
    ),
    "person_api": ("个人接口文档", "Document of the person's API"),
    "about1": (
        "您扮演“请假系统”：填表提交，领导立刻收到一条审批短信。真实系统走的是同一个接口。",
        "You play the “leave system”: submit, and the leader gets an SMS at once. Real systems use the same interface.",
    ),
    "about2": (
        "您扮演领导：回 Y 同意，回 N 不同意，回错了可回 X 撤回。短信经 AT 指令的调制解调器收发。",
        "You play the leader: Y is yes, N is no, X takes a slip back. Every SMS passes a modem driven by AT commands.",
    ),
    "about3": (
        "看它办成：先记录，保留期满生效，再签名回告业务系统。谁、何时、对哪一版、经何渠道，事后可证。",
        "Watch it: recorded, in effect when the hold ends, then reported with a signature. Who, when, on which wording: provable.",
    ),
    "api": ("接口文档（OpenAPI）", "Interface document (OpenAPI)"),
    "seconds_left": ("秒后生效，期内领导可回 X 撤回", "s until it takes effect; till then X takes it back"),
    "submit": ("提交审批并发短信", "Submit and send the SMS"),
    "latest": ("最近提交", "Latest requests"),
    "none_yet": (
        "还没有提交。填好上面的表，点“提交”。",
        "Nothing submitted yet. Fill in the form above and submit.",
    ),
    "handset": ("换一部手机（姓名、职务或账号）", "Another handset (name, post or account)"),
    "handset_example": ("共 {count} 部，如 hy00009", "{count} in all, e.g. hy00009"),
    "no_handset": (
        "没有“{who}”的手机，请换一个姓名、职务或账号。",
        "There is no handset for “{who}”: try another name, post or account.",
    ),
    "several_handsets": (
        "“{who}”有 {count} 部手机，请选一部，或写得更具体（至多列出 {most} 部）：",
        "“{who}” fits {count} handsets (at most {most} are shown). Choose one, or say more:",
    ),
    "nobody": (
        "还没有人员和手机：请先运行 pishi seed，再刷新本页。",
        "There are no people and no handsets yet: run pishi seed, then reload this page.",
    ),
    "conversation": ("短信往来", "Conversation"),
    "show": ("打开", "Open"),
    "empty_phone": (
        "这部手机还没有短信。请以这位领导为审批人提交一件。",
        "No SMS on this handset yet. Submit a request with this leader as approver.",
    ),
    "reply": ("回复短信", "Reply by SMS"),
    "send": ("发送", "Send"),
    "try": ("点一下填入，再发送", "Press one to fill it in, then send"),
    "two_open": (
        "有 {count} 件待批：只回 Y 会被反问是哪一件。请带编号，或一次写几个编号。",
        "{count} items are open: a Y alone is asked “which?”. Name the code, or several codes at once.",
    ),
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
        "在第 1 步选一件，或先提交一件，这里就会出现它的经过。",
        "Choose a request in step 1, or submit one: its course appears here.",
    ),
    "ref": ("系统编号", "Reference"),
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
    "forged": (
        "拒绝了 {count} 个签名不符的回调（HTTP 401），没有采信。",
        "Callbacks refused because their signature is not ours (HTTP 401): {count}. Not genuine, not believed.",
    ),
    "attempts": ("次尝试", "attempts"),
    "verify": ("核对全部凭证", "Verify the whole trail"),
    "verify_ok": (
        "核对完毕（{time}），没有发现任何改动、缺失或错序：",
        "Verified at {time}: nothing was changed, is missing or out of order:",
    ),
    "verify_bad": ("发现问题：", "Problems found:"),
    "entries": ("条记录", "entries"),
    "leaves": ("条已入日志", "in the log"),
    "log_place": ("日志第", "log no. "),
    "checkpoint": ("最近签名的检查点", "Latest signed checkpoint"),
    "acts": ("业务系统还可以", "The asking system may also"),
    "acts_held": (
        "决定在保留期内，内容不能改，也不能撤回：请等保留期满，或由领导回 X。",
        "A decision is in hold, so nothing can be changed or withdrawn: wait for its end, or let the leader answer X.",
    ),
    "change": ("修改内容", "Change the content"),
    "new_title": ("新的事项", "New wording"),
    "withdraw": ("撤回申请", "Withdraw"),
    "refused": ("没有办成：", "That did not work: "),
    "refused.unknown_approver": (
        "没有这个审批人：{accounts}。请填在职人员的账号，如 hy00009。",
        "there is no such approver: {accounts}. Give accounts of people in office, such as hy00009.",
    ),
    "refused.twice": ("同一个审批人写了两遍，请删去一个。", "an approver is named twice; remove one."),
    "refused.hold": (
        "保留期请填 0 到 2592000 的整数秒，例如 15；留空用默认值。",
        "the hold is a whole number of seconds from 0 to 2592000, such as 15; empty means the default.",
    ),
    "refused.title": ("事项请填 1 到 200 个字。", "say in 1 to 200 characters what is asked."),
    "refused.summary": ("说明太长，最多 10000 个字。", "the details are too long, 10000 characters at most."),
    "refused.applicant": (
        "申请人请填账号或姓名，最多 100 个字。",
        "name the applicant by account or name, 100 characters at most.",
    ),
    "refused.approvers": (
        "请至少填一个审批人的账号，如 hy00009，最多 200 人。",
        "name at least one approver by account, such as hy00009, and 200 at most.",
    ),
    "refused.held": (
        "决定在保留期内（到 {until}）：请等保留期满，或由领导回 X 撤回后再办。",
        "a decision is in hold until {until}: wait for its end, or let the leader take it back with X.",
    ),
    "refused.closed": (
        "此件{state}，不能再改。如仍需要，请重新提交一件。",
        "it is {state} already. Submit a new one instead.",
    ),
    "refused.no_approval": (
        "没有编号为 {ref} 的事项，请从“最近提交”中选。",
        "there is no request {ref}: choose one of the latest.",
    ),
    "no_phone": ("没有手机，不发短信", "no phone, no SMS"),
    "reload": ("刷新", "Reload"),
    "no_script": ("没有启用脚本，页面不会自动更新。", "Without a script this page does not update itself."),
    "offline": (
        "与服务器的连接断了，正在重连。如已停止，请重新运行 make run。",
        "The connection to the server is lost; trying again. If it was stopped, run make run again.",
    ),
    "no_modem": (
        "演示手机要用虚拟调制解调器：请以 --modem virtual 重新启动。",
        "The demo handsets need our virtual modem: start again with --modem virtual.",
    ),
    "demo_note": (
        "这是演示：号码 +86 129… 不存在，保留期 {hold} 秒，连续回复 Y 之间不设间隔（正式环境为 2 小时）；一分钟内重复同一短信只算一次。",
        "A demonstration: numbers +86 129… do not exist, the hold is {hold} s, no rest between bare replies (2 h in production); the same SMS again within a minute counts once.",
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
    "channel.sms": ("短信", "by SMS"),
    "channel.app": ("手机端", "in the app"),
    "channel.web": ("网页", "on the web"),
    "channel.system": ("系统", "by a system"),
    "level": ("保证等级 AL{level}", "assurance AL{level}"),
    "evidence": ("凭据", "evidence"),
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

    @staticmethod
    def moment(moment: datetime, now: datetime) -> str:
        """The office's wall clock; the day only where it is not today."""
        there, here = moment.astimezone(OFFICE_ZONE), now.astimezone(OFFICE_ZONE)
        return there.strftime("%H:%M:%S" if there.date() == here.date() else "%m-%d %H:%M:%S")

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

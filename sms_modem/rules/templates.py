"""T01–T32: our texts without the signature that always stands before them. The reader's page is docs/protocol/wording.md."""

from __future__ import annotations

from dataclasses import dataclass

#: UTF-16 code units: one SMS alone, and each part of a longer one.
SINGLE = 70
SPLIT = 67


@dataclass(frozen=True, slots=True)
class Template:
    """`shorten` names the fields that may lose their end, the first group before the second one."""

    text: str
    shorten: tuple[tuple[str, ...], ...] = ()


_WHAT = (("what",), ("who",))

TEMPLATES: dict[str, Template] = {
    "T01": Template("{who}{what}。同意回Y,不同意回N,编号{code}", _WHAT),
    "T02": Template("{who}{what}(共{n}件待批)。同意回Y{code},不同意回N{code}", _WHAT),
    "T02 alone": Template("{who}{what}。同意回Y{code},不同意回N{code}", _WHAT),
    "T03": Template("特急:{who}{what},请{due}前回复。同意回Y,不同意回N,编号{code}", _WHAT),
    "T03 coded": Template("特急:{who}{what},请{due}前回复。同意回Y{code},不同意回N{code}", _WHAT),
    "T04": Template("催办:{who}{what}已等{hours}小时。同意回Y{code},不同意回N{code}", _WHAT),
    "T05": Template('请阅:{title}。已阅请回"已阅{code}",全文见OA', (("title",),)),
    "T06": Template("已记录:同意 {what}({code})。有误请{hold}内回X{code}", _WHAT),
    "T06 final": Template("已记录:同意 {what}({code})", _WHAT),
    "T07": Template("已记录:不同意 {what}({code}),{effect}", (("what",), ("effect",))),
    "T08": Template("您的{what}{result}({approver},{time})。{comment}", (("what", "comment"), ("approver",))),
    "T09": Template("您有{n}件待批:{list}。请回Y或N加编号,如Y{code}"),
    "T09X": Template("您有{n}件可撤回:{list}。请回X加编号,如X{code}"),
    "T10": Template("编号{code}短信审批已过期,本次回复未生效,请登录OA处理"),
    "T11": Template("编号{code}已{why},本次回复未生效", (("why",),)),
    "T12": Template("编号{code}已于{time}由{who}{result},本次回复未改变结果", (("who",),)),
    "T12X": Template("编号{code}已于{time}由您{result},本次回复未改变结果,要撤回请回X{code}"),
    "T13": Template("回复前后矛盾,未作处理。同意只回Y{code},不同意只回N{code}"),
    "T14": Template("未能识别您的回复,未作处理。同意回Y{code},不同意回N{code}"),
    "T15": Template("已收到回复,但不作为审批意见。同意回Y{code},不同意回N{code}"),
    "T16": Template('编号{code}不在您的待批事项中,未作处理。回"待办"可查看'),
    "T17": Template("您目前没有可用短信审批的事项,本次回复未作处理"),
    "T18": Template("编号多次有误,短信审批暂停1小时,请登录OA或手机端处理"),
    "T19": Template("您有1件待办({kind})不宜短信办理,请登录OA或手机端处理", (("kind",),)),
    "T20": Template("回复已收到但尚未生效,系统处理后另行通知,请勿重复发送"),
    "T22": Template('同意回Y,不同意回N,多件时Y后加编号,意见写在后面。回"待办"查看'),
    "T23": Template("待批{n}件:{list}。回Y或N加编号"),
    "T24": Template("已停止向本号发送审批短信,待办仍在OA。恢复请回KT"),
    "T25": Template("{leader}自{start}至{end}委托您代批,短信回复记录为您代{leader}审批", (("leader",),)),
    "T26": Template("验证码{otp},10分钟内有效,用于绑定审批手机,请勿告诉他人"),
    "T27": Template("已撤回对{what}的答复,事项仍待您处理。同意回Y{code},不同意回N{code}", _WHAT),
    "T29": Template("已绑定新手机{model},非本人操作请即致电信息中心", (("model",),)),
    "T30": Template("已恢复接收审批短信"),
    "T31": Template(
        "{leader}的待办已等{hours}小时:{what}。请提醒本人办理,他人不能代批", (("what",), ("leader",))
    ),
    "T32": Template("告警:{says}({what})。请登录OA查看", (("what",), ("says",))),
}

"""The shape of the demo bureau: which units there are, how many people each has, who leads what."""

from __future__ import annotations

from dataclasses import dataclass

BUREAU = "9900"
BUREAU_NAME = "海屿市税务局"
LEADERSHIP = "990000"


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    name: str
    short: str
    kind: str
    parent: str | None
    level: int
    sort: int


@dataclass(frozen=True, slots=True)
class Division:
    """A unit of the second level with all it holds."""

    code: str
    short: str
    kind: str
    people: int
    title: str  #: of its head; the deputies are 副 + title
    deputies: int
    sections: tuple[str, ...]
    offices: tuple[str, ...] = ()

    @property
    def parts(self) -> list[tuple[str, str, str]]:
        """(code, name, kind) of sections, then of tax offices."""
        named = [(name, "section") for name in self.sections] + [(name, "office") for name in self.offices]
        return [(f"{self.code}{place:02d}", name, kind) for place, (name, kind) in enumerate(named, 1)]


LEADERS: tuple[tuple[str, str, bool], ...] = (  # (post, rank, is a deputy)
    ("局长", "R1", False),
    ("副局长", "R2", True),
    ("副局长", "R2", True),
    ("副局长", "R2", True),
    ("副局长", "R2", True),
    ("纪检组长", "R2", False),
    ("总经济师", "R2", False),
    ("总会计师", "R2", False),
)

_INTERNAL: tuple[tuple[str, int, str, int, str], ...] = (  # (name, people, head, deputies, sections)
    ("办公室", 28, "主任", 3, "秘书科 综合科 文书科 督查科 档案科"),
    ("政策法规处", 16, "处长", 2, "综合科 法规科 复议应诉科"),
    ("货物和劳务税处", 18, "处长", 2, "综合科 增值税科 消费税科"),
    ("所得税处", 18, "处长", 2, "综合科 企业所得税科 个人所得税科"),
    ("收入核算处", 18, "处长", 2, "综合科 计划科 会统科"),
    ("纳税服务处", 22, "处长", 2, "综合科 办税服务科 咨询宣传科 权益保护科"),
    ("征收管理处", 20, "处长", 2, "综合科 征管科 税源监控科 发票管理科"),
    ("国际税务处", 14, "处长", 2, "综合科 反避税科"),
    ("进出口税处", 20, "处长", 2, "综合科 审核科 预警科 函调科"),
    ("财务管理处", 18, "处长", 2, "综合科 经费科 资产科"),
    ("督察内审处", 14, "处长", 2, "督察科 审计科"),
    ("人事处", 22, "处长", 2, "综合科 干部科 工资福利科 机构编制科"),
    ("教育处", 14, "处长", 2, "综合科 培训科"),
    ("监察室", 16, "主任", 2, "综合科 案件科 信访科"),
    ("机关党委", 14, "书记", 2, "组织科 宣传科"),
    ("大企业处", 20, "处长", 2, "综合科 服务科 审计科 风险科"),
)
_DIRECT: tuple[tuple[str, int, str, int, str], ...] = (
    (
        "稽查局",
        160,
        "局长",
        3,
        "综合科 选案一科 选案二科 检查一科 检查二科 检查三科 检查四科 审理一科 审理二科 执行科 举报科 案件管理科",
    ),
    ("车购税分局", 60, "局长", 2, "综合科 征收一科 征收二科 档案科"),
    ("进出口分局", 60, "局长", 2, "综合科 审核一科 审核二科 管理科"),
    ("重点税源分局", 40, "局长", 2, "综合科 管理一科 管理二科"),
)
_INSTITUTIONS: tuple[tuple[str, int, str, int, str], ...] = (
    ("信息中心", 60, "主任", 2, "综合科 网络科 应用科 数据科"),
    ("机关服务中心", 50, "主任", 2, "综合科 物业科 车辆科 膳食科"),
    ("税科所", 20, "所长", 2, "综合科 研究科"),
    ("培训中心", 20, "主任", 2, "教务科 后勤科"),
    ("票证中心", 30, "主任", 2, "综合科 票证科 库房科"),
)
_BRANCHES: tuple[tuple[str, int, int, int], ...] = (  # (name, people, deputies, tax offices)
    ("望潮分局", 320, 5, 8),
    ("听涛分局", 300, 5, 7),
    ("云帆分局", 290, 5, 7),
    ("金沙分局", 260, 4, 6),
    ("灯塔分局", 250, 4, 5),
    ("白鹭分局", 230, 4, 5),
    ("长堤分局", 210, 4, 4),
    ("星屿分局", 190, 4, 4),
    ("月湾分局", 150, 3, 3),
)
_BRANCH_SECTIONS = (
    "办公室",
    "法规科",
    "税政一科",
    "税政二科",
    "征收管理科",
    "纳税服务科",
    "收入核算科",
    "税源管理科",
    "人事教育科",
    "监察科",
    "财务管理科",
    "信息技术科",
)
_NUMERALS = "一二三四五六七八"


def divisions() -> list[Division]:
    found = [
        Division(f"{BUREAU}{first + place:02d}", name, kind, people, title, deputies, tuple(sections.split()))
        for first, kind, rows in (
            (1, "internal", _INTERNAL),
            (21, "direct", _DIRECT),
            (31, "institution", _INSTITUTIONS),
        )
        for place, (name, people, title, deputies, sections) in enumerate(rows)
    ]
    for place, (name, people, deputies, offices) in enumerate(_BRANCHES):
        named = tuple(f"第{_NUMERALS[number]}税务所" for number in range(offices))
        found.append(
            Division(
                f"{BUREAU}{41 + place}", name, "branch", people, "局长", deputies, _BRANCH_SECTIONS, named
            )
        )
    return found


def units() -> list[Unit]:
    """All units, parents before their children."""
    found = [
        Unit(BUREAU, BUREAU_NAME, "市局", "bureau", None, 1, 0),
        Unit(LEADERSHIP, f"{BUREAU_NAME}局领导", "局领导", "leadership", BUREAU, 2, 0),
    ]
    halls = divisions()
    for sort, hall in enumerate(halls, 1):
        found.append(Unit(hall.code, BUREAU_NAME + hall.short, hall.short, hall.kind, BUREAU, 2, sort))
    for hall in halls:
        for sort, (code, name, kind) in enumerate(hall.parts, 1):
            found.append(
                Unit(code, BUREAU_NAME + hall.short + name, hall.short + name, kind, hall.code, 3, sort)
            )
    return found


#: Nobody has the head's post, and a deputy acts: three divisions, three sections.
ACTING = ("990011", "990016", "990033", "99004103", "99004105", "99003102")
#: Nobody has the head's post and nobody acts: two divisions with deputies, a tax office without (its branch answers).
VACANT = ("990013", "990034", "99004915")
#: A deputy head of the department is also the chief of this section.
ALSO_CHIEF = ("99000302", "99000602", "99000702")
#: Divisions with a 调研员 of the head's rank.
COUNSELLORS = ("990001", "990012", "990007")
#: Where R8 (工勤, 聘用, 借用) work, of 860.
OTHERS = {"internal": 20, "direct": 40, "institution": 60, "branch": 740}
ESTABLISHED_OF_3000 = 2140

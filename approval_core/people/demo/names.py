"""Invented names: surnames by frequency, one or two given characters, and the ones that break careless programs."""

from __future__ import annotations

from random import Random

_SURNAMES = (
    ("李王张", 72),
    ("刘陈", 50),
    ("杨赵黄周吴", 24),
    ("徐孙胡朱高林何郭马罗", 13),
    ("梁宋郑谢韩唐冯于董萧", 8),
    ("程曹袁邓许傅沈曾彭吕", 6),
    ("苏卢蒋蔡贾丁魏薛叶阎", 5),
    ("余潘杜戴夏钟汪田任姜", 4),
    ("范方石姚谭廖邹熊金陆", 3),
    ("郝孔白崔康毛邱秦江史", 3),
    ("顾侯邵孟龙万段雷钱汤", 2),
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文辉力海燕鹏飞云龙志新春梅"
    "林雪松立波斌宇浩然子轩雨欣怡佳琪晨阳思远俊逸瑞雯婷倩凯旋东升光亮荣贵福康健民安宁清泉"
)
_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "皇甫", "尉迟", "令狐", "慕容", "司徒", "夏侯")
_DOTTED = ("阿依古丽·买买提", "迪丽拜尔·吐尔逊", "巴特尔·那森", "热依汗·艾则孜", "尼玛·次仁多吉")
_BEYOND_BMP = ("王𠮷", "李𠮷明", "张晓𠮷", "陈𠮷", "林𠮷安")
_RARE = ("周喆", "吴堃", "孙喆明", "郭文堃", "高喆宁")
#: The leaders and the first heads keep plain names: stories and flow tests are told with them.
PLAIN = 20


def names(count: int, random: Random) -> list[str]:
    letters = [letter for group, _ in _SURNAMES for letter in group]
    weights = [weight for group, weight in _SURNAMES for _ in group]
    found = []
    for surname in random.choices(letters, weights, k=count):
        given = 1 if random.random() < 0.3 else 2
        found.append(surname + "".join(random.sample(_GIVEN, given)))
    special = [surname + random.choice(_GIVEN) for surname in _COMPOUND]
    special += [*_DOTTED, *_BEYOND_BMP, *_RARE]
    for place, name in zip(random.sample(range(PLAIN, count), len(special)), special, strict=True):
        found[place] = name
    return found

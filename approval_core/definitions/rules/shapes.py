"""The small parts of a document: texts in two languages, form fields, options, constraints between steps."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from approval_core.definitions.rules.saying import flaw

Right = Literal["hidden", "read", "write", "required"]
SmsMode = Literal["none", "notify", "approve"]
Place = Literal["list", "push", "sms"]
FieldType = Literal[
    "string",
    "text",
    "integer",
    "decimal",
    "money",
    "boolean",
    "date",
    "datetime",
    "choice",
    "person",
    "unit",
    "file",
]

#: types whose min and max are numbers, dates and nothing
NUMBERS = frozenset({"integer", "decimal", "money"})
DAYS = frozenset({"date", "datetime"})
WRITTEN = frozenset({"string", "text"})

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}\z")]
Text200 = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
WorkingHours = Annotated[int, Field(ge=1, le=2000)]


class Strict(BaseModel):
    """Unknown keys and values of another type are refused; nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Words(Strict):
    """One text in Chinese and in English."""

    zh: Text200
    en: Text200

    def text(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


class Option(Strict):
    value: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    label: Words


def _pattern(text: str) -> str:
    """Only patterns that cannot run away: no repeat of a group, no look-around, no back reference."""
    if re.search(r"\)[*+?{]|\(\?|\\[1-9]", text) or len(re.findall(r"[*+?]|\{", text)) > 8:
        raise flaw(
            "the pattern repeats a group, looks around or refers back", "格式不得重复分组、前后查找或反向引用"
        )
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise flaw("not a pattern", "不是合格的格式") from error
    return text


class FormField(Strict):
    name: Name
    label: Words
    type: FieldType
    required: bool = False
    min: int | Decimal | str | None = None
    max: int | Decimal | str | None = None
    max_length: Annotated[int, Field(ge=1, le=20_000)] | None = None
    pattern: (
        Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_pattern)] | None
    ) = None
    options: Annotated[list[Option], Field(max_length=200)] = Field(default_factory=list)
    many: bool = False  #: person, unit, choice and file: several values
    show: Annotated[list[Place], Field(max_length=3)] = Field(default_factory=list)
    sensitive: bool = False

    @model_validator(mode="after")
    def _fits(self) -> FormField:
        if (self.type == "choice") != bool(self.options):
            raise flaw(
                "options belong to a choice, and a choice has at least one",
                "options 只用于 choice，且至少一项",
            )
        values = [one.value for one in self.options]
        if len(set(values)) < len(values):
            raise flaw("an option stands twice", "选项重复")
        if (self.max_length or self.pattern) and self.type not in WRITTEN:
            raise flaw(
                "max_length and pattern belong to string and text", "max_length、pattern 只用于 string、text"
            )
        if self.many and self.type not in {"person", "unit", "choice", "file"}:
            raise flaw(
                "many belongs to choice, person, unit and file", "many 只用于 choice、person、unit、file"
            )
        self._limits()
        return self

    def _limits(self) -> None:
        limits = [one for one in (self.min, self.max) if one is not None]
        if limits and self.type not in NUMBERS | {"date"}:
            raise flaw(
                "min and max belong to integer, decimal, money and date",
                "min、max 只用于 integer、decimal、money、date",
            )
        for one in limits:
            if self.type == "date":
                if not isinstance(one, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", one):
                    raise flaw("a limit of a date is written 2026-01-31", "日期界限写作 2026-01-31")
            elif isinstance(one, str) or (self.type == "integer" and not isinstance(one, int)):
                raise flaw("a limit of a number is a number of the field's type", "数值界限应为该类型的数")
        if len(limits) == 2 and limits[0] > limits[1]:  # type: ignore[operator]  # both of one type: checked above
            raise flaw("min is greater than max", "min 大于 max")


class FormRule(Strict):
    """What must not be: when the condition holds, the form is refused with the message."""

    when: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    message: Words


class Form(Strict):
    fields: Annotated[list[FormField], Field(max_length=200)] = Field(default_factory=list)
    rules: Annotated[list[FormRule], Field(max_length=50)] = Field(default_factory=list)


class Applicants(Strict):
    """Who may submit; nothing named: everybody."""

    roles: list[Text200] = Field(default_factory=list)
    units: list[Text200] = Field(default_factory=list)
    ranks: list[Annotated[str, StringConstraints(pattern=r"^R[1-8]\z")]] = Field(default_factory=list)


class Separate(Strict):
    """No person (or nobody of the same unit) in two of these steps."""

    steps: Annotated[list[Name], Field(min_length=2, max_length=2)]
    by: Literal["person", "unit"] = "person"


class Duplicates(Strict):
    fields: Annotated[list[Name], Field(min_length=1, max_length=20)]
    within_days: Annotated[int, Field(ge=1, le=3660)]


class Revoke(Strict):
    within_days: Annotated[int, Field(ge=1, le=3660)]


def _money(value: Any) -> Decimal:
    return Decimal(value)


Money = Annotated[int | Decimal, Field(ge=0, le=10**15), AfterValidator(_money)]


class Limits(Strict):
    """Above these amounts: not by SMS, not in a batch."""

    sms: Money | None = None
    batch: Money | None = None

"""Why a file is refused, in both languages; the code is what programs read."""

from __future__ import annotations

from typing import Any

from approval_core.errors import Invalid

FAULTS: dict[str, tuple[str, str]] = {
    "file_empty": ("the file is empty", "文件是空的"),
    "file_too_large": ("a file has at most {most} MB", "单个文件不得超过{most}MB"),
    "file_type": (
        "files of the type {suffix} are not accepted; accepted: {accepted}",
        "不接受{suffix}类型的文件；可用类型：{accepted}",
    ),
    "file_archive": (
        "archives are not accepted, because nobody could see what is inside; attach the files one by one",
        "不接受压缩包（无法看到里面的内容），请逐个上传文件",
    ),
    "file_old_office": (
        "this is an old Office file (.doc, .xls, .ppt) or one with a password; save it as .docx, .xlsx or .pptx without one",
        "旧版Office文件（.doc、.xls、.ppt）或带密码的文件不能上传，请另存为不带密码的.docx、.xlsx或.pptx",
    ),
    "file_disagrees": (
        "the name says {suffix}, but the content is not that: {why}",
        "文件名是{suffix}，但内容不符：{why}",
    ),
    "file_macros": (
        "the file carries macros or active content ({what}); save it without them",
        "文件含有宏或活动内容（{what}），请去除后再上传",
    ),
    "file_encrypted": (
        "the file is protected by a password; remove it first",
        "文件带有密码，请先去除密码",
    ),
    "file_damaged": ("the file is damaged: {why}", "文件已损坏：{why}"),
    "file_unpacks_too_large": (
        "the file unpacks to far more than it may ({why})",
        "文件解压后过大（{why}）",
    ),
    "image_too_large": (
        "the image has {width} × {height} pixels; at most {most} million are accepted",
        "图片为{width}×{height}像素，最多{most}百万像素",
    ),
    "file_infected": (
        "the virus scanner found {found} in the file",
        "病毒扫描发现：{found}",
    ),
}


def fault(code: str, **facts: Any) -> Invalid:
    """The refusal as an error; `zh` in its data is the same sentence in Chinese."""
    english, chinese = FAULTS[code]
    return Invalid(code, english.format(**facts), zh=chinese.format(**facts), **facts)

"""The shape of the tree, rule by rule. A rule reads one file and names its breaches.

The patterns for forbidden words are written so that they do not match themselves: this file is one of those read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.architecture.tree import PRODUCT, Source, sources

FILE_LINES = 400
FUNCTION_LINES = 60
CODE = {".py", ".html", ".js", ".css", ".sh", ".toml", ".ini"}
GENERATED = "migrations/versions/"

NOTES_TO_SELF = re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b")
EMPTY_NAMES = re.compile(r"(?:^|_)(?:manager|helper|util|base)s?(?:$|_)")
NAMED_BY_THE_DESIGN = {"sms_modem/transports/base.py"}
REGISTRIES = re.compile(r"\b(?:pypi|pythonhosted|npmjs|yarnpkg)\.(?:org|com|io)\b")
INDEX_LINES = re.compile(
    r"^\s*(?:-i|--index-url|--extra-index-url|--find-links|--trusted-host)\b|\bfile://", re.M
)
MACHINE_PATHS = re.compile(r"(?<![\w.$}>-])/(?:work|root|home/\w+|opt/pypi|opt/wheels|tmp/pishi)\b/?")
WORKPLACE = re.compile(
    r"\bsub-?[a]gents?\b|\bissues [s]how\b|\bshared/[d]esign\b"
    r"|\b(?:architecture|product|domain|trust|performance|style|sms)[.]md\b",
    re.IGNORECASE,
)

Finding = tuple[int, str]  # line, what is wrong
Rule = Callable[[Source], Iterable[Finding]]


def long_file(source: Source) -> Iterator[Finding]:
    lines = source.text.count("\n")
    if source.path.suffix in CODE and lines > FILE_LINES and not str(source.path).startswith(GENERATED):
        yield lines, f"{lines} lines, at most {FILE_LINES}"


def long_function(source: Source) -> Iterator[Finding]:
    if not source.python or str(source.path).startswith(GENERATED):
        return
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {lines} lines, at most {FUNCTION_LINES}"


def note_to_self(source: Source) -> Iterator[Finding]:
    yield from _matches(NOTES_TO_SELF, source.text)


def empty_file_name(source: Source) -> Iterator[Finding]:
    for part in (*source.path.parts[:-1], source.path.stem):
        if EMPTY_NAMES.search(part.lower()) and str(source.path) not in NAMED_BY_THE_DESIGN:
            yield 1, f"the name {part} says nothing"


def empty_class_name(source: Source) -> Iterator[Finding]:
    if not source.python:
        return
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.ClassDef):
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", node.name).lower()
            if EMPTY_NAMES.search(words):
                yield node.lineno, f"the name {node.name} says nothing"


def silent_package(source: Source) -> Iterator[Finding]:
    if source.product and source.path.name == "__init__.py" and not ast.get_docstring(ast.parse(source.text)):
        yield 1, "a package says what it owns and what it never does"


def future_annotations_in_models(source: Source) -> Iterator[Finding]:
    if source.path.name == "models.py":
        yield from _matches(re.compile(r"^from __future__ import annotations", re.M), source.text)


def registry_host(source: Source) -> Iterator[Finding]:
    yield from _matches(REGISTRIES, source.text)
    if source.path.suffix == ".lock":
        yield from _matches(INDEX_LINES, source.text)


def machine_path(source: Source) -> Iterator[Finding]:
    yield from _matches(MACHINE_PATHS, source.text)


def workplace_word(source: Source) -> Iterator[Finding]:
    yield from _matches(WORKPLACE, source.text)


RULES: tuple[Rule, ...] = (
    long_file,
    long_function,
    note_to_self,
    empty_file_name,
    empty_class_name,
    silent_package,
    future_annotations_in_models,
    registry_host,
    machine_path,
    workplace_word,
)


def breaches(root: Path) -> list[str]:
    """`rule path:line what`, for the whole tree; folders of the product without an __init__.py included."""
    found = []
    seen = list(sources(root))
    for source in seen:
        for rule in RULES:
            found += [f"{rule.__name__} {source.path}:{line} {what}" for line, what in rule(source)]
    names = {str(source.path) for source in seen}
    folders = {source.path.parent for source in seen if source.python and source.path.parts[0] in PRODUCT}
    found += [
        f"folder_without_init {folder}:1 no __init__.py"
        for folder in sorted(folders)
        if f"{folder}/__init__.py" not in names
    ]
    return found


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[Finding]:
    for match in pattern.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group().strip()

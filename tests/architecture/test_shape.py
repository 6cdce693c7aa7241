"""The tree keeps its shape, and each rule of it sees a breach."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.shape import RULES, breaches
from tests.architecture.tree import ROOT, copy_of_the_tree, plant


def bare(text: str) -> str:
    """The tilde keeps a forbidden word apart here, for this file is read as well."""
    return text.replace("~", "")


LONG_BODY = "def a_long_story() -> None:\n" + "    print()\n" * 60

# rule -> (where, what) that breaks it and no other rule
PLANTS: dict[str, list[tuple[str, str]]] = {
    "long_file": [("web/long.py", "a = 1\n" * 401), ("tests/test_long.py", "a = 1\n" * 401)],
    "long_function": [("web/tale.py", LONG_BODY), ("tests/test_tale.py", LONG_BODY)],
    "note_to_self": [("web/later.py", bare("# TO~DO tomorrow\n")), ("docs/later.md", bare("FIX~ME\n"))],
    "empty_file_name": [("web/sms_helpers.py", ""), ("gateway/demo/templates/base.html", "")],
    "empty_class_name": [("web/phones.py", "class PhoneManager:\n    pass\n")],
    "silent_package": [("web/quiet/__init__.py", "")],
    "future_annotations_in_models": [("approval_core/models.py", "from __future__ import annotations\n")],
    "registry_host": [
        ("docs/install.txt", bare("fetched from https://pypi~.org/simple\n")),
        ("other.lock", "--index-url https://example.test\n"),
    ],
    "machine_path": [
        ("deploy/a.service", bare("WorkingDirectory=/wo~rk/main\n")),
        ("b.lock", bare("# -r /opt/~pypi/a\n")),
    ],
    "workplace_word": [("web/why.py", bare("# see architecture~.md\n"))],
    "folder_without_init": [("web/bare/words.py", "a = 1\n")],
}
ALLOWED = {
    "migrations/versions/0999_long.py": LONG_BODY + "a = 1\n" * 400,
    "web/headers.py": "class BaselineHeaders:\n    database = 'the database of the rooms'\n",
    "docs/deploy.txt": bare("the service lives in /srv/pishi, its index page at /systems/v1/wo~rk/\n"),
}


def test_the_tree_keeps_its_shape() -> None:
    assert breaches(ROOT) == []


def test_each_rule_of_shape_sees_its_breach_and_only_that(tmp_path: Path) -> None:
    root = copy_of_the_tree(tmp_path)
    before = set(breaches(root))
    for path, text in [*ALLOWED.items(), *(breach for plants in PLANTS.values() for breach in plants)]:
        plant(root, path, text)

    found = {tuple(line.split(":")[0].split(" ")) for line in set(breaches(root)) - before}

    assert found == {(rule, _named(rule, path)) for rule, plants in PLANTS.items() for path, _ in plants}


def test_no_rule_is_left_unproven() -> None:
    assert {rule.__name__ for rule in RULES} <= PLANTS.keys()


def _named(rule: str, path: str) -> str:
    return path.rpartition("/")[0] if rule == "folder_without_init" else path

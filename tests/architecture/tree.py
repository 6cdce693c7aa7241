"""The project's own files, as git sees them: what is tracked and what is about to be."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("approval_core", "gateway", "mobile_api", "office", "sms_modem", "web")


@dataclass(frozen=True)
class Source:
    path: PurePosixPath
    text: str

    @property
    def python(self) -> bool:
        return self.path.suffix == ".py"

    @property
    def product(self) -> bool:
        return self.path.parts[0] in PRODUCT


def sources(root: Path) -> Iterator[Source]:
    """Every text file of the tree that git tracks or would track."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in sorted(filter(None, set(listed.split("\0")))):
        file = root / name
        content = file.read_bytes() if file.is_file() else b"\0"
        if b"\0" not in content:
            yield Source(PurePosixPath(name), content.decode())


def copy_of_the_tree(destination: Path) -> Path:
    """A second tree with the same files, in which a test may plant a breach."""
    for source in sources(ROOT):
        target = destination / source.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source.path, target)
    subprocess.run(["git", "init", "--quiet", str(destination)], check=True)
    return destination


def plant(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")

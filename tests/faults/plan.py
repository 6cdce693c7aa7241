"""A planted fault: a rule of the office switched off in one place, and the test that has to notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CORE = "tests/approval_core"
APPROVALS = f"{CORE}/approvals"


@dataclass(frozen=True)
class Fault:
    row: str  #: F01 … F48
    file: str
    old: str  #: stands exactly once in the file
    new: str
    test: str  #: `file::test`

    @property
    def name(self) -> str:
        return f"{self.row} {self.file}: {' '.join(self.old.split())[:60]}"

    def misplaced(self, root: Path) -> str | None:
        """Why it cannot be planted any more."""
        found = (
            (root / self.file).read_text(encoding="utf-8").count(self.old)
            if (root / self.file).exists()
            else 0
        )
        if found != 1:
            return f"{self.name}\n  stands {found} times in {self.file}: plant it where the rule is now"
        path, _, test = self.test.partition("::")
        if not (root / path).exists() or f"def {test}(" not in (root / path).read_text(encoding="utf-8"):
            return f"{self.name}\n  its test {self.test} is gone"
        return None


def in_core(row: str, file: str, old: str, new: str, test: str) -> Fault:
    """A fault of the approvals' own files."""
    return Fault(row, f"approval_core/approvals/{file}", old, new, f"{APPROVALS}/{test}")

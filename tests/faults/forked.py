"""Runs tests of a second tree: one process loads the libraries, and each run is a fork of it. Lines of JSON in and out.

Started as a program with the tree as its argument. A job is {"tests": [...], "say": file}; the answer {"code": n}, as
pytest exits, negative for the signal that ended it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from contextlib import suppress

#: none of the project: what a tree changes must be read from that tree
LIBRARIES = (
    "pytest", "_pytest.fixtures", "_pytest.python", "_pytest.assertion.rewrite", "alembic.command", "alembic.config",
    "argon2", "fastapi", "hypothesis.stateful", "hypothesis.strategies", "holidays", "httpx",
    "psycopg", "pydantic", "pydantic_settings", "reportlab.platypus", "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite", "sqlalchemy.orm", "sqlmodel", "uvicorn", "yaml",
)  # fmt: skip
PATIENCE = 120
FOREIGN = 99


def main() -> None:
    tree = os.path.realpath(sys.argv[1])
    os.chdir(tree)
    sys.path.insert(0, tree)
    for library in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(library)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(tree, job)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


def _run(tree: str, job: dict[str, object]) -> None:
    signal.alarm(PATIENCE if not job.get("whole") else PATIENCE * 5)
    out = os.open(str(job["say"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.dont_write_bytecode = not job.get(
        "whole"
    )  # the sound tree is compiled once; a planted file never stays
    import pytest

    tests = job["tests"]
    assert isinstance(tests, list)
    code = int(pytest.main([*tests, "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]))
    core = sys.modules.get("approval_core")
    if core is None or not str(core.__file__).startswith(tree):
        code = FOREIGN
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

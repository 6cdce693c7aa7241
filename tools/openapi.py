"""Writes the OpenAPI document of the systems API to standard output; `make openapi` keeps it in docs/protocol/."""

from __future__ import annotations

import json
import sys

from gateway.app import create_app
from gateway.settings import load


def document() -> str:
    """The document of an office's gateway, not of the demo, the same on every machine."""
    app = create_app(load(demo=False, secret="0" * 64), None)
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())

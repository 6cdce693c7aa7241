"""The request types that come with the house: read from their folders, published where the office has none of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from approval_core.definitions.service import Published, publish_shipped

if TYPE_CHECKING:
    from approval_core.store import Store


def shipped_files() -> Iterator[tuple[str, str]]:
    """Name and text of every type that is shipped: GENERIC and those of the office's modules."""
    yield from _texts("generic", files("approval_core.definitions"))
    modules = sorted(files("office").iterdir(), key=lambda module: module.name)
    for module in modules:
        if module.is_dir():
            yield from _texts(module.name, module)


def _texts(module: str, folder: Traversable) -> Iterator[tuple[str, str]]:
    types = folder / "types"
    if types.is_dir():
        for file in sorted(types.iterdir(), key=lambda one: one.name):
            if file.name.endswith(".yaml"):
                yield f"{module}/{file.name}", file.read_text(encoding="utf-8")


def publish_shipped_types(store: Store, *, now: datetime) -> list[Published]:
    """What the office has not yet; its own versions and what it retired stay as they are."""
    return store.write(publish_shipped, [text for _, text in shipped_files()], now=now)

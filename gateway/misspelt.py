"""Settings in the environment that no setting is called by. A misspelt one would be left out in silence otherwise."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel

PREFIX, NESTED = "PISHI_", "__"
#: Ours, but no setting: the file of settings itself, and what only the test runs read.
NO_SETTINGS = ("PISHI_CONFIG", "PISHI_TEST_")


def known_names(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[str]:
    """Every setting as the environment spells it, sections (as JSON) among them."""
    for name, field in model.model_fields.items():
        spelt = prefix + name.upper()
        yield spelt
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from known_names(field.annotation, spelt + NESTED)


def misspelt(environment: Mapping[str, str], model: type[BaseModel]) -> tuple[str, str | None] | None:
    """The first unknown `PISHI_…` name and the known one nearest to it (None: none is near); None when all are known."""
    known = sorted(known_names(model))
    for name in sorted(environment):
        spelt = name.upper()
        if not spelt.startswith(PREFIX) or spelt.startswith(NO_SETTINGS) or spelt in known:
            continue
        return name, _nearest(spelt, known)
    return None


def _nearest(spelt: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(spelt, list(known), n=1, cutoff=0.75)
    return near[0] if near else None

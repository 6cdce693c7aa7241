"""A plan of carrying running requests over to another version, as a value: to be read, sent and done later (F41)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request cannot be carried over."""

    code: str
    block: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Stand:
    """A thread: the block at which it stands, and the one at which it will."""

    token_id: int
    block: str
    to: str


@dataclass(frozen=True, slots=True)
class Anew:
    """A step that others are asked in: accounts now, accounts then. Nobody: it would stop, with the reason."""

    block: str
    asked: tuple[str, ...]
    instead_of: tuple[str, ...]
    why: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One request. `mark`: how it stood, to see whether it moved since; `kept`: steps that go on with those who are
    asked; `begun`: branches that nobody stands in and that begin; `forgotten`: decided steps that the new version does
    not have; `passed_over`: its steps before the place where the request will stand."""

    request_id: int
    ref: str
    title: str
    mark: str
    stands: tuple[Stand, ...] = ()
    kept: tuple[str, ...] = ()
    anew: tuple[Anew, ...] = ()
    begun: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    type: str
    to_version: int
    to_version_id: int
    mapping: dict[str, str]
    items: tuple[Item, ...]

    @property
    def possible(self) -> tuple[Item, ...]:
        return tuple(one for one in self.items if not one.faults)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one request: `migrated`, or `refused` with the reason; the others are not touched by it."""

    request_id: int
    state: str
    code: str | None = None
    message: str | None = None

"""Where the visitor stands: language, handset and request. It travels in the address, so every view is a link."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse

from gateway.demo.words import Words, language_of

FIRST_HANDSET = "hy00009"


class Place:
    def __init__(
        self,
        request: Request,
        lang: Annotated[str | None, Query()] = None,
        handset: Annotated[str, Query(max_length=64)] = FIRST_HANDSET,
        find: Annotated[str, Query(max_length=64)] = "",
        ref: Annotated[str | None, Query(max_length=200)] = None,
        proof: Annotated[bool, Query()] = False,
    ) -> None:
        self.words = Words(language_of(lang, request.headers.get("accept-language", "")))
        self.handset, self.find, self.ref, self.proof = handset, find.strip(), ref, proof

    def link(self, path: str = "/demo", **other: str) -> str:
        here = {"lang": self.words.language, "handset": self.handset, "ref": self.ref or "", **other}
        return path + "?" + urlencode({name: value for name, value in here.items() if value})

    def back(self, part: str, **other: str) -> RedirectResponse:
        """To the page, at one of its three parts."""
        return RedirectResponse(f"{self.link(**other)}#{part}", 303)


PlaceDep = Annotated[Place, Depends()]

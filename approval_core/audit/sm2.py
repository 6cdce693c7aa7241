"""SM2 with SM3 (GB/T 32918) as a second signature on checkpoints, beside Ed25519. Optional: needs `gmssl-pyx`.

The library is loaded when a key is used; without a key nothing of it is asked for.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from approval_core.audit.canonical import ORIGIN
from approval_core.errors import Invalid, Unavailable

ALGORITHM = "sm2-sm3"
#: C2SP signed note: a kind of signature without a byte of its own
_KIND = b"\xff" + ALGORITHM.encode()


def _library() -> Any:
    try:
        return import_module("gmssl_pyx")
    except ImportError:
        raise Unavailable("no_sm2", "SM2 needs the package gmssl-pyx: install pishi[sm]") from None


@dataclass(frozen=True)
class Sm2Public:
    """64 bytes: the point without the 04 before it."""

    raw: bytes

    @property
    def key_id(self) -> str:
        return sha256(ORIGIN.encode() + b"\n" + _KIND + self.raw).hexdigest()[:8]

    def holds(self, text: bytes, signature: str) -> bool:
        """`signature`: base64 of DER; the signer's identity is the standard's own, 1234567812345678."""
        library = _library()
        try:
            return bool(library.sm2_verify(self.raw, text, base64.b64decode(signature, validate=True)))
        except (TypeError, ValueError, library.GmsslInnerError):
            return False


@dataclass(frozen=True)
class Sm2Key:
    """What signs: 32 bytes, and the public key that goes with them."""

    private: bytes
    public: Sm2Public

    def sign(self, text: bytes) -> str:
        signed: bytes = _library().sm2_sign(self.private, self.public.raw, text)
        return base64.b64encode(signed).decode()

    def __repr__(self) -> str:
        return f"Sm2Key({self.public.key_id})"  # never the key itself


def new_key() -> Sm2Key:
    public, private = _library().sm2_key_generate()
    return Sm2Key(private, Sm2Public(public))


def write_key(key: Sm2Key, path: Path) -> None:
    """Two lines in hex, for the owner's eyes only; an existing file is never overwritten."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{key.private.hex()}\n{key.public.raw.hex()}\n")


def read_key(path: Path) -> Sm2Key:
    """Invalid("bad_sm2_key") unless both halves are there and belong together."""
    try:
        private, public = (bytes.fromhex(line) for line in path.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        raise Invalid("bad_sm2_key", f"{path} holds no SM2 key: two lines of 64 and 128 hex digits") from None
    key = Sm2Key(private, Sm2Public(public))
    if (len(private), len(public)) != (32, 64) or not key.public.holds(b"pishi", key.sign(b"pishi")):
        raise Invalid("bad_sm2_key", f"{path}: the two halves of this key do not belong together")
    return key

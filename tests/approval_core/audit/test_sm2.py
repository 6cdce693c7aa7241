"""SM2 with SM3 as a second signature: made with each checkpoint, checked with it, and understood by OpenSSL."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from approval_core import audit
from approval_core.audit import receipts, witness
from approval_core.audit.canonical import signed_text
from approval_core.audit.models import checkpoints, cosignatures
from approval_core.audit.sm2 import Sm2Key, new_key, read_key, write_key
from approval_core.errors import Invalid
from approval_core.store import Store
from tests.approval_core.audit.records import KEY, NOW, PUBLIC, decide, every_entry, verdict

pytest.importorskip("gmssl_pyx", reason="SM2 is optional: pip install 'pishi[sm]'")


@pytest.fixture(scope="module")
def second() -> Sm2Key:
    return new_key()


@pytest.fixture
def signed(store: Store, second: Sm2Key) -> Store:
    for number in range(3):
        decide(store, number * 4, number * 4 + 4)
        store.write(audit.sequence, now=NOW, key=KEY, sm2=second)
    return store


def verify(store: Store, second: Sm2Key) -> audit.VerifyReport:
    return store.read(audit.verify, public_key=KEY.public_key(), sm2=[second.public])


def test_each_checkpoint_bears_both_signatures(signed: Store, second: Sm2Key) -> None:
    report = verify(signed, second)
    assert (report.problems, report.checkpoints, report.cosignatures) == ([], 3, 3)


def test_a_changed_or_foreign_second_signature_is_named(signed: Store, second: Sm2Key) -> None:
    first, last = signed.read(lambda tx: list(tx.execute(select(cosignatures.c.signature)).scalars()))[::2]
    signed.write(
        lambda tx: (
            tx.execute(update(cosignatures).where(cosignatures.c.number == 1).values(signature=last)) and None
        )
    )
    assert [(one.id, one.what) for one in verify(signed, second).problems] == [
        ("1/sm2-sm3", "its signature does not hold")
    ]
    signed.write(
        lambda tx: (
            tx.execute(update(cosignatures).where(cosignatures.c.number == 1).values(signature=first))
            and None
        )
    )
    report = verify(signed, new_key())
    assert {one.what for one in report.problems} == {"it is signed with a key that was not given"}
    signed.write(lambda tx: tx.execute(delete(checkpoints).where(checkpoints.c.number == 3)) and None)
    assert "its checkpoint is missing" in {one.what for one in verify(signed, second).problems}


def test_receipts_and_witnesses_carry_it_and_hold_without_it(
    signed: Store, second: Sm2Key, tmp_path: Path
) -> None:
    shown = signed.read(receipts.receipt, every_entry(signed)[5], keys=[KEY.public_key(), second.public])
    point = shown["checkpoint"]
    told = {name: point[name] for name in ("number", "size", "root", "at")}
    assert second.public.holds(signed_text(**told), point["cosignatures"][0]["signature"])
    assert [one["algorithm"] for one in shown["keys"]] == ["ed25519", "sm2-sm3"]
    path = tmp_path / "receipt"
    for text in (receipts.as_json(shown), receipts.tlog_proof(shown)):
        path.write_text(text, encoding="utf-8", newline="")
        assert verdict(path, PUBLIC)[0] == 0
    assert receipts.tlog_proof(shown).count("\u2014 pishi/audit ") == 2
    bundle = json.loads(json.dumps(signed.read(witness.bundle, after=0)))
    assert witness.append(tmp_path / "witness", bundle, keys=[bytes.fromhex(PUBLIC)], now=NOW)


def test_openssl_verifies_it(signed: Store, second: Sm2Key, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if (
        openssl is None
        or "OpenSSL 3" not in subprocess.run([openssl, "version"], capture_output=True, text=True).stdout
    ):
        pytest.skip("no OpenSSL 3 on this machine")
    head = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
    spki = base64.encodebytes(head + second.public.raw).decode()
    (tmp_path / "key.pem").write_text(f"-----BEGIN PUBLIC KEY-----\n{spki}-----END PUBLIC KEY-----\n")
    shown = signed.read(receipts.receipt, every_entry(signed)[0])["checkpoint"]
    (tmp_path / "text").write_bytes(
        signed_text(**{name: shown[name] for name in ("number", "size", "root", "at")})
    )
    (tmp_path / "signature").write_bytes(base64.b64decode(shown["cosignatures"][0]["signature"]))
    asked = "pkeyutl -verify -pubin -inkey key.pem -rawin -digest sm3 -in text -sigfile signature -pkeyopt distid:1234567812345678"
    assert subprocess.run([openssl, *asked.split()], cwd=tmp_path, capture_output=True).returncode == 0
    (tmp_path / "text").write_bytes(b"pishi/audit\n999\n")
    assert subprocess.run([openssl, *asked.split()], cwd=tmp_path, capture_output=True).returncode != 0


def test_keys_that_begin_with_0_or_4_are_no_trap() -> None:
    """The better-known library strips those digits and then neither signs nor verifies rightly."""
    seen = set()
    for _ in range(60):
        key = new_key()
        seen.add(key.public.raw.hex()[0])
        assert key.public.holds(b"text", key.sign(b"text"))
        assert not key.public.holds(b"other", key.sign(b"text"))
    assert seen & {"0", "4"}


def test_a_key_is_kept_for_its_owner_and_read_back(second: Sm2Key, tmp_path: Path) -> None:
    path = tmp_path / "sm2.key"
    write_key(second, path)
    assert read_key(path) == second
    assert path.stat().st_mode & 0o077 == 0
    assert second.private.hex() not in repr(second)
    with pytest.raises(FileExistsError):
        write_key(second, path)
    other = new_key()
    for text in ("", "zz zz", f"{second.private.hex()}\n{other.public.raw.hex()}", second.private.hex()):
        path.write_text(text)
        with pytest.raises(Invalid):
            read_key(path)


@pytest.mark.parametrize(
    "junk", ["", "!", base64.b64encode(bytes(64)).decode(), base64.b64encode(b"0" * 3000).decode()]
)
def test_junk_is_no_signature(second: Sm2Key, junk: str) -> None:
    assert not second.public.holds(b"text", junk)

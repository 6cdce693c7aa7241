"""The one file that is given away: its Ed25519 and its Merkle tree agree with those of others, and it needs nothing."""

from __future__ import annotations

import ast
import random
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from approval_core.audit import merkle
from approval_core.audit.offline import verify_record
from approval_core.audit.offline.verify_record import ORDER, ed25519_holds, is_grown, is_included

#: RFC 8032 §7.1, TEST 1, 2, 3 and SHA(abc): public key, message, signature
RFC_8032 = [
    line.split("|")
    for line in (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a||e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c|72|92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025|af82|6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf|ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f|dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    )
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032_hold_and_every_other_bit_does_not(
    key: str, message: str, signature: str, seed: int
) -> None:
    public, text, signed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert ed25519_holds(public, text, signed)
    assert not ed25519_holds(public, text + b"x", signed)
    chance = random.Random(seed)
    for _ in range(8):
        assert not ed25519_holds(public, text, flipped(signed, chance))
        assert not ed25519_holds(flipped(public, chance), text, signed)
    assert not ed25519_holds(public, text, signed[:-1])
    assert not ed25519_holds(public[:-1], text, signed)
    assert not ed25519_holds(public, text, b"")


def flipped(value: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(value) * 8)
    return (int.from_bytes(value, "big") ^ 1 << place).to_bytes(len(value), "big")


def test_it_agrees_with_the_library_on_good_and_on_spoilt_signatures(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(25):
        private = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        public, text = private.public_key().public_bytes_raw(), chance.randbytes(chance.randrange(300))
        signed = private.sign(text)
        for one in (signed, flipped(signed, chance), second_scalar(signed), chance.randbytes(64)):
            assert ed25519_holds(public, text, one) == library_holds(public, text, one), (public, text, one)


def second_scalar(signed: bytes) -> bytes:
    """The same signature with S + L in place of S: a lenient verifier takes both."""
    scalar = int.from_bytes(signed[32:], "little") + ORDER
    return signed[:32] + scalar.to_bytes(32, "little")


def library_holds(public: bytes, text: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signed, text)
    except InvalidSignature:
        return False
    return True


def test_points_that_are_none_are_refused_and_not_computed_with() -> None:
    for text in (b"\xff" * 32, (2**255 - 19).to_bytes(32, "little"), (2).to_bytes(32, "little"), b""):
        assert verify_record.point_of(text) is None
    minus_zero = (1 | 1 << 255).to_bytes(32, "little")  # x = 0 with the sign of a negative number
    assert verify_record.point_of(minus_zero) is None
    assert verify_record.point_of((1).to_bytes(32, "little")) == (0, 1, 1, 0)


def test_its_tree_agrees_with_ours_at_every_place_of_every_size() -> None:
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(40)]

    def subtree(level: int, place: int) -> bytes:
        if level == 0:
            return leaves[place]
        return merkle.node_hash(subtree(level - 1, 2 * place), subtree(level - 1, 2 * place + 1))

    for size in range(1, 41):
        root = merkle.root(size, subtree)
        for place in range(size):
            proof = merkle.inclusion_proof(place, size, subtree)
            assert is_included(leaves[place], place, size, proof, root)
            assert not is_included(leaves[place - 1], place, size, proof, root) or size == 1
            assert not is_included(leaves[place], place + 1, size, proof, root)
            assert not is_included(leaves[place], place, size, [*proof, root], root)
        assert not is_grown(size, size, [], root, root)  # nothing grew
        for old in range(1, size):
            grown = merkle.consistency_proof(old, size, subtree)
            old_root = merkle.root(old, subtree)
            assert is_grown(old, size, grown, old_root, root)
            assert not is_grown(old, size, grown, root, root)
            assert not is_grown(old, size, grown, old_root, old_root)
            assert not is_grown(old, size, [*grown, root], old_root, root)
            assert not is_grown(old, size, grown[:-1], old_root, root)


def test_it_is_one_file_of_the_standard_library_for_python_3_9() -> None:
    text = Path(verify_record.__file__).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 9))
    used = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
    }
    assert used <= sys.stdlib_module_names
    assert not any(isinstance(node, ast.Match) for node in ast.walk(tree))

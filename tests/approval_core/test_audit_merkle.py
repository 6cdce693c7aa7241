"""The tree against the published vectors of certificate transparency, and against the definition itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approval_core.audit import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
N96 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
N5F = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N6B = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
NBC = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
NCA = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N0E = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = [  # leaf counted from 0, size, proof
    (0, 1, []),
    (0, 8, [N96, N5F, N6B]),
    (5, 8, [NBC, NCA, ROOTS[3]]),
    (2, 3, [ROOTS[1]]),
    (1, 5, [ROOTS[0], N5F, NBC]),
]
CONSISTENCY = [(1, 1, []), (1, 8, [N96, N5F, N6B]), (6, 8, [N0E, NCA, ROOTS[3]]), (2, 5, [N5F, NBC])]


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return merkle.node_hash(by_definition(leaves[:middle]), by_definition(leaves[middle:]))


def kept(leaves: list[bytes]) -> tuple[merkle.Frontier, Callable[[int, int], bytes]]:
    """A growing tree and what a store would have kept of it."""
    tree = merkle.Frontier()
    nodes: dict[tuple[int, int], bytes] = {}
    for position, leaf in enumerate(leaves):
        nodes[0, position] = leaf
        for level, place, node in tree.append(leaf):
            nodes[level, place] = node
    return tree, lambda level, place: nodes[level, place]


PUBLISHED = [merkle.leaf_hash(data) for data in LEAVES]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_the_published_ones(size: int) -> None:
    tree, subtree = kept(PUBLISHED[:size])
    assert tree.root().hex() == ROOTS[size - 1]
    assert merkle.root(size, subtree).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_published_root() -> None:
    assert (
        merkle.Frontier().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@pytest.mark.parametrize(("position", "size", "proof"), INCLUSION)
def test_inclusion_proofs_are_the_published_ones(position: int, size: int, proof: list[str]) -> None:
    _, subtree = kept(PUBLISHED)
    assert [step.hex() for step in merkle.inclusion_proof(position, size, subtree)] == proof


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(old: int, new: int, proof: list[str]) -> None:
    _, subtree = kept(PUBLISHED)
    assert [step.hex() for step in merkle.consistency_proof(old, new, subtree)] == proof


def test_every_proof_in_trees_up_to_forty_leaves_holds_and_no_other_leaf_passes() -> None:
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(40)]
    _, subtree = kept(leaves)
    for size in range(1, 41):
        root = by_definition(leaves[:size])
        assert merkle.root(size, subtree) == root
        for position in range(size):
            proof = merkle.inclusion_proof(position, size, subtree)
            assert merkle.is_included(leaves[position], position, size, proof, root)
            assert not merkle.is_included(merkle.leaf_hash(b"no"), position, size, proof, root)
            assert not merkle.is_included(leaves[position], position, size, [*proof, root], root)
        for old in range(1, size + 1):
            old_root = by_definition(leaves[:old])
            growth = merkle.consistency_proof(old, size, subtree)
            assert merkle.is_consistent(old, size, growth, old_root, root)
            assert not merkle.is_consistent(old, size, growth, merkle.leaf_hash(b"no"), root)
            assert not merkle.is_consistent(old, size, [*growth, root], old_root, root)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=4), min_size=2, max_size=70), st.data())
def test_a_proof_with_one_changed_step_never_holds(texts: list[bytes], data: st.DataObject) -> None:
    leaves = [merkle.leaf_hash(text) for text in texts]
    tree, subtree = kept(leaves)
    position = data.draw(st.integers(0, len(leaves) - 1))
    proof = merkle.inclusion_proof(position, len(leaves), subtree)
    step = data.draw(st.integers(0, len(proof) - 1))
    proof[step] = merkle.leaf_hash(proof[step])
    assert not merkle.is_included(leaves[position], position, len(leaves), proof, tree.root())


@pytest.mark.parametrize(("position", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(position: int, size: int) -> None:
    _, subtree = kept(PUBLISHED)
    with pytest.raises(IndexError):
        merkle.inclusion_proof(position, size, subtree)
    assert not merkle.is_included(PUBLISHED[0], position, size, [], PUBLISHED[0])


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_there_is_no_growth_from_nothing_or_backwards(old: int, new: int) -> None:
    _, subtree = kept(PUBLISHED)
    with pytest.raises(IndexError):
        merkle.consistency_proof(old, new, subtree)
    assert not merkle.is_consistent(old, new, [], PUBLISHED[0], PUBLISHED[0])

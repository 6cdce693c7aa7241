"""The Merkle tree of RFC 6962 (RFC 9162 §2.1 is the same tree), pure: hashes in, hashes out.

A leaf is H(0x00 ‖ data), a node H(0x01 ‖ left ‖ right), H is SHA-256, the empty tree is H of nothing. Proofs read
the tree through `subtree(level, position)`: the root of the complete subtree over the leaves
[position·2^level, (position+1)·2^level), so that a store of complete subtrees answers in O(log n).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

Subtree = Callable[[int, int], bytes]

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def peaks(size: int) -> list[tuple[int, int]]:
    """(level, position) of the largest complete subtrees that make up a tree of `size` leaves, from the left."""
    return _cover(0, size)


def _cover(start: int, end: int) -> list[tuple[int, int]]:
    """The leaves [start, end) as complete subtrees; `start` is a multiple of the largest one."""
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def fold(hashes: Iterable[bytes]) -> bytes:
    """The root over complete subtrees given from the left: the smallest join first."""
    ordered = list(hashes)
    if not ordered:
        return EMPTY_ROOT
    root = ordered.pop()
    while ordered:
        root = node_hash(ordered.pop(), root)
    return root


class Frontier:
    """The right edge of a growing tree: O(log n) hashes, enough to append and to know the root."""

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        self.size = size
        self._edge = list(edge)  # hashes of peaks(size)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Take a leaf; (level, position, hash) of each complete subtree that it finishes, level 1 and above."""
        position, level, current = self.size, 0, leaf
        finished = []
        while position >> level & 1:
            current = node_hash(self._edge.pop(), current)
            level += 1
            finished.append((level, position >> level, current))
        self._edge.append(current)
        self.size += 1
        return finished

    def root(self) -> bytes:
        return fold(self._edge)


def root(size: int, subtree: Subtree) -> bytes:
    return _range_root(0, size, subtree)


def _range_root(start: int, end: int, subtree: Subtree) -> bytes:
    return fold(subtree(level, position) for level, position in _cover(start, end))


def _split(size: int) -> int:
    """The largest power of two smaller than `size`: where RFC 6962 divides a tree."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(position: int, size: int, subtree: Subtree) -> list[bytes]:
    """That leaf `position` is in the tree of `size` leaves: the neighbours on its way up. IndexError outside it."""
    if not 0 <= position < size:
        raise IndexError(f"leaf {position} is not in a tree of {size}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            proof.append(_range_root(middle, end, subtree))
            end = middle
        else:
            proof.append(_range_root(start, middle, subtree))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """That the tree of `new` leaves began as the tree of `old`. IndexError unless 0 < old ≤ new."""
    if not 0 < old <= new:
        raise IndexError(f"a tree of {old} is no beginning of a tree of {new}")
    proof: list[bytes] = []
    start, end, whole = 0, new, True  # whole: the old tree's own root, which the verifier has
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_range_root(middle, end, subtree))
            end = middle
        else:
            proof.append(_range_root(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        proof.append(_range_root(start, end, subtree))
    return proof[::-1]


def is_included(leaf: bytes, position: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Check an inclusion proof (RFC 9162 §2.1.3.2)."""
    if not 0 <= position < size:
        return False
    here, last, current = position, size - 1, leaf
    for neighbour in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            current = node_hash(neighbour, current)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            current = node_hash(current, neighbour)
        here, last = here >> 1, last >> 1
    return last == 0 and current == expected


def is_consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Check a consistency proof (RFC 9162 §2.1.4.2)."""
    if old == new:
        return old > 0 and not proof and old_root == new_root
    if not 0 < old < new:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    first = second = path[0]
    for neighbour in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            first = node_hash(neighbour, first)
            second = node_hash(neighbour, second)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            second = node_hash(second, neighbour)
        here, last = here >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root

"""Hashes of the tree and what proves something of it (RFC 6962 §2.1): which parts a proof names, and how it is checked.

A part of the tree is a range of leaves `(begin, end)`; its hash is folded from the hashes of complete subtrees, its nodes,
each named `(height, number)`: the leaves from `number · 2^height` on, 2^height of them.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

Node = tuple[int, int]
Range = tuple[int, int]
EMPTY: Final = hashlib.sha256(b"").digest()
"""The root of the tree without a leaf."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two that is smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def nodes(part: Range) -> list[Node]:
    """The complete subtrees a part is made of, from left to right, each as large as possible."""
    begin, end = part
    found = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        if begin:
            height = min(height, (begin & -begin).bit_length() - 1)
        found.append((height, begin >> height))
        begin += 1 << height
    return found


def fold(part: Range, known: Callable[[Node], bytes]) -> bytes:
    """The hash of a part of the tree that begins at one of its splits; of the whole: the root."""
    hashes = [known(node) for node in nodes(part)]
    if not hashes:
        return EMPTY
    right = hashes.pop()
    while hashes:
        right = node_hash(hashes.pop(), right)
    return right


def inclusion(index: int, size: int) -> list[Range]:
    """The parts whose hashes prove that leaf `index` is in the tree of `size` (§2.1.1), beside the leaf first."""
    begin, end, found = 0, size, list[Range]()
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """The parts whose hashes prove that the tree of `new` begins with that of `old` (§2.1.2)."""
    if not 0 < old < new:
        return []
    begin, end, found = 0, new, list[Range]()
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    if begin:
        found.append((begin, end))
    return found[::-1]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows the hash of a leaf at `index` in the tree of `size` with this root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, value = index, size - 1, leaf
    for sibling in proof:
        if not last:
            return False
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        node, last = node >> 1, last >> 1
    return not last and value == root


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `new` begins with that of `old` (RFC 9162 §2.1.4.2)."""
    if old == new or not old:
        return not proof and old <= new and (old_root == new_root if old == new else old_root == EMPTY)
    if old > new or not proof:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if not last:
            return False
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    return not last and before == old_root and after == new_root

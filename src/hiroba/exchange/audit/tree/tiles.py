"""The tree in tiles (c2sp.org/tlog-tiles): 256 hashes in a row, the next level made of the roots of full tiles.

A tile is known by `(level, number)`; level -1 is the leaves themselves, which are published as entry bundles.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from hiroba.exchange.audit.tree.hashing import Node, leaf_hash, node_hash

WIDTH: Final = 256
"""Hashes of a full tile."""
HEIGHT: Final = 8
"""Levels of the tree within a tile."""
HASH: Final = 32
LEAVES: Final = -1
"""The level of entry bundles."""
Tile = tuple[int, int]
_PATH = re.compile(r"(0|[1-9][0-9]?|entries)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class Asked(msgspec.Struct, frozen=True):
    """What a path asks for: a tile and how many of its hashes."""

    level: int
    number: int
    width: int = WIDTH


def asked(path: str) -> Asked | None:
    """What `tile/…` behind the prefix asks for; None where no tile has that path."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = LEAVES if found[1] == "entries" else int(found[1])
    width = int(found[3]) if found[3] else WIDTH
    number = int(found[2].replace("x", "").replace("/", ""))
    if level > 63 or (found[3] and width >= WIDTH) or path_of(level, number, width) != path:  # noqa: PLR2004 - the specification's
        return None
    return Asked(level, number, width)


def path_of(level: int, number: int, width: int = WIDTH) -> str:
    """`0/x001/067` or `0/x001/067.p/8`: where a tile is found below `tile/`."""
    digits = f"{number:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"{'entries' if level == LEAVES else level}/{name}{f'.p/{width}' if width < WIDTH else ''}"


def bundle(leaves: bytes) -> bytes:
    """The entries of a tile, each behind its length."""
    return b"".join(b"\0\x20" + leaves[place : place + HASH] for place in range(0, len(leaves), HASH))


def edge(size: int) -> list[Tile]:
    """The tiles at the right edge of the tree that are not full: what must be known to append."""
    found = [(LEAVES, size // WIDTH)] if size % WIDTH else []
    level = 0
    while size:
        if size % WIDTH:
            found.append((level, size // WIDTH))
        size //= WIDTH
        level += 1
    return found


def grow(size: int, right: Mapping[Tile, bytes], leaves: Sequence[bytes]) -> dict[Tile, bytes]:
    """Append leaves to the tree of `size` whose edge is `right`: every tile that is new or longer."""
    changed: dict[Tile, bytes] = {}
    _append(changed, right, LEAVES, size, leaves)
    level, hashes = 0, [leaf_hash(leaf) for leaf in leaves]
    while hashes:
        full = _append(changed, right, level, size, hashes)
        hashes = [root(tile) for tile in full]
        size //= WIDTH
        level += 1
    return changed


def _append(
    changed: dict[Tile, bytes], right: Mapping[Tile, bytes], level: int, count: int, hashes: Iterable[bytes]
) -> list[bytes]:
    """Put hashes behind the `count` that a level has; the tiles that became full."""
    number = count // WIDTH
    data = right.get((level, number), b"") + b"".join(hashes)
    full = []
    for place in range(0, len(data), WIDTH * HASH):
        changed[level, number] = tile = data[place : place + WIDTH * HASH]
        if len(tile) == WIDTH * HASH:
            full.append(tile)
        number += 1
    return full


def root(tile: bytes) -> bytes:
    """The hash over 2^n hashes of a tile."""
    row = [tile[place : place + HASH] for place in range(0, len(tile), HASH)]
    while len(row) > 1:
        row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]


def tile_of(node: Node) -> Tile:
    """The tile a node's hash is made from."""
    height, number = node
    level, within = divmod(height, HEIGHT)
    return level, number << within >> HEIGHT


def node_in(tiles: Mapping[Tile, bytes], node: Node) -> bytes:
    """The hash of a node, made from its tile."""
    height, number = node
    within = height % HEIGHT
    begin = (number << within) % WIDTH
    return root(tiles[tile_of(node)][begin * HASH : (begin + (1 << within)) * HASH])

"""Proofs that an entry is in a tree and that one tree begins with another, made from the tiles."""

from collections.abc import Collection, Sequence
from functools import partial

from hiroba.base.db import Connection
from hiroba.exchange.audit import store
from hiroba.exchange.audit.tree.hashing import Range, consistency, fold, inclusion, nodes
from hiroba.exchange.audit.tree.tiles import node_in, tile_of


async def inclusion_proofs(conn: Connection, positions: Collection[int], size: int) -> dict[int, list[bytes]]:
    """For each position the hashes that prove its leaf to be in the tree of `size`; all tiles in one question."""
    parts = {position: inclusion(position, size) for position in positions}
    known = await _hashes(conn, {part for proof in parts.values() for part in proof})
    return {position: [known[part] for part in proof] for position, proof in parts.items()}


async def consistency_proofs(conn: Connection, olds: Collection[int], new: int) -> dict[int, list[bytes]]:
    """For each older size the hashes that prove the tree of `new` to begin with it."""
    parts = {old: consistency(old, new) for old in olds}
    known = await _hashes(conn, {part for proof in parts.values() for part in proof})
    return {old: [known[part] for part in proof] for old, proof in parts.items()}


async def _hashes(conn: Connection, parts: Collection[Range]) -> dict[Range, bytes]:
    needed: Sequence[tuple[int, int]] = [*{tile_of(node) for part in parts for node in nodes(part)}]
    tiles = await store.tiles(conn, needed)
    return {part: fold(part, partial(node_in, tiles)) for part in parts}

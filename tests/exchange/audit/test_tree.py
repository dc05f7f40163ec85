"""The tree: against its definition (RFC 6962 §2.1) written down as it stands there, and the RFC's proofs both ways."""

import hashlib
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiroba.exchange.audit.tree import hashing, tiles
from hiroba.exchange.audit.tree.hashing import consistency, fold, inclusion, is_consistent, is_included, leaf_hash

LEAVES = [hashlib.sha256(str(number).encode()).digest() for number in range(700)]


def mth(leaves: list[bytes]) -> bytes:
    """The Merkle Tree Hash as RFC 6962 §2.1 defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


@pytest.fixture(scope="module")
def all_tiles() -> dict[tiles.Tile, bytes]:
    return tiles.grow(0, {}, LEAVES)


SIZES = st.integers(0, len(LEAVES))


@settings(deadline=None)
@given(SIZES)
def test_the_root_is_the_one_of_the_definition(all_tiles, size: int) -> None:
    assert fold((0, size), partial(tiles.node_in, all_tiles)) == mth(LEAVES[:size])


@settings(deadline=None)
@given(st.integers(1, len(LEAVES)).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_every_leaf_is_proved_and_no_other_by_its_proof(all_tiles, case: tuple[int, int]) -> None:
    index, size = case
    root = mth(LEAVES[:size])
    proof = [fold(part, partial(tiles.node_in, all_tiles)) for part in inclusion(index, size)]
    assert len(proof) <= (size - 1).bit_length()
    assert is_included(leaf_hash(LEAVES[index]), index, size, proof, root)
    assert not is_included(leaf_hash(LEAVES[index - 1]), index, size, proof, root) or size == 1
    assert not is_included(leaf_hash(LEAVES[index]), index, size, [*proof, root], root)
    assert not is_included(leaf_hash(LEAVES[index]), size, size, proof, root)
    assert not proof or not is_included(leaf_hash(LEAVES[index]), index, size, proof[:-1], root)


@settings(deadline=None)
@given(SIZES, SIZES)
def test_a_tree_is_proved_to_begin_with_an_older_one_and_with_no_other(all_tiles, one: int, other: int) -> None:
    old, new = sorted((one, other))
    old_root, new_root = mth(LEAVES[:old]), mth(LEAVES[:new])
    proof = [fold(part, partial(tiles.node_in, all_tiles)) for part in consistency(old, new)]
    assert is_consistent(old, old_root, new, new_root, proof)
    changed = mth([LEAVES[-1], *LEAVES[1:old]]) if old else LEAVES[0]
    assert not is_consistent(old, changed, new, new_root, proof)
    assert not is_consistent(old, old_root, new, LEAVES[0], proof) or not old
    assert not is_consistent(old, old_root, new, new_root, [*proof, new_root])


@settings(deadline=None)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=8))
def test_a_tree_that_grows_in_steps_has_the_tiles_of_one_made_at_once(steps: list[int]) -> None:
    kept: dict[tiles.Tile, bytes] = {}
    size = 0
    for step in steps:
        right = {tile: kept[tile] for tile in tiles.edge(size)}
        kept |= tiles.grow(size, right, (LEAVES * 4)[size : size + step])
        size += step
    assert kept == tiles.grow(0, {}, (LEAVES * 4)[:size])
    assert {tile: len(kept[tile]) // 32 for tile in tiles.edge(size) if tile[0] >= 0} == {
        (level, size // 256 ** (level + 1)): size // 256**level % 256 for level in range(3) if size // 256**level % 256
    }


def test_three_levels_of_tiles_fold_to_the_root() -> None:
    leaves = [number.to_bytes(32) for number in range(256 * 256 + 300)]
    made = tiles.grow(0, {}, leaves)
    assert {tile for tile in made if tile[0] == 2} == {(2, 0)}
    assert fold((0, len(leaves)), partial(tiles.node_in, made)) == mth(leaves)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("0/000", (0, 0, 256)),
        ("0/x001/x234/067", (0, 1234067, 256)),
        ("1/x001/067.p/8", (1, 1067, 8)),
        ("entries/000.p/255", (-1, 0, 255)),
        ("0/00", None),
        ("00/000", None),
        ("64/000", None),
        ("0/x000/001", None),
        ("0/000.p/0", None),
        ("0/000.p/256", None),
        ("0/000.p/08", None),
        ("-1/000", None),
        ("0/../000", None),
        ("0/٠٠٠", None),
    ],
)
def test_a_path_is_that_of_one_tile_or_of_none(path: str, found: tuple[int, int, int] | None) -> None:
    asked = tiles.asked(path)
    assert (asked and (asked.level, asked.number, asked.width)) == found
    assert asked is None or tiles.path_of(asked.level, asked.number, asked.width) == path


def test_the_proofs_of_a_tree_of_seven_are_those_of_the_rfc() -> None:
    """RFC 9162 §2.1.5 draws the tree of seven leaves: proofs of d0, d3, d4, d6, and from 3, 4 and 6 leaves on."""
    assert inclusion(0, 7) == [(1, 2), (2, 4), (4, 7)]
    assert inclusion(3, 7) == [(2, 3), (0, 2), (4, 7)]
    assert inclusion(4, 7) == [(5, 6), (6, 7), (0, 4)]
    assert inclusion(6, 7) == [(4, 6), (0, 4)]
    assert consistency(3, 7) == [(2, 3), (3, 4), (0, 2), (4, 7)]
    assert consistency(4, 7) == [(4, 7)]
    assert consistency(6, 7) == [(4, 6), (6, 7), (0, 4)]
    assert hashing.nodes((4, 7)) == [(1, 2), (0, 6)]

"""Whatever the seed, the land is divided without a gap or an overlap."""

from itertools import combinations

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from hiroba.exchange.sample.division import divided, one_piece
from hiroba.exchange.sample.layout import TOWNS
from hiroba.exchange.sample.plane import in_degrees, in_kilometres


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_areas_tile_the_land_and_hold_their_centres(seed):
    areas = divided(seed)
    land = one_piece(areas)
    assert all(area.is_valid for area in areas.values())
    assert shapely.coverage_is_valid(list(areas.values()))
    assert abs(land.area - sum(area.area for area in areas.values())) < 1e-12
    assert all(a.intersection(b).area < 1e-12 for a, b in combinations(areas.values(), 2))
    assert land.symmetric_difference(shapely.union_all(list(areas.values()))).area < 1e-12
    assert all(areas[town.kind].covers(in_degrees(Point(town.centre))) for town in TOWNS)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_the_land_is_one_main_island_and_two_smaller_ones(seed):
    land = in_kilometres(one_piece(divided(seed)))
    parts = sorted(part.area for part in shapely.get_parts(land))
    assert len(parts) == 3
    islet, island, main = parts
    assert islet < 6 < island < 60
    assert main > 500

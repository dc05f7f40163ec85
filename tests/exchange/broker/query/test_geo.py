"""Geoqueries: read as CIM 009 §4.10 writes them, measured like pyproj, and the boxes asked of SQL lose no match."""

import contextlib
from typing import Any

import asyncpg
import numpy as np
import orjson
import pyproj
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hiroba.base.db import Connection
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query import geo, geodesy, geometry
from hiroba.exchange.broker.query.compile import Compiler

GEOD = pyproj.Geod(ellps="WGS84")
SQUARE = [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]

longitudes = st.floats(-180, 180, allow_subnormal=False)
latitudes = st.floats(-90, 90, allow_subnormal=False)
points = st.tuples(longitudes, latitudes)


def truth(one: tuple[float, float], two: tuple[float, float]) -> float:
    return float(GEOD.inv(*one, *two)[2])


@settings(max_examples=500)
@given(points, points)
@example((0, 0), (180, 0))
@example((0, 0), (179.5, 0.1))
@example((0, 0), (179.7, 0))
@example((10, 30), (-170, -30))
@example((10, 30), (-170.2, -30.1))
@example((0, 90), (77, -90))
@example((0, 90), (77, 90))
@example((5, 5), (5, 5))
@example((180, 5), (-180, 5))
@example((0, 0), (90, 0))
def test_metres_between_points_are_those_of_pyproj(one: tuple[float, float], two: tuple[float, float]) -> None:
    assert geodesy.metres(one, two) == pytest.approx(truth(one, two), rel=1e-6, abs=0.001)


def sampled(shape: Any) -> np.ndarray[Any, Any]:
    """Points all along a geometry's edges."""
    edges = shape.boundary if "Polygon" in shape.geom_type else shape
    return shapely.get_coordinates(shapely.segmentize(edges, max(edges.length / 4000, 1e-9)))


def oracle(point: tuple[float, float], shape: Any) -> float:
    """The distance by asking pyproj about thousands of points of the geometry."""
    xy = sampled(shape)
    ones = np.ones(len(xy))
    return float(GEOD.inv(ones * point[0], ones * point[1], xy[:, 0], xy[:, 1])[2].min())


@settings(max_examples=150, deadline=None)
@given(points, points, st.floats(0.001, 3), st.floats(-3, 3))
@example((5, 60.001), (0, 60), 10.0, 0.0)
@example((-179.9, 10), (179.5, 10), 0.3, 0.2)
@example((100, 89.9), (-80, 89), 0.5, 0.5)
@example((0, 88), (120, 87), 20.0, 0.0)
def test_metres_to_a_line_are_those_of_pyproj(
    point: tuple[float, float], start: tuple[float, float], east: float, north: float
) -> None:
    end = (min(start[0] + east, 180), max(-90, min(start[1] + north, 90)))
    if start == end:
        return
    line = shapely.LineString([start, end])
    away = geodesy.distance(shapely.Point(point), line)
    expected = oracle(point, line)
    spacing = truth(start, end) / 4000
    assert away <= expected * 1.001 + 0.01
    assert away >= expected * 0.999 - spacing


@settings(max_examples=100, deadline=None)
@given(points, st.tuples(st.floats(-170, 160), st.floats(-80, 70)), st.floats(0.01, 9), st.floats(0.01, 9))
def test_metres_to_an_area_are_zero_inside_and_those_of_pyproj_outside(
    point: tuple[float, float], corner: tuple[float, float], wide: float, high: float
) -> None:
    area = shapely.box(*corner, corner[0] + wide, corner[1] + high)
    away = geodesy.distance(area, shapely.Point(point))
    if area.intersects(shapely.Point(point)):
        assert away == 0
    else:
        expected, spacing = oracle(point, area), 1000  # the oracle asks about points of the edge that lie so far apart
        assert expected * 0.999 - spacing <= away <= expected * 1.001 + 0.01


@settings(max_examples=20, deadline=None)
@given(st.lists(points, min_size=2, max_size=3, unique=True), points, st.floats(0.01, 5))
@example([(-179, 80), (-170, 85)], (179, 80), 0.9)
@example([(0, 89), (90, 89)], (-120, 88), 5.0)
def test_metres_between_lines_are_those_of_pyproj(line: Any, corner: tuple[float, float], size: float) -> None:
    one = shapely.LineString(line)
    west, south = min(corner[0], 180 - size), min(corner[1], 90 - size)
    two = shapely.LineString([(west, south), (west + size, south + size)])
    away = geodesy.distance(one, two)
    xy = sampled(two)[::100]
    expected = min(oracle((float(x), float(y)), one) for x, y in xy)
    step = size * 111_320 * 1.5 / 40 + one.length * 111_320 / 4000
    assert away == geodesy.distance(two, one) or away == pytest.approx(geodesy.distance(two, one), rel=1e-3)
    assert expected * 0.999 - step <= away <= expected * 1.001 + 0.01


def test_an_edge_through_the_antipode_is_as_far_away_as_it_is() -> None:
    line = shapely.LineString([(179, -1), (180, 0.9)])
    assert geodesy.distance(line, shapely.Point(0, 0)) == pytest.approx(oracle((0, 0), line), rel=1e-4)
    ends_near = shapely.LineString([(170, -10), (180, 0), (30, 0.2)])
    assert geodesy.distance(ends_near, shapely.Point(0, 0)) == pytest.approx(truth((0, 0), (30, 0.2)), rel=1e-6)


@settings(max_examples=300)
@given(points, st.floats(1, 5_000_000), st.floats(0, 360), st.floats(0, 1))
@example((179.99, 0), 5000, 90, 1.0)
@example((0, 89.99), 5000, 0, 1.0)
@example((0, -85), 300_000, 90, 1.0)
def test_the_boxes_of_a_distance_hold_every_point_within_it(
    centre: tuple[float, float], radius: float, azimuth: float, part: float
) -> None:
    longitude, latitude, _ = GEOD.fwd(*centre, azimuth, radius * part)
    boxes = geodesy.reach((*centre, *centre), radius)
    assert any(west <= longitude <= east and south <= latitude <= north for west, south, east, north in boxes)
    assert all(-180 <= west <= east <= 180 for west, _, east, _ in boxes)


@pytest.mark.parametrize(
    ("relation", "kind", "coordinates", "expected"),
    [
        ("within", "Polygon", SQUARE, True),
        ("within", "Polygon", [[[4, 4], [5, 4], [5, 5], [4, 5], [4, 4]]], False),
        ("contains", "Point", [3, 3], True),
        ("contains", "Point", [9, 9], False),
        ("overlaps", "Polygon", [[[3, 3], [9, 3], [9, 9], [3, 9], [3, 3]]], True),
        ("overlaps", "Polygon", SQUARE, False),
        ("intersects", "LineString", [[0, 0], [10, 10]], True),
        ("intersects", "MultiPoint", [[9, 9], [3, 3]], True),
        ("equals", "Polygon", [[[4, 4], [2, 4], [2, 2], [4, 2], [4, 4]]], True),
        ("disjoint", "Point", [9, 9], True),
        ("disjoint", "Point", [3, 3], False),
        ("near;maxDistance==1000", "Point", [3, 4.005], True),
        ("near;maxDistance==500", "Point", [3, 4.005], False),
        ("near;minDistance==500", "Point", [3, 4.005], True),
        ("near;minDistance==1000", "Point", [3, 4.005], False),
    ],
)
def test_relations_are_those_of_the_clause(relation: str, kind: str, coordinates: Any, *, expected: bool) -> None:
    stored = {"type": "Polygon", "coordinates": [[[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]]}
    asked = geo.parse(relation, kind, orjson.dumps(coordinates).decode())
    assert asked.refine(stored) is expected
    assert asked.matches({"location": [{"type": "GeoProperty", "value": stored}]}) is expected
    assert not asked.matches({"other": [{"type": "GeoProperty", "value": stored}]})


def test_what_is_no_geometry_matches_nothing() -> None:
    asked = geo.parse("disjoint", "Point", [1, 1])
    for stored in (None, "POINT(1 2)", {"type": "Point"}, {"type": "Point", "coordinates": ["a", 1]}, [1, 2]):
        assert not asked.refine(stored)
        assert asked.distance(stored) is None


@pytest.mark.parametrize(
    ("relation", "kind", "coordinates", "words"),
    [
        ("near", "Point", "[8,40]", "character 5 "),
        ("near;maxDistance==0", "Point", "[8,40]", "positive number"),
        ("near;maxDistance==-100", "Point", "[8,40]", "positive number"),
        ("near;maxDistance==inf", "Point", "[8,40]", "positive number"),
        ("near;maxDistance==1e400", "Point", "[8,40]", "positive number"),
        ("near;maxDistance==5;minDistance==1", "Point", "[8,40]", "character 20 the end"),
        ("beside", "Point", "[8,40]", "near, within"),
        ("within", "GeometryCollection", "[]", "must be one of Point"),
        ("within", "Polygon", "[[", "character 3 JSON"),
        ("within", "Point", "[40,91]", "not on the earth"),
        ("within", "Point", "[true,1]", "a position"),
        ("within", "Point", "[]", "a position"),
        ("within", "LineString", "[[0,0]]", "two positions"),
        ("within", "Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]", "the last like the first"),
        ("within", "MultiPolygon", "[[[[0,0],[1,0],[1,500],[0,0]]]]", r"coordinates\[0\]\[0\]\[2\]: \[1, 500\]"),
        ("within", "MultiPoint", "[" + ",".join(["[1,1]"] * 10001) + "]", "at most 10000"),
        ("within", "Point", "[" * 100_000, "JSON"),
    ],
)
def test_a_wrong_geoquery_is_refused_with_its_place(relation: str, kind: str, coordinates: str, words: str) -> None:
    with pytest.raises(BadRequestData, match=words):
        geo.parse(relation, kind, coordinates)


@given(
    st.text("near;maxDistance==0123.e-within", max_size=30),
    st.sampled_from(["Point", "Polygon", "MultiPolygon", "LineString", "MultiPoint", "x"]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3), st.lists, max_leaves=20
    ),
)
def test_whatever_the_text_only_bad_request_data_is_raised(georel: str, kind: str, coordinates: Any) -> None:
    for relation, asked in ((georel, coordinates), ("within", coordinates), ("within", str(coordinates))):
        with contextlib.suppress(BadRequestData):
            assert geo.parse(relation, kind, asked).reference.is_valid


@pytest.mark.anyio
async def test_sql_finds_at_least_what_refine_lets_through_and_uses_the_index(conn: Connection) -> None:
    await conn.execute("create temporary table entity (id int, doc jsonb, geo box)")
    places = [(x * 7.0 - 180, y * 7.0 - 90) for x in range(52) for y in range(26)] + [(180.0, 0.0), (0.0, 90.0)]
    rows = []
    for number, place in enumerate(places):
        stored = {"type": "Point", "coordinates": list(place)}
        doc = {geo.LOCATION: [{"type": "GeoProperty", "value": stored}]}
        box = geo.box_of([geometry.read(stored, "value")])
        assert box is not None
        rows.append((number, orjson.dumps(doc).decode(), asyncpg.Box((box[2], box[3]), (box[0], box[1]))))
    await conn.executemany("insert into entity values ($1, $2, $3)", rows)
    await conn.execute("create index entity_geo on entity using gist (geo)")
    await conn.execute("analyze entity")
    for relation, kind, coordinates in (
        ("near;maxDistance==900000", "Point", [179.5, 1]),
        ("near;maxDistance==900000", "Point", [20, 88]),
        ("near;minDistance==9000000", "Point", [0, 0]),
        ("near;maxDistance==500000", "LineString", [[-170, 60], [170, 60]]),
        ("within", "Polygon", SQUARE),
        ("equals", "Point", [-5, 1]),
        ("disjoint", "Polygon", SQUARE),
    ):
        asked = geo.parse(relation, kind, coordinates).resolve(lambda name: f"https://uri.etsi.org/ngsi-ld/{name}")
        compiler = Compiler()
        question = f"select id, doc from entity e where {compiler.geo(asked)}"  # noqa: S608 - the compiler binds
        found = await conn.fetch(question, *compiler.values)
        exact = {row["id"] for row in found if asked.matches(orjson.loads(row["doc"]))}
        assert exact == {row[0] for row in rows if asked.matches(orjson.loads(row[1]))}
        assert exact
        if asked.boxes() is not None:
            assert len(found) < len(rows)
            plan = await conn.fetch(f"explain {question}", *compiler.values)
            if len(found) < 50:
                assert any("entity_geo" in line[0] for line in plan), plan


@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90))
def test_the_sphere_is_never_off_by_more_than_is_said(x, y, other_x, other_y):
    exact = GEOD.inv(x, y, other_x, other_y)[2]
    rough = geodesy.on_a_sphere((x, y), (other_x, other_y))
    assert abs(rough - exact) <= exact * geodesy.FLATTENING_ERROR + 1e-6

"""Types, scopes, projections and orders are read as their clauses write them, and select what they say."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base.db import Connection
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query import order, projection, scopes, types
from hiroba.exchange.broker.query.compile import Compiler
from hiroba.exchange.broker.query.match import Subject
from hiroba.exchange.broker.query.order import By
from hiroba.exchange.broker.query.projection import Chosen
from hiroba.exchange.broker.query.tree import Path


@pytest.mark.parametrize(
    ("text", "of", "expected"),
    [
        ("Building|House", ["House"], True),
        ("Building,House", ["House"], True),
        ("(Home;Vehicle)", ["Home"], False),
        ("(Home;Vehicle)", ["Home", "Vehicle", "Boat"], True),
        ("(Home;Vehicle),Motorhome", ["Motorhome"], True),
        ("https://e.org/Car|Bus", ["https://e.org/Car"], True),
        ("*", ["Anything"], True),
    ],
)
def test_a_type_selection_selects(text: str, of: list[str], *, expected: bool) -> None:
    assert types.parse(text).matches(of) is expected
    assert types.parse(str(types.parse(text))) == types.parse(text)


@pytest.mark.parametrize(
    ("text", "scope", "expected"),
    [
        ("/Madrid", "/Madrid", True),
        ("/Madrid", "Madrid", True),
        ("/Madrid", "/Madrid/Gardens", False),
        ("/Madrid/Gardens/#", "/Madrid/Gardens", True),
        ("/Madrid/Gardens/#", "/Madrid/Gardens/ParqueNorte/Parterre1", True),
        ("/Madrid/Gardens/#", "/Madrid/Gardens2", False),
        ("/Madrid/+/ParqueNorte", "/Madrid/Sights/ParqueNorte", True),
        ("/Madrid/+/ParqueNorte", "/Madrid/ParqueNorte", False),
        ("/+/b/#", "/a/b/c", True),
        ("/#", "/x", True),
        ("(/a;/x),/b", "/b", True),
        ("(/a;/x)|b", "/a", False),
    ],
)
@pytest.mark.anyio
async def test_a_scope_query_selects(conn: Connection, text: str, scope: str, *, expected: bool) -> None:
    wanted = scopes.parse(text)
    assert wanted.matches([scope]) is expected
    assert not wanted.matches([])
    assert scopes.parse(str(wanted)) == wanted
    compiler = Compiler(start=2)
    where = compiler.scopes(wanted)
    question = f"select {where} from (select $1::text[] scopes) e"  # noqa: S608 - the compiler binds
    assert await conn.fetchval(question, [scope], *compiler.values) is expected


@pytest.mark.anyio
async def test_types_are_selected_by_sql_too(conn: Connection) -> None:
    compiler = Compiler(start=2)
    where = compiler.types(types.parse("(a;b)|c|d"))
    question = f"select {where} from (select $1::text[] types) e"  # noqa: S608 - the compiler binds
    for of, expected in ((["a"], False), (["b", "a"], True), (["d"], True), ([], False)):
        assert await conn.fetchval(question, of, *compiler.values) is expected


def test_a_projection_may_reach_into_linked_entities() -> None:
    assert projection.parse("a|b,id,a") == (Chosen("a"), Chosen("b"), Chosen("id"))
    assert projection.parse("observation{temperature,place{name}}") == (
        Chosen("observation", (Chosen("temperature"), Chosen("place", (Chosen("name"),)))),
    )
    assert projection.resolve(projection.parse("id,r{x}"), lambda name: f"u:{name}") == (
        Chosen("id"),
        Chosen("u:r", (Chosen("u:x"),)),
    )
    with pytest.raises(BadRequestData, match="attrs: at character 2 "):
        projection.parse("a{b}", "attrs", nested=False)


def test_an_order_has_terms_and_directions() -> None:
    assert order.parse("name,age;desc,address[city];asc,location;dist-desc") == (
        By(Path(("name",))),
        By(Path(("age",)), descending=True),
        By(Path(("address",), ("city",))),
        By(Path(("location",)), descending=True, distance=True),
    )


def entity(number: int, value: Any = None, **attributes: Any) -> Subject:
    doc = attributes if value is None else {"a": [{"type": "Property", "value": value}]} | attributes
    return Subject(id=f"urn:{number}", doc=doc)


def test_kinds_of_data_come_in_the_order_of_the_clause_and_absent_ones_last() -> None:
    values = [2, 10, "b", {"x": 1}, [1], False, True, "08:00:00Z", "2020-01-01", "2020-01-01T00:00:00Z"]
    subjects = [entity(number, value) for number, value in enumerate(values)]
    nothing = entity(99)
    assert order.in_order([nothing, *reversed(subjects)], order.parse("a")) == [*subjects, nothing]
    assert order.in_order([nothing, *subjects], order.parse("a;desc")) == [*reversed(subjects), nothing]


def test_equal_entities_are_ordered_by_the_next_term_then_by_id() -> None:
    one, two, three = entity(1, "B"), entity(2, "b"), entity(3, "a")
    assert order.in_order([two, one, three], order.parse("a"), collate=str.lower) == [three, one, two]
    assert order.in_order([one, two, three], order.parse("a;desc,id;desc"), collate=str.lower) == [two, one, three]


def test_distance_orders_geoproperties_before_others() -> None:
    near, far, flat = entity(1, {"m": 1}), entity(2, {"m": 5}), entity(3, "x")
    terms = order.parse("a;dist-asc")
    assert order.in_order([flat, far, near], terms, distance=lambda value: value["m"]) == [near, far, flat]


@pytest.mark.parametrize(
    ("read", "text", "place"),
    [
        (types.parse, "", 1),
        (types.parse, "a,", 3),
        (types.parse, "(a;b", 5),
        (types.parse, "a;b", 2),
        (types.parse, "1a", 1),
        (scopes.parse, "/", 2),
        (scopes.parse, "/a//b", 4),
        (scopes.parse, "/9", 2),
        (scopes.parse, "/a/#/b", 5),
        (projection.parse, "a,,b", 3),
        (projection.parse, "a{b", 4),
        (projection.parse, "a.b", 2),
        (order.parse, "a;up", 3),
        (order.parse, "a;asc;desc", 6),
    ],
)
def test_wrong_text_is_refused_with_its_place(read: Callable[[str], Any], text: str, place: int) -> None:
    with pytest.raises(BadRequestData, match=f"character {place} "):
        read(text)


@given(
    st.sampled_from([types.parse, scopes.parse, projection.parse, order.parse]), st.text("ab/+#;,|(){}<>:.*[]\ud8001-")
)
def test_whatever_the_text_only_bad_request_data_is_raised(read: Callable[[str], Any], text: str) -> None:
    with contextlib.suppress(BadRequestData):
        assert read(text)

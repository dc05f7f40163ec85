"""The SQL compiler gives the answer of the pure evaluator, on a real PostgreSQL, and equality is served by an index."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import re2
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapely import Point

from hiroba.base.db import Connection
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.facts import facts
from hiroba.exchange.broker.query import collation, ranking
from hiroba.exchange.broker.query.compile import Compiler
from hiroba.exchange.broker.query.geo import far
from hiroba.exchange.broker.query.match import Subject, matches
from hiroba.exchange.broker.query.order import By, in_order
from hiroba.exchange.broker.query.patterns import compiled, unquoted_escapes
from hiroba.exchange.broker.query.q import parse
from hiroba.exchange.broker.query.tree import (
    ENTITY_MEMBERS,
    And,
    Between,
    Clock,
    Compare,
    Day,
    Exists,
    Flag,
    Instant,
    Like,
    Linked,
    Number,
    OneOf,
    Or,
    Path,
    Query,
    Text,
    Word,
)

pytestmark = pytest.mark.anyio

TABLE = """
    create temporary table entity (
        tenant text, path text, id text, types text[], scopes text[], owner text, doc jsonb, facts jsonb,
        created timestamptz, modified timestamptz, geo box, subject text
    )
"""


@pytest.fixture
async def entities(conn: Connection) -> AsyncIterator[Connection]:
    await conn.execute(TABLE)
    yield conn
    await conn.execute("drop table entity")


def text(doc: dict[str, Any]) -> str:
    return orjson.dumps(doc).decode()


async def put(conn: Connection, subjects: Sequence[Subject]) -> None:
    await conn.execute("delete from entity")
    await conn.executemany(
        "insert into entity (tenant, path, id, types, scopes, owner, doc, facts, created, modified)"
        " values ('', '', $1, $2, $3, '', $4, $5, $6, $7)",
        [
            (one.id, list(one.types), list(one.scopes), text(one.doc), text(facts(one.doc)), one.created, one.modified)
            for one in subjects
        ],
    )


async def found(conn: Connection, tree: Query) -> set[str]:
    compiler = Compiler(start=2, table="entity", links=2)
    where = compiler.query(tree)
    rows = await conn.fetch(f"select id from entity e where e.tenant = $1 and {where}", "", *compiler.values)  # noqa: S608 - the compiler binds
    return {row["id"] for row in rows}


NAMES = ["urn:n:a", "urn:n:b.c", 'urn:n:"d"']
IDS = ["urn:e:1", "urn:e:2", "urn:e:3", "urn:e:4"]
TYPES = ["urn:t:Car", "urn:t:Bus"]
SCOPES = ["/a", "/a/b", "/c"]
TEXTS = ["", "a", "b", "red", "小学校", "a\nb", 'q"\\', "2020-01-01", "08:00:00Z", "K", *IDS[:2], *TYPES[:1]]
INSTANTS = [
    "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00.0Z",
    "2020-01-01T00:00:00,5Z",
    "2020-01-01T00:00:00.50Z",
    "2020-01-01T00:00:00.123456Z",
    "2020-01-01T00:00:00.999999Z",
    "2019-12-31T23:59:59Z",
    "2020-01-01T00:00:01Z",
]
CLOCKS = ["08:00:00Z", "08:00:00.25Z", "08:00:00,250Z", "09:00:00Z"]
DAYS = ["2020-01-01", "2020-01-02", "2021-12-31"]
NUMBERS = [0, 1, 1.0, 1.5, -2, 10**12, 1e-7]
MOMENTS = [
    datetime(2020, 1, 1, tzinfo=UTC),
    datetime(2020, 1, 1, 0, 0, 0, 500000, UTC),
    datetime(2021, 1, 1, tzinfo=UTC),
]
MEMBERS = ["en", "ja", "city"]

texts = st.sampled_from([*TEXTS, *INSTANTS, *CLOCKS, *DAYS])
scalars = texts | st.sampled_from(NUMBERS) | st.booleans()
typed = st.builds(lambda text: {"@type": "DateTime", "@value": text}, texts)
inner = st.dictionaries(st.sampled_from(MEMBERS), scalars | typed | st.lists(scalars, max_size=2), max_size=2)
compound = st.dictionaries(st.sampled_from(MEMBERS), scalars | inner | st.lists(inner, max_size=2), max_size=2)
anything = scalars | typed | compound | st.lists(scalars | typed | compound, max_size=3) | st.lists(st.lists(scalars))
ids = st.sampled_from(IDS)


def instance(kind: str, **members: Any) -> Any:
    times = st.sampled_from(INSTANTS)
    optional = {"observedAt": times, "unitCode": st.sampled_from(["CEL", "KMH"])}
    return st.fixed_dictionaries({"type": st.just(kind), **members}, optional=optional)


flat = st.one_of(
    instance("Property", value=anything),
    instance("Relationship", object=ids | st.lists(ids, max_size=2)),
    instance(
        "LanguageProperty",
        languageMap=st.dictionaries(st.sampled_from(["en", "ja"]), texts | st.lists(texts, max_size=2), max_size=2),
    ),
    instance("VocabProperty", vocab=st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), max_size=2)),
    instance("JsonProperty", json=anything),
    instance("ListProperty", valueList=st.lists(anything, max_size=2)),
    instance(
        "ListRelationship",
        objectList=st.lists(ids, max_size=2) | st.lists(ids.map(lambda id_: {"object": id_}), max_size=2),
    ),
)
attributes = st.dictionaries(st.sampled_from(NAMES), st.lists(flat, min_size=1, max_size=2), max_size=2)
deep = st.builds(lambda item, below: item | below, flat, attributes)
docs = st.dictionaries(st.sampled_from(NAMES), st.lists(deep, min_size=1, max_size=2), max_size=3)


@st.composite
def regions(draw: Any) -> list[Subject]:
    """A few entities with different ids."""
    return [
        Subject(
            id=id_,
            types=draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True)),
            scopes=draw(st.lists(st.sampled_from(SCOPES), max_size=2, unique=True)),
            doc=draw(docs),
            created=draw(st.sampled_from(MOMENTS)),
            modified=draw(st.sampled_from(MOMENTS)),
        )
        for id_ in IDS[:3]
    ]


members = st.just(()) | st.just(("*",)) | st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=2).map(tuple)
paths = st.one_of(
    st.builds(
        lambda names, last, inside: Path((*names, *last), inside),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=2),
        st.just(()) | st.just(("observedAt",)) | st.just(("unitCode",)),
        members,
    ),
    st.sampled_from(NAMES).map(lambda name: Path((name,))),
    st.sampled_from(sorted(ENTITY_MEMBERS)).map(lambda name: Path((name,))),
)
linked = st.builds(Linked, st.sampled_from(NAMES), paths, st.just(()) | st.just((TYPES[0],)))
targets = paths | linked | st.builds(Linked, st.sampled_from(NAMES), linked)
numbers = st.sampled_from(NUMBERS).map(Number)
instants = st.sampled_from(INSTANTS).map(Instant)
days = st.sampled_from(DAYS).map(Day)
clocks = st.sampled_from(CLOCKS).map(Clock)
quoted = st.sampled_from([*TEXTS, *SCOPES, *INSTANTS]).map(Text)
comparables = st.one_of(numbers, instants, days, clocks, quoted)
values = st.one_of(comparables, st.booleans().map(Flag), st.sampled_from([*IDS, *TYPES]).map(Word))
ranges = st.one_of([st.tuples(kind, kind) for kind in (numbers, instants, days, clocks, quoted)])
patterns = st.sampled_from(
    ["^a", "a.b", r"a\sb", "[^a]b$", r"\d{4}-", "学|e+d", r'["\\]', r"\w", "^$", "[]a]$", r"[\d\-x]", "^.$"]
)
conditions = st.one_of(
    st.builds(Exists, targets, st.booleans()),
    st.builds(Compare, targets, st.sampled_from(["==", "!="]), values),
    st.builds(Compare, targets, st.sampled_from([">", ">=", "<", "<="]), comparables),
    st.builds(
        OneOf,
        targets,
        st.lists(values, min_size=2, max_size=3).map(tuple) | st.lists(values, min_size=40, max_size=40).map(tuple),
        st.booleans(),
    ),
    st.builds(lambda target, ends, negated: Between(target, *ends, negated), targets, ranges, st.booleans()),
    st.builds(Like, targets, patterns, st.booleans()),
)
pairs = st.tuples(conditions, conditions)
queries = conditions | pairs.map(And) | pairs.map(Or)


@settings(
    max_examples=100,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(region=regions(), trees=st.lists(queries, min_size=20, max_size=20))
async def test_sql_and_the_pure_evaluator_agree(
    entities: Connection, region: list[Subject], trees: list[Query]
) -> None:
    await put(entities, region)
    by_id = {one.id: one for one in region}
    for tree in trees:
        expected = {one.id for one in region if matches(tree, one, by_id.get)}
        wrong = await found(entities, tree) ^ expected
        assert not wrong, f"{tree!r} on {[by_id[id_] for id_ in wrong]!r}"


async def test_a_long_list_of_large_numbers_is_asked_too(entities: Connection) -> None:
    await entities.execute(
        """insert into entity (tenant, id, doc) values ('', 'urn:e:1', '{"a": [{"value": 1e99}]}')"""
    )
    wanted = tuple(Number(10**99 + number) for number in range(40))
    assert await found(entities, OneOf(Path(("a",)), wanted)) == {"urn:e:1"}
    assert await found(entities, OneOf(Path(("a",)), wanted[1:])) == set()


async def test_equality_is_served_by_the_index_over_twenty_thousand_entities(entities: Connection) -> None:
    await entities.execute(
        """
        insert into entity (tenant, id, types, doc, facts)
        select '', 'urn:e:' || n, array['urn:t:Car'], doc, doc
        from generate_series(1, 20000) n, format(
            '{"urn:n:seats": [{"type": "Property", "value": %s}],
              "urn:n:name": [{"type": "Property", "value": "name %s"}]}', n, n) as text, cast(text as jsonb) as doc
        """
    )
    await entities.execute("create index entity_facts on entity using gin (facts jsonb_path_ops)")
    await entities.execute("analyze entity")
    for text in (
        "<urn:n:seats>==777",
        '<urn:n:name>=="name 5","name 6"',
        "<urn:n:seats>==777;<urn:n:name>",
        "urn:n:seats==-1",
    ):
        compiler = Compiler(table="entity")
        where = compiler.query(parse(text))
        question = f"explain select id from entity e where {where}"  # noqa: S608 - the compiler binds
        lines = await entities.fetch(question, *compiler.values)
        assert any("entity_facts" in line[0] for line in lines), (text, lines)


def answer(q: str, doc: dict[str, Any]) -> bool:
    attributes = {name: value if isinstance(value, list) else [value] for name, value in doc.items()}
    return matches(parse(q), Subject(id="urn:e:1", types=["Car"], doc=attributes))


@pytest.mark.parametrize(
    ("q", "value", "expected"),
    [
        ('a=="red"', "red", True),
        ('a=="red"', ["blue", "red"], True),
        ('a!="red"', ["blue", "red"], False),
        ('a!="red"', ["blue", "green"], True),
        ('a!="30"', 30, True),
        ('a=="30"', 30, False),
        ("a==1", True, False),
        ("a==10..20", 15, True),
        ("a==10..20", 20, True),
        ("a!=10..20", 9, True),
        ('a=="x","red"', "red", True),
        ('a!="x","red"', "red", False),
        ('a>"m"', "z", True),
        ("a>5", "z", False),
        ('a~="^E"', "Eiffel", True),
        ('a!~="^E"', "Eiffel", False),
        ('a!~="^E"', 5, False),
        ("a>=2020-01-01T00:00:00Z", "2020-01-01T00:00:00.000Z", True),
        ("a>2020-01-01T00:00:00Z", "2020-01-01T00:00:00.001Z", True),
        ('a=="2020-01-01T00:00:00Z"', {"@type": "DateTime", "@value": "2020-01-01T00:00:00,0Z"}, True),
        ("a<08:30:00Z", {"@type": "Time", "@value": "08:00:00Z"}, True),
        ('a[city]=="Berlin"', {"city": "Berlin"}, True),
        ("a[city]", {"town": "Berlin"}, False),
        ('a[city]!="Berlin"', {"town": "Berlin"}, False),
        ("a[air.pm]==40", {"air": {"pm": 40}}, True),
        ("b", 1, False),
        ("b!=1", 1, False),
        ("!b", 1, True),
    ],
)
def test_a_property_is_compared_as_the_clause_says(q: str, value: Any, *, expected: bool) -> None:
    assert answer(q, {"a": {"type": "Property", "value": value}}) is expected


@pytest.mark.parametrize(
    ("q", "instance", "expected"),
    [
        ("a==urn:x:1", {"type": "Relationship", "object": "urn:x:1"}, True),
        ('a=="urn:x:1"', {"type": "Relationship", "object": ["urn:x:2", "urn:x:1"]}, True),
        ('a!="urn:x:1"', {"type": "Relationship", "object": ["urn:x:2", "urn:x:1"]}, False),
        ('a>"urn:a"', {"type": "Relationship", "object": "urn:x:1"}, False),
        ("a==urn:x:1", {"type": "ListRelationship", "objectList": ["urn:x:1"]}, True),
        ('a[en]=="red"', {"type": "LanguageProperty", "languageMap": {"fr": "rouge", "en": "red"}}, True),
        ('a[en]=="red"', {"type": "LanguageProperty", "languageMap": {"fr": "red", "en": "black"}}, False),
        ('a[en]=="red"', {"type": "LanguageProperty", "languageMap": {"en": ["red", "cat"]}}, True),
        ('a[*]=="rouge"', {"type": "LanguageProperty", "languageMap": {"fr": "rouge", "en": "red"}}, True),
        ('a[*]!="rouge"', {"type": "LanguageProperty", "languageMap": {"fr": "rouge", "en": "red"}}, False),
        ('a=="rouge"', {"type": "LanguageProperty", "languageMap": {"fr": "rouge"}}, True),
        ("a==urn:v:M", {"type": "VocabProperty", "vocab": "urn:v:M"}, True),
        ('a[v]=="x"', {"type": "JsonProperty", "json": {"v": "x"}}, True),
        ("a==2", {"type": "ListProperty", "valueList": [1, 2]}, True),
        (
            "a.observedAt>2019-01-01T00:00:00Z",
            {"type": "Property", "value": 1, "observedAt": "2020-01-01T00:00:00Z"},
            True,
        ),
        ('a.unitCode=="CEL"', {"type": "Property", "value": 1, "unitCode": "CEL"}, True),
        ("a.b>1", {"type": "Property", "value": 1, "b": [{"type": "Property", "value": 2}]}, True),
    ],
)
def test_every_kind_of_attribute_has_its_target_value(q: str, instance: dict[str, Any], *, expected: bool) -> None:
    assert answer(q, {"a": instance}) is expected


def test_an_attribute_with_several_instances_matches_when_any_does() -> None:
    both = [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:d"}]
    assert answer("a==2", {"a": both})
    assert not answer("a!=2", {"a": both})


def test_a_relationship_is_followed_as_deep_as_the_request_allows() -> None:
    tree = parse('a{b{c}}=="x"')
    with pytest.raises(BadRequestData, match="2 deep"):
        Compiler().query(tree)
    assert "linked2" in Compiler(links=2).query(tree)


async def test_a_row_the_caller_may_not_see_is_not_reached_through_a_relationship(entities: Connection) -> None:
    await put(
        entities,
        [
            Subject(id="urn:e:1", doc={"to": [{"type": "Relationship", "object": "urn:e:2"}]}),
            Subject(id="urn:e:2", doc={"age": [{"type": "Property", "value": 7}]}),
        ],
    )
    for visible, ids in (("true", ["urn:e:1"]), ("owner <> ''", [])):
        compiler = Compiler(table="entity", visible=lambda alias, rule=visible: rule.replace("owner", f"{alias}.owner"))
        where = compiler.query(parse("to{age}==7"))
        question = f"select id from entity e where {where}"  # noqa: S608 - the compiler binds
        rows = await entities.fetch(question, *compiler.values)
        assert [row["id"] for row in rows] == ids


@pytest.mark.parametrize(
    "pattern", [r"\bword", "(?i)a", r"\pL", "[[:alpha:]]", "a{300}", "^*", r"\x41", r"[\D]", r"\Qa\E"]
)
def test_a_pattern_that_means_something_else_in_sql_is_refused_there(pattern: str) -> None:
    tree = parse(f'a~="{pattern}"')
    assert isinstance(matches(tree, Subject(id="urn:e:1")), bool)
    with pytest.raises(BadRequestData, match="regular expression"):
        Compiler().query(tree)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    patterns=st.lists(
        st.lists(
            st.sampled_from(
                [
                    *'ab.|()*+?^$[]-\\"{},1 \n学ÄK',
                    r"\d",
                    r"\W",
                    r"\s",
                    r"\.",
                    r"\]",
                    "[^",
                    "[a-z",
                    "(?:",
                    "{1,2}",
                    "[]",
                    r"\A",
                    r"\z",
                ]
            ),
            max_size=7,
        ).map("".join),
        min_size=30,
        max_size=30,
    ),
    subjects=st.lists(st.text(st.sampled_from([*'ab.|-1{}[]\\" \n\v学٣ÄäK_']), max_size=5), min_size=5, max_size=5),
)
async def test_any_pattern_that_is_passed_on_finds_the_same_in_sql(
    entities: Connection, patterns: list[str], subjects: list[str]
) -> None:
    await put(entities, [Subject(id=text, doc={"a": [{"type": "Property", "value": text}]}) for text in set(subjects)])
    for pattern in patterns:
        tree = Like(Path(("a",)), unquoted_escapes(pattern))
        try:
            compiled(tree.pattern)
            Compiler().query(tree)
        except (BadRequestData, re2.error):
            continue
        expected = {text for text in subjects if compiled(tree.pattern).search(text)}
        assert await found(entities, tree) == expected, pattern
        assert await found(entities, Like(Path(("id",)), tree.pattern)) == expected, pattern


orders = st.lists(st.builds(By, paths, st.booleans(), st.booleans()), min_size=1, max_size=2)
ORIGIN = Point(135.5, 34.7)


async def sorted_by_sql(conn: Connection, terms: Sequence[By], *, handed_over: bool) -> list[str]:
    handed = None
    if handed_over and not all(map(ranking.is_plain, terms)):
        compiler = Compiler()
        table = ranking.unranked(compiler, terms)
        rows = await conn.fetch(f"select distinct s, is_place from entity e, {table}", *compiler.values)  # noqa: S608 - the compiler binds
        known: dict[str, float] = dict(
            collation.ranks([row["s"] for row in rows if not row["is_place"]], collation.ROOT)
        )
        known |= {row["s"]: away for row in rows if row["is_place"] and row["s"]
                  if (away := far(ORIGIN, orjson.loads(row["s"]))) is not None}  # fmt: skip
        handed = orjson.dumps(known).decode()
    compiler = Compiler()
    joins, order = ranking.ranked(
        compiler, terms, compiler.bind(handed, "jsonb") if handed else None, None if handed else "C"
    )
    question = f"select e.id from entity e {joins} order by {order}, e.id"  # noqa: S608 - the compiler binds
    return [row["id"] for row in await conn.fetch(question, *compiler.values)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(regions(), orders)
async def test_sql_orders_as_the_evaluator_does(entities: Connection, region: list[Subject], terms: list[By]) -> None:
    await put(entities, region)
    by_value = [By(term.path, term.descending) for term in terms]
    assert await sorted_by_sql(entities, by_value, handed_over=False) == [one.id for one in in_order(region, by_value)]
    in_root_order = in_order(region, terms, collate=collation.ROOT.key, distance=lambda value: far(ORIGIN, value))
    assert await sorted_by_sql(entities, terms, handed_over=True) == [one.id for one in in_root_order]


async def test_sql_orders_places_by_distance_whatever_their_shape(entities: Connection) -> None:
    places = {
        "urn:e:far": {"type": "Point", "coordinates": [139.7, 35.7]},
        "urn:e:line": {"type": "LineString", "coordinates": [[135.6, 34.7], [140, 34.7]]},
        "urn:e:near": {"type": "Point", "coordinates": [135.51, 34.7]},
        "urn:e:text": "Sakai",
    }
    region = [
        Subject(id=id_, doc={NAMES[0]: [{"type": "GeoProperty", "value": place}]}) for id_, place in places.items()
    ]
    await put(entities, [*region, Subject(id="urn:e:zero")])
    away = [By(Path((NAMES[0],)), distance=True)]
    expected = ["urn:e:near", "urn:e:line", "urn:e:far", "urn:e:text", "urn:e:zero"]
    assert await sorted_by_sql(entities, away, handed_over=True) == expected
    assert [one.id for one in in_order([*region, Subject(id="urn:e:zero")], away, collate=collation.ROOT.key,
                                       distance=lambda value: far(ORIGIN, value))] == expected  # fmt: skip

"""The query language is read as CIM 009 §4.9 writes it, and wrong text is refused with its place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.query.q import parse
from hiroba.exchange.broker.query.tree import (
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
from hiroba.exchange.broker.query.write import write

names = st.sampled_from(["speed", "名前", "rawdata_2", "Überholung", "https://example.org/a.b", "urn:x:y"])
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
members = st.lists(texts | st.sampled_from(["city", "en", "zh-Hans"]), max_size=2).map(tuple) | st.just(("*",))
reserved = st.sampled_from(["observedAt", "unitCode"])
paths = st.builds(
    lambda first, last, inside: Path((*first, *last), inside),
    st.lists(names, min_size=1, max_size=2),
    st.lists(reserved, max_size=1),
    members,
)
targets: Any = st.recursive(
    paths, lambda inner: st.builds(Linked, names, inner, st.lists(names, max_size=2).map(tuple)), max_leaves=3
)

instants = st.datetimes().map(lambda moment: Instant(moment.isoformat() + "Z"))
days = st.dates().map(lambda day: Day(day.isoformat()))
clocks = st.times().map(lambda time: Clock(time.isoformat() + "Z"))
numbers = (st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)).map(Number)
comparables = st.one_of(numbers, texts.map(Text), instants, days, clocks)
words = st.sampled_from(["commercial", "urn:ngsi-ld:City:Pisa", "http://example.org/a?b=c&d=~e#f"]).map(Word)
values = st.one_of(comparables, st.booleans().map(Flag), words)
patterns = st.sampled_from(["^a", 'say "hi"', r"\d+;x|y", "(a|b)$", "[)|;]", r"\\", "小学校"])
ranges = st.one_of([st.tuples(kind, kind) for kind in (numbers, texts.map(Text), instants, days, clocks)])
conditions = st.one_of(
    st.builds(Exists, targets, st.booleans()),
    st.builds(Compare, targets, st.sampled_from(["==", "!="]), values),
    st.builds(Compare, targets, st.sampled_from([">", ">=", "<", "<="]), comparables),
    st.builds(OneOf, targets, st.lists(values, min_size=2, max_size=4).map(tuple), st.booleans()),
    st.builds(lambda target, ends, negated: Between(target, *ends, negated), targets, ranges, st.booleans()),
    st.builds(Like, targets, patterns, st.booleans()),
)


def joined(inner: Any) -> Any:
    terms = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(And, terms) | st.builds(Or, terms)


queries: Any = st.recursive(conditions, joined, max_leaves=6)


def at(*names: str) -> Path:
    return Path(names)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("temperature", Exists(at("temperature"))),
        ("!heading", Exists(at("heading"), negated=True)),
        ("temperature==20", Compare(at("temperature"), "==", Number(20))),
        ("n>-1.5e3", Compare(at("n"), ">", Number(-1500.0))),
        ('brandName!="Mercedes"', Compare(at("brandName"), "!=", Text("Mercedes"))),
        ('name=="a \\"b\\" \\u3042;|)"', Compare(at("name"), "==", Text('a "b" あ;|)'))),
        ("open==true", Compare(at("open"), "==", Flag(value=True))),
        ("in==urn:ngsi-ld:City:Pisa", Compare(at("in"), "==", Word("urn:ngsi-ld:City:Pisa"))),
        ("category==commercial", Compare(at("category"), "==", Word("commercial"))),
        (
            "t.observedAt>=2017-12-24T12:00:00Z",
            Compare(at("t", "observedAt"), ">=", Instant("2017-12-24T12:00:00Z")),
        ),
        ("level!=4..5", Between(at("level"), Number(4), Number(5), negated=True)),
        ('c=="black","red"', OneOf(at("c"), (Text("black"), Text("red")))),
        ('address[city]=="Berlin"', Compare(Path(("address",), ("city",)), "==", Text("Berlin"))),
        ("sensor.rawdata[air.pm]==40", Compare(Path(("sensor", "rawdata"), ("air", "pm")), "==", Number(40))),
        ('color[*]=="rouge"', Compare(Path(("color",), ("*",)), "==", Text("rouge"))),
        ("sensor{Device:humidity}==40", Compare(Linked("sensor", at("humidity"), ("Device",)), "==", Number(40))),
        ("s{A,B:h.x}", Exists(Linked("s", at("h", "x"), ("A", "B")))),
        ("owner{works{name}}", Exists(Linked("owner", Linked("works", at("name"))))),
        ('name!~="^Eiffel"', Like(at("name"), "^Eiffel", negated=True)),
        (r'name~="\d+;\"x\""', Like(at("name"), r'\d+;"x"')),
        ("name~=^(a|b)$;open", And((Like(at("name"), "^(a|b)$"), Exists(at("open"))))),
        ("a;b|c", Or((And((Exists(at("a")), Exists(at("b")))), Exists(at("c"))))),
        ("a;(b|c)", And((Exists(at("a")), Or((Exists(at("b")), Exists(at("c"))))))),
        ("((a))", Exists(at("a"))),
        ("https://e.org/a.b.observedAt>2020-01-01T00:00:00,5Z",
         Compare(at("https://e.org/a.b", "observedAt"), ">", Instant("2020-01-01T00:00:00,5Z"))),
        ("<https://e.org/a>.<urn:x:b>", Exists(at("https://e.org/a", "urn:x:b"))),
        ("ex:speed<3", Compare(at("ex:speed"), "<", Number(3))),
    ],
)  # fmt: skip
def test_a_query_is_read_as_the_clause_writes_it(text: str, tree: Query) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("a==", 4),
        ("a;", 3),
        ("(a", 3),
        ("a)", 2),
        ("a==1..", 7),
        ('a==1.."x"', 7),
        ("a>true", 3),
        ("a>urn:x:y", 3),
        ('a=="open', 4),
        ('a=="\\q"', 4),
        ("a==1,", 6),
        ("a>1,2", 4),
        ("1a", 1),
        ("a==2020-02-30", 4),
        ("a==1e400", 4),
        ("a~=(", 4),
        ('a~="(?=b)"', 4),
        ("a~=(a)\\1", 4),
        ("a[b", 4),
        ("a[]", 3),
        ("a{b", 4),
        ("a{b,c}", 6),
        ("a.b{c}", 4),
        ("a==\x00", 4),
    ],
)
def test_a_wrong_query_is_refused_with_its_place(text: str, place: int) -> None:
    with pytest.raises(BadRequestData, match=f"character {place} "):
        parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a" * 8193, "8193 bytes"),
        ("(" * 51 + "a" + ")" * 51, "deeper than 50"),
        (".".join(["a"] * 51), "at most 50 names"),
        (f"a[{'.'.join(['a'] * 51)}]", "at most 50 members"),
        ("a{" * 51 + "a" + "}" * 51, "deeper than 50"),
        (";".join(["a"] * 201), "more than 200"),
        ("a==" + ",".join(["1"] * 1001), "at most 1000"),
        ("a==" + "1" * 101, "at most 100 char"),
        ("a~=" + "x" * 1001, "1 to 1000 characters"),
        ("a~=((a{100}){100}){100}", "RE2"),
    ],
)
def test_a_query_has_bounds(text: str, words: str) -> None:
    with pytest.raises(BadRequestData, match=words):
        parse(text)


@given(queries)
def test_any_tree_written_and_parsed_is_the_same_tree(tree: Query) -> None:
    assert parse(write(tree)) == tree


@given(
    st.text()
    | st.lists(
        st.sampled_from([*'a1";|(){}[]<>=!~.,*\\:-Z', "==", "..", "urn:", "2020-01-01", "T00:00:00Z", "\ud800"]),
        max_size=20,
    ).map("".join)
)
def test_whatever_the_text_only_bad_request_data_is_raised(text: str) -> None:
    try:
        tree = parse(text)
    except BadRequestData:
        return
    assert parse(write(tree)) == tree


def test_names_become_iris_but_members_stay() -> None:
    tree = parse('t.accuracy.observedAt>1;id=="urn:x";type==Car;g==Male;s{Car:observedAt.n[observedAt]}')
    expanded = resolve(tree, lambda name: f"a:{name}", lambda name: f"t:{name}", frozenset({"g"}))
    assert expanded == And(
        (
            Compare(at("a:t", "a:accuracy", "observedAt"), ">", Number(1)),
            Compare(at("id"), "==", Text("urn:x")),
            Compare(at("type"), "==", Word("t:Car")),
            Compare(at("a:g"), "==", Word("t:Male")),
            Exists(Linked("a:s", Path(("a:observedAt", "a:n"), ("observedAt",)), ("t:Car",))),
        )
    )

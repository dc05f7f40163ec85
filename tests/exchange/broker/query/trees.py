"""Queries made by Hypothesis: any tree the parser can give."""

from typing import Any

from hypothesis import strategies as st

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
    Text,
    Word,
)

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

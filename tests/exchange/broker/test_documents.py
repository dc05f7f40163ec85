"""JSON-LD in and out: what was read is written the same; arbitrary documents are read or refused, never anything else."""

from contextlib import suppress
from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from hiroba.exchange.broker.contexts.context import CORE, Context, flatten
from hiroba.exchange.broker.documents import reading, writing
from hiroba.exchange.broker.edits import create
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest, NgsiLdProblem
from hiroba.exchange.broker.model import Key
from hiroba.exchange.broker.ngsi_ld.http import parse

NOW = datetime(2026, 11, 20, tzinfo=UTC)
NAMES = st.from_regex(r"[a-z][a-zA-Z0-9]{0,10}", fullmatch=True).filter(
    lambda name: name not in {"id", "type", "scope"} and name not in CORE.terms
)
URIS = NAMES.map(lambda name: f"urn:ngsi-ld:Thing:{name}")
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20).filter(
    lambda text: text != "urn:ngsi-ld:null"
)
SCALARS = st.one_of(
    st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
POINTS = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(lambda at: {"type": "Point", "coordinates": list(at)})


def with_members(carrier: st.SearchStrategy[dict]) -> st.SearchStrategy[dict]:
    members = st.fixed_dictionaries(
        {}, optional={"observedAt": st.just("2026-01-01T00:00:00Z"), "unitCode": st.just("CEL"), "datasetId": URIS}
    )
    return st.tuples(carrier, members).map(lambda pair: pair[0] | pair[1])


ATTRIBUTES = st.one_of(
    with_members(VALUES.map(lambda value: {"type": "Property", "value": value})),
    with_members(URIS.map(lambda uri: {"type": "Relationship", "object": uri})),
    POINTS.map(lambda point: {"type": "GeoProperty", "value": point}),
    st.dictionaries(st.sampled_from(["ja", "en", "@none"]), TEXTS, min_size=1).map(
        lambda texts: {"type": "LanguageProperty", "languageMap": texts}
    ),
    NAMES.map(lambda name: {"type": "VocabProperty", "vocab": name}),
    VALUES.map(lambda value: {"type": "JsonProperty", "json": value}),
    st.lists(SCALARS, max_size=3).map(lambda items: {"type": "ListProperty", "valueList": items}),
)
ENTITIES = st.tuples(URIS, NAMES, st.dictionaries(NAMES, ATTRIBUTES, max_size=4)).map(
    lambda parts: {"id": parts[0], "type": parts[1], **parts[2]}
)
CONTEXTS = st.sampled_from([
    CORE,
    Context(flatten([{"ex": "https://example.org/", "speed": "ex:speed", "a": {"@id": "ex:b"}}]), "https://example.org/c"),
    Context(flatten([{"@vocab": "https://example.org/v#"}]), "https://example.org/v"),
])  # fmt: skip


def kept(document: dict, context: Context):
    fragment = reading.fragment(document, context, whole=True)
    return create(fragment, "")(Key("", "", fragment.id), None, NOW).after


@given(ENTITIES, CONTEXTS)
def test_a_normalized_entity_comes_back_as_it_went_in(document, context) -> None:
    assert writing.write(kept(document, context), writing.Shape(context=context)) == document


@given(ENTITIES, CONTEXTS)
def test_the_concise_form_of_an_entity_is_read_as_the_same_entity(document, context) -> None:
    entity = kept(document, context)
    concise = writing.write(entity, writing.Shape(context=context, format="concise"))
    assert kept(concise, context) == entity


JSON = st.recursive(
    st.one_of(st.none(), SCALARS, st.just("urn:ngsi-ld:null"), st.sampled_from(["Property", "Point", "@context"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                TEXTS,
                st.just(""),
                st.sampled_from(["id", "type", "value", "object", "coordinates", "location", "scope"]),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(JSON, st.booleans(), st.booleans())
def test_any_json_is_read_or_refused(document, whole, merging) -> None:
    with suppress(NgsiLdProblem):
        reading.fragment(document, CORE, whole=whole, merging=merging)


@given(JSON)
def test_any_attribute_fragment_is_read_or_refused(document) -> None:
    with suppress(NgsiLdProblem):
        reading.attribute(document, "speed", CORE)


@given(st.one_of(st.binary(max_size=60), JSON.map(orjson.dumps)))
def test_any_bytes_are_json_or_refused(body) -> None:
    with suppress(InvalidRequest, BadRequestData):
        parse(body)


@given(
    st.dictionaries(st.one_of(NAMES, st.just("@vocab")), st.one_of(TEXTS, NAMES, st.none(), st.just("a:b")), max_size=6)
)
def test_any_context_gives_names_or_is_refused(terms) -> None:
    with suppress(BadRequestData):
        context = Context(flatten([terms]), None)
        assert context.expand("location") == "https://uri.etsi.org/ngsi-ld/location"

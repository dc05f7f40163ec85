"""JSON-LD in and out: what was read is written the same; arbitrary documents are read or refused, never anything else."""

from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
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


MEMBERS = {
    "observedAt": st.just("2026-01-01T00:00:00Z"),
    "datasetId": URIS,
}
DEEPER = st.dictionaries(
    NAMES,
    st.one_of(
        SCALARS.map(lambda value: {"type": "Property", "value": value}),
        URIS.map(lambda uri: {"type": "Relationship", "object": uri}),
    ),
    max_size=2,
)


def with_members(carrier: st.SearchStrategy[dict], **more: st.SearchStrategy[str]) -> st.SearchStrategy[dict]:
    members = st.fixed_dictionaries({}, optional={**MEMBERS, **more})
    return st.tuples(DEEPER, carrier, members).map(lambda parts: parts[0] | parts[1] | parts[2])


UNIT = {"unitCode": st.just("CEL")}
ATTRIBUTES = st.one_of(
    with_members(VALUES.map(lambda value: {"type": "Property", "value": value}), valueType=NAMES, **UNIT),
    with_members(URIS.map(lambda uri: {"type": "Relationship", "object": uri}), objectType=NAMES),
    with_members(st.lists(URIS, min_size=1, max_size=3).map(lambda uris: {"type": "Relationship", "object": uris})),
    with_members(POINTS.map(lambda point: {"type": "GeoProperty", "value": point})),
    with_members(
        st.dictionaries(st.sampled_from(["ja", "en", "@none"]), TEXTS, min_size=1).map(
            lambda texts: {"type": "LanguageProperty", "languageMap": texts}
        ),
        valueType=st.just("langString"),
    ),
    with_members(NAMES.map(lambda name: {"type": "VocabProperty", "vocab": name})),
    with_members(st.lists(NAMES, min_size=1, max_size=3).map(lambda names: {"type": "VocabProperty", "vocab": names})),
    with_members(VALUES.map(lambda value: {"type": "JsonProperty", "json": [value]})),
    with_members(st.lists(SCALARS, max_size=3).map(lambda items: {"type": "ListProperty", "valueList": items}), **UNIT),
    with_members(
        st.lists(URIS, max_size=3).map(
            lambda uris: {"type": "ListRelationship", "objectList": [{"object": uri} for uri in uris]}
        ),
        objectType=NAMES,
    ),
)
SEVERAL = st.lists(ATTRIBUTES, min_size=2, max_size=3, unique_by=lambda part: part.get("datasetId", ""))
"""Instances of one attribute, at most one of them without a dataset (§4.5.5)."""
ENTITIES = st.tuples(URIS, NAMES, st.dictionaries(NAMES, st.one_of(ATTRIBUTES, SEVERAL), max_size=4)).map(
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


SIMPLE = st.one_of(
    SCALARS,
    st.lists(VALUES, max_size=3),
    POINTS,
    st.dictionaries(st.sampled_from(["ja", "en"]), TEXTS, min_size=1).map(lambda texts: {"languageMap": texts}),
    NAMES.map(lambda name: {"vocab": name}),
    VALUES.map(lambda value: {"json": {"a": value}}),
)
PLAIN = st.tuples(URIS, NAMES, st.dictionaries(NAMES, SIMPLE, max_size=4)).map(
    lambda parts: {"id": parts[0], "type": parts[1], **parts[2]}
)


@given(PLAIN, CONTEXTS)
def test_a_simplified_entity_comes_back_as_it_went_in(document, context) -> None:
    assert writing.write(kept(document, context), writing.Shape(context=context, format="simplified")) == document


def test_objects_in_a_list_that_only_look_like_instances_are_a_plain_value() -> None:
    parts = [{"name": "a", "value": 1}, {"name": "b", "value": 2}]
    document = {"id": "urn:x:1", "type": "T", "parts": parts}
    assert writing.write(kept(document, CORE), writing.Shape(context=CORE, format="simplified")) == document


def test_a_context_may_call_id_and_type_by_other_names() -> None:
    context = Context(flatten([{"identifier": "@id", "kind": "@type"}]), None)
    document = {"identifier": "urn:x:1", "kind": "T", "a": {"kind": "Property", "value": 1}}
    assert writing.write(kept(document, context), writing.Shape(context=context)) == {
        "id": "urn:x:1", "type": "T", "a": {"type": "Property", "value": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    "attribute",
    [
        {"type": "Property", "value": 1, "entityIdSealed": "urn:x:1"},
        {"type": "Property", "value": 1, "entity": {}},
        {"type": "Property", "value": 1, "previousObject": "urn:x:1"},
        {"type": "Relationship", "object": "urn:x:1", "unitCode": "CEL"},
        {"type": "JsonProperty", "json": 5},
        {"type": "LanguageProperty", "languageMap": {"ja": "a"}, "valueType": "string"},
        {"type": "GeoProperty", "value": "no geometry"},
        {"type": "Text", "value": "NGSIv2"},
        {"type": "Property", "value": 1, "9a": 1},
        {"type": "Property", "value": 1, "ngsildproof": {"type": "Property", "value": "no object"}},
    ],
)
def test_members_that_a_kind_of_attribute_cannot_have_are_refused(attribute) -> None:
    with pytest.raises(BadRequestData):
        kept({"id": "urn:x:1", "type": "T", "a": attribute}, CORE)


@pytest.mark.parametrize("place", ["location", "observationSpace", "operationSpace"])
def test_the_places_of_the_core_are_geoproperties(place) -> None:
    with pytest.raises(BadRequestData, match="GeoProperty"):
        kept({"id": "urn:x:1", "type": "T", place: "there"}, CORE)
    text = {"type": "GeoProperty", "value": '{"type": "Point", "coordinates": [135.5, 34.5]}'}
    written = writing.write(kept({"id": "urn:x:1", "type": "T", place: text}, CORE), writing.Shape(context=CORE))
    assert written[place]["value"] == {"type": "Point", "coordinates": [135.5, 34.5]}


def test_none_as_a_dataset_is_the_default_one() -> None:
    document = {"id": "urn:x:1", "type": "T", "a": [{"type": "Property", "value": 1, "datasetId": "@none"},
                                                   {"type": "Property", "value": 2, "datasetId": "urn:d:1"}]}  # fmt: skip
    written = writing.write(kept(document, CORE), writing.Shape(context=CORE))
    assert written["a"][0] == {"type": "Property", "value": 1}


@pytest.mark.parametrize("code", [0x202E, 0x200B, 0xFEFF, 0xFE0F, 0xE0100, 0xFDD0, 0xFFFE, 0x3164, 0x2800])
def test_what_nobody_can_see_is_in_no_id(code) -> None:
    with pytest.raises(BadRequestData):
        kept({"id": f"urn:x:a{chr(code)}b", "type": "T"}, CORE)


def test_an_id_in_japanese_is_fine() -> None:
    assert kept({"id": "urn:x:堺市", "type": "避難所"}, CORE).key.id == "urn:x:堺市"


@pytest.mark.parametrize(
    "terms",
    [
        {f"t{n}": f"t{n + 1}:x" for n in range(20_000)} | {"t20000": "https://e.org/"},
        {f"t{n}": f"t{n + 1}" for n in range(40_000)},
        {f"t{n}": "p:x" for n in range(40_000)} | {"p": "https://e.org/" + "x" * 1900},
        {f"t{n}": "e:x" for n in range(60_000)},
    ],
    ids=["chain of prefixes", "chain of terms", "one long prefix", "too many"],
)
def test_a_context_made_to_be_costly_is_worked_out_once_per_term_or_refused(terms) -> None:
    with suppress(BadRequestData):
        context = Context(flatten([terms]), None)
        assert context.expand("t0") == context.expand("t39999")


def test_names_are_shortened_by_the_terms_and_prefixes_that_would_expand_to_them() -> None:
    context = Context(
        flatten([
            {"ex": "https://e.org/", "exa": {"@id": "https://e.org/a/"}, "pre": {"@id": "https://p.org/x", "@prefix": True},
             "speed": {"@id": "ex:speed", "@type": "xsd:double"}, "friend": {"@id": "ex:friend", "@type": "@id"}},
        ]), None,
    )  # fmt: skip
    assert context.compact("https://e.org/speed") == "speed"
    assert context.compact("https://e.org/other") == "ex:other"
    assert context.compact("https://e.org/a/b") == "ex:a/b"
    assert context.compact("https://nowhere.org/x") == "https://nowhere.org/x"
    assert context.expand("exa:b") == "https://e.org/a/b"
    vocabulary = Context(flatten([{"@vocab": "https://v.org/"}]), None)
    assert vocabulary.compact("https://uri.etsi.org/ngsi-ld/default-context/a") == "ngsi-ld:default-context/a"
    assert vocabulary.compact("https://v.org/a") == "a"


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

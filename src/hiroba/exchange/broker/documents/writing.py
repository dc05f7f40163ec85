"""An entity as it leaves: normalized, concise, simplified or GeoJSON, names compacted by the caller's context (CIM 009 §4.5)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
import orjson

from hiroba.base import clock
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.errors import InvalidRequest
from hiroba.exchange.broker.geometry import LOCATION
from hiroba.exchange.broker.model import DELETED, NULL, VALUE_OF, Entity, Fragment, Instance, dataset

Format = Literal["normalized", "concise", "simplified"]


class Links(msgspec.Struct, frozen=True):
    """Entities that relationships lead to, to be written inside those that link to them (§4.5.23.2)."""

    found: Mapping[str, Entity]
    levels: int
    met: frozenset[str] = frozenset()
    """What stands around already, or was met by the caller: it is not written again."""

    def around(self, id_: str) -> "Links":
        """The same while an entity is being written, which is not written again inside itself."""
        return Links(self.found, self.levels, self.met | {id_})

    def leads_to(self, id_: str) -> bool:
        """Whether an entity is written where a relationship points to it."""
        return id_ in self.found and id_ not in self.met

    def below(self) -> "Links | None":
        """What may still be written inside the entities that are linked to."""
        return Links(self.found, self.levels - 1, self.met) if self.levels > 1 else None


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How entities are wanted."""

    context: Context
    format: Format = "normalized"
    geojson: bool = False
    system: bool = False
    """Whether createdAt, modifiedAt and expiresAt are wanted (sysAttrs)."""
    attrs: frozenset[str] | None = None
    """Only these attributes (IRIs)."""
    omit: frozenset[str] = frozenset()
    """None of these attributes (IRIs)."""
    members: frozenset[str] | None = None
    """Which of id, type and scope stay when attributes were picked; None: all."""
    hidden: frozenset[str] = frozenset()
    """Which of type and scope are omitted."""
    languages: str = ""
    """`lang`: a LanguageProperty becomes a Property in the best of these (§4.15)."""
    datasets: frozenset[str] | None = None
    """Only instances of these datasets; '' is the default one."""
    geometry: str = LOCATION
    """The GeoProperty (IRI) that becomes the geometry of a GeoJSON feature."""
    with_context: bool = False
    """Whether the entity carries its @context."""
    inner: Mapping[str, "Shape"] = {}
    """How the entities that a relationship (IRI) leads to are wanted, where a projection says so."""
    rest: "Shape | None" = None
    """How all other linked entities are wanted; None: in the same way."""
    links: Links | None = None
    """The linked entities that are written inside this one."""

    def shows(self, name: str) -> bool:
        """Whether an attribute is wanted."""
        return (self.attrs is None or name in self.attrs) and name not in self.omit

    def chosen(self, instances: Sequence[Instance]) -> Sequence[Instance]:
        """Those of an attribute's instances that are wanted."""
        return instances if self.datasets is None else [part for part in instances if dataset(part) in self.datasets]

    def below(self, name: str) -> "Shape":
        """How the entities that a relationship leads to are wanted."""
        return self.inner.get(name) or self.rest or self


def write(entity: Entity, shape: Shape) -> dict[str, Any]:
    """The entity in the shape that is wanted."""
    if shape.geojson:
        return _feature(entity, shape)
    written = head(entity, shape)
    written |= _attributes(entity, shape)
    return written


def head(entity: Entity, shape: Shape) -> dict[str, Any]:
    """What an entity says of itself: id, type, scope and, where wanted, its times."""
    compact = shape.context.compact
    members = shape.members
    written: dict[str, Any] = {}
    if (members is None or "id" in members) and "id" not in shape.hidden:
        written["id"] = entity.key.id
    if (members is None or "type" in members) and "type" not in shape.hidden:
        written["type"] = (
            compact(entity.types[0]) if len(entity.types) == 1 else [compact(name) for name in entity.types]
        )
    if entity.scopes and (members is None or "scope" in members) and "scope" not in shape.hidden:
        written["scope"] = entity.scopes[0] if len(entity.scopes) == 1 else list(entity.scopes)
    if shape.system:
        if entity.expires is not None:
            written["expiresAt"] = clock.iso(entity.expires)
        written["createdAt"] = clock.iso(entity.created)
        written["modifiedAt"] = clock.iso(entity.modified)
    return written


def _attributes(entity: Entity, shape: Shape) -> dict[str, Any]:
    written: dict[str, Any] = {}
    compact = shape.context.compact
    one: Write = _ONE[shape.format]
    links = shape.links.around(entity.key.id) if shape.links is not None else None
    shows_all = shape.attrs is None and not shape.omit
    for name, instances in entity.doc.items():
        if not (shows_all or shape.shows(name)):
            continue
        if links is not None:
            inside = msgspec.structs.replace(shape.below(name), geojson=False, links=links.below())
            one = _linking(_ONE[shape.format], links, inside)
        chosen = instances if shape.datasets is None else shape.chosen(instances)
        if not chosen:
            continue
        if len(chosen) == 1 and (shape.format != "simplified" or "datasetId" not in chosen[0]):
            written[compact(name)] = one(chosen[0], shape)
        elif shape.format == "simplified":
            written[compact(name)] = {"dataset": {dataset(part) or "@none": one(part, shape) for part in chosen}}
        else:
            written[compact(name)] = [one(part, shape) for part in chosen]
    return written


_AS_STORED: Final = frozenset({
    "type", "value", "object", "languageMap", "json", "valueList", "unitCode", "observedAt", "datasetId",
})  # fmt: skip
"""Members that leave as they are kept: nearly all, so they are looked for first."""
_TIMES: Final = frozenset({"createdAt", "modifiedAt", "expiresAt"})


def _normalized(instance: Instance, shape: Shape) -> Any:
    if DELETED in instance:
        return {"type": "Property", "value": NULL} | ({"datasetId": instance["datasetId"]} if dataset(instance) else {})
    written: dict[str, Any] = {}
    compact = shape.context.compact
    kind = instance.get("type", "")
    for member, value in instance.items():
        if member in _AS_STORED:
            written[member] = value
        elif member in _TIMES:
            if shape.system:
                written[member] = value
        elif ":" in member:
            parts = [_normalized(part, shape) for part in value]
            written[compact(member)] = parts[0] if len(parts) == 1 else parts
        elif member in _NAMES and value != NULL:
            written[member] = _vocab(value, shape)
        elif member in {"objectList", "previousObjectList"} and value != NULL:
            written[member] = [{"object": part} for part in value]
        else:
            written[member] = value
    if kind == "LanguageProperty" and shape.languages and "languageMap" in written:
        chosen, text = _best(written.pop("languageMap"), shape.languages)
        written |= {"type": "Property", "value": text} | ({"lang": chosen} if chosen else {})
    return written


def _concise(instance: Instance, shape: Shape) -> Any:
    """Normalized without what can be inferred: the type, and the wrapping of a value that stands alone (§4.5.2.3)."""
    written = _untyped(instance, shape)
    if instance["type"] in {"Property", "GeoProperty"} and set(written) == {"value"}:
        value = written["value"]
        is_nested = isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(part, dict) for part in value)
        )
        return written if is_nested and instance["type"] == "Property" else value
    return written


def _untyped(instance: Instance, shape: Shape) -> dict[str, Any]:
    written: dict[str, Any] = _normalized(instance, shape)
    for name, value in instance.items():
        if ":" in name:
            parts = [_concise(part, shape) for part in value]
            written[shape.context.compact(name)] = parts[0] if len(parts) == 1 else parts
    del written["type"]
    return written


def _simplified(instance: Instance, shape: Shape) -> Any:
    """The value alone; language maps, vocab and JSON keep a wrapper that tells them from plain objects (§4.5.4)."""
    kind = instance["type"]
    member = VALUE_OF[kind]
    value = instance[member]
    if kind == "LanguageProperty":
        return _best(value, shape.languages)[1] if shape.languages else {"languageMap": value}
    if kind == "VocabProperty":
        return {"vocab": _vocab(value, shape)}
    if kind == "JsonProperty":
        return {"json": value}
    return value


_NAMES: Final = frozenset({"vocab", "previousVocab", "objectType", "valueType", "entityTypeSealed"})
"""Members whose values are names."""
Write = Callable[[Instance, Shape], Any]
_ONE: Mapping[Format, Write] = {"normalized": _normalized, "concise": _concise, "simplified": _simplified}


def targets(instance: Instance) -> list[str]:
    """The ids an instance of an attribute points to."""
    found: Any = instance.get("object", instance.get("objectList", ()))
    return [found] if isinstance(found, str) else list(found)


def _linking(one: Write, links: Links, inside: Shape) -> Write:
    """The same writing, and in a Relationship the entities it leads to: `entity`, `entityList`, or in place of their ids."""

    def linking(instance: Instance, shape: Shape) -> Any:
        written = one(instance, shape)
        there = {id_: write(links.found[id_], inside) for id_ in targets(instance) if links.leads_to(id_)}
        if not there:
            return written
        if shape.format == "simplified":
            return [there.get(id_, id_) for id_ in written] if isinstance(written, list) else there[written]
        if "objectList" in instance:
            return written | {"entityList": list(there.values())}
        return written | {
            "entity": list(there.values()) if isinstance(instance["object"], list) else there[instance["object"]]
        }

    return linking


def instance(stored: Instance, shape: Shape) -> dict[str, Any]:
    """One instance of an attribute, normalized or concise, never bare: more may be said of it."""
    written: dict[str, Any] = (_untyped if shape.format == "concise" else _normalized)(stored, shape)
    return written


def value(stored: Instance, shape: Shape) -> Any:
    """The value of one instance, as the simplified representation has it."""
    return _simplified(stored, shape)


def _vocab(value: Any, shape: Shape) -> Any:
    return [shape.context.compact(part) for part in value] if isinstance(value, list) else shape.context.compact(value)


def _best(texts: dict[str, Any], wishes: str) -> tuple[str, Any]:
    """The language that `lang` likes best, and its text; what no wish names falls to @none, English, or the first (§4.15)."""
    ranked = sorted(enumerate(wishes.split(",")), key=lambda wish: (-_weight(wish[1]), wish[0]))
    for _, wish in ranked:
        language = wish.split(";")[0].strip()
        if language == "*" and texts:
            break
        exact = [known for known in texts if known.lower() == language.lower()]
        alike = [known for known in texts if known.lower().split("-")[0] == language.lower().split("-")[0]]
        for known in (*exact, *alike):
            return known, texts[known]
    for fallback in ("@none", "en"):
        if fallback in texts:
            return fallback, texts[fallback]
    first = next(iter(texts))
    return first, texts[first]


def _weight(wish: str) -> float:
    try:
        return float(wish.partition(";q=")[2] or 1)
    except ValueError:
        return 0.0


def _feature(entity: Entity, shape: Shape) -> dict[str, Any]:
    """The entity as a GeoJSON Feature (§4.5.16)."""
    places = [part for part in entity.doc.get(shape.geometry, ()) if part.get("type") == "GeoProperty"]
    chosen = next((part for part in places if not dataset(part)), places[0] if places else None)
    members = head(entity, shape)
    id_ = members.pop("id", entity.key.id)
    feature = {
        "id": id_,
        "type": "Feature",
        "geometry": chosen["value"] if chosen else None,
        "properties": members | _attributes(entity, shape),
    }
    if shape.with_context:
        feature["@context"] = shape.context.source
    return feature


def collection(entities: Collection[Entity], shape: Shape) -> Any:
    """Entities as an array, or as a GeoJSON FeatureCollection (§4.5.17)."""
    return collected([(entity, shape) for entity in entities], shape)


def collected(pairs: Collection[tuple[Entity, Shape]], shape: Shape) -> Any:
    """The same, each entity in a shape of its own."""
    if shape.geojson:
        features = [write(entity, msgspec.structs.replace(its, with_context=False)) for entity, its in pairs]
        return {"type": "FeatureCollection", "features": features} | _context(shape)
    return [write(entity, its) | _context(shape) for entity, its in pairs]


def single(entity: Entity, shape: Shape) -> dict[str, Any]:
    """One entity, with its @context where the caller takes JSON-LD."""
    return write(entity, shape) if shape.geojson else write(entity, shape) | _context(shape)


def _context(shape: Shape) -> dict[str, Any]:
    return {"@context": shape.context.source} if shape.with_context else {}


def fragment(part: Fragment, context: Context) -> dict[str, Any]:
    """A fragment as the document that says it, for another broker to read; it has no @context."""
    written: dict[str, Any] = {"id": part.id} if part.id else {}
    if part.types:
        written["type"] = _several([context.compact(name) for name in part.types])
    if part.scopes is not None:
        written["scope"] = _several(list(part.scopes)) if part.scopes else NULL
    if part.expires is not None:
        written["expiresAt"] = clock.iso(part.expires)
    return written | {context.compact(name): attribute(instances, context) for name, instances in part.doc.items()}


def attribute(instances: Sequence[Instance], context: Context) -> Any:
    """The instances of an attribute, or the parts of them that a fragment says, as a document."""
    return _several([_normalized(instance, Shape(context=context)) for instance in instances])


def _several(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else parts


def text(value: Any) -> str:
    """A JSON value as text."""
    return orjson.dumps(value).decode()


def format_of(name: str) -> Format:
    """The format a `format` or `options` word asks for."""
    found: dict[str, Format] = {
        "normalized": "normalized",
        "concise": "concise",
        "simplified": "simplified",
        "keyValues": "simplified",
    }
    if name not in found:
        raise InvalidRequest(f"format is normalized, concise, simplified or keyValues, not {name!r}.")
    return found[name]

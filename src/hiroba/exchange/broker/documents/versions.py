"""An entity as an earlier version of NGSI-LD knows it: what came later is said in older words or left out (CIM 009 §4.3.6.8)."""

from collections.abc import Mapping
from typing import Any, Final

from hiroba.exchange.broker.model import VALUE_OF

Version = tuple[int, int]
NEWEST: Final[Version] = (1, 9)
MANY: Final[Version] = (1, 3)
"""Since then an entity has several types, and an attribute several instances."""
KINDS: Final[Mapping[str, tuple[Version, str]]] = {
    "LanguageProperty": ((1, 4), "Property"),
    "JsonProperty": ((1, 8), "Property"),
    "VocabProperty": ((1, 8), "Property"),
    "ListProperty": ((1, 8), "Property"),
    "ListRelationship": ((1, 8), "Relationship"),
}
"""Kinds of attributes: since when, and what they were before."""
ENTITY_MEMBERS: Final[Mapping[str, Version]] = {"expiresAt": (1, 9), "scope": (1, 4)}
MEMBERS: Final[Mapping[str, Version]] = {
    "datasetId": (1, 3),
    "expiresAt": (1, 9),
    "observedAt": (1, 3),
    "unitCode": (1, 3),
    "valueType": (1, 9),
    "objectType": (1, 8),
}


def conformed(entity: Any, version: Version) -> Any:
    """A normalized entity, a Feature of one, or a list of these, in the words of a version; the same if it fits already."""
    if isinstance(entity, list):
        return [conformed(one, version) for one in entity]
    if not isinstance(entity, dict):
        return entity
    if "features" in entity:
        return entity | {"features": conformed(entity["features"], version)}
    if "properties" in entity and "geometry" in entity:
        return entity | {"properties": conformed(entity["properties"], version)}
    made: dict[str, Any] = {}
    for name, value in entity.items():
        if version < ENTITY_MEMBERS.get(name, version):
            continue
        if name == "type" and isinstance(value, list) and version < MANY:
            made[name] = value[0]
        elif name in {"id", "type", "@context", "scope"}:
            made[name] = value
        else:
            made[name] = _attribute(value, version)
    return made


def _attribute(value: Any, version: Version) -> Any:
    if isinstance(value, list) and value and all(isinstance(part, dict) and "type" in part for part in value):
        if version < MANY:
            return _attribute(next((part for part in value if "datasetId" not in part), value[0]), version)
        return [_attribute(part, version) for part in value]
    if not isinstance(value, dict) or value.get("type") not in VALUE_OF:
        return value
    kind = value["type"]
    carrier = VALUE_OF[kind]
    since, before = KINDS.get(kind, (version, kind))
    is_older = version < since
    made: dict[str, Any] = {}
    for name, part in value.items():
        if version < MEMBERS.get(name, version):
            continue
        if name == "type":
            made[name] = before if is_older else kind
        elif name == carrier:
            made[VALUE_OF[before] if is_older else name] = (
                _targets(part) if is_older and before == "Relationship" else part
            )
        else:
            made[name] = _attribute(part, version)
    return made


def _targets(objects: Any) -> Any:
    return [part.get("object", part) if isinstance(part, dict) else part for part in objects]

"""The NGSI-LD face as an OpenAPI 3.1 document, made from its own table of routes: what is not routed is not described."""

from collections.abc import Mapping
from typing import Any, Final

from hiroba.exchange.broker.ngsi_ld.application import ROUTES, Route

_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}
_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": 1000}

PARAMETERS: Final[Mapping[str, tuple[dict[str, Any], str]]] = {
    "id": (_TEXT, "Ids with commas."),
    "idPattern": (_TEXT, "A regular expression that ids fulfil (RE2)."),
    "type": (_TEXT, "A selection of types: A,B or (A;B)|C (§4.17)."),
    "q": (_TEXT, "A query over attributes, for example capacity>100;floodSafe==true (§4.9)."),
    "scopeQ": (_TEXT, "A query over scopes, for example /region/# (§4.19)."),
    "georel": (_TEXT, "near;maxDistance==2000, within, contains, overlaps, intersects, equals or disjoint (§4.10)."),
    "geometry": (
        {"type": "string", "enum": ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]},
        "The geometry that georel speaks of.",
    ),
    "coordinates": (_TEXT, "Its coordinates as JSON, longitude first: [135.5,34.7]."),
    "geoproperty": (_TEXT, "The GeoProperty that is asked; location if left out."),
    "attrs": (_TEXT, "Attributes, one of which is there; only these are given."),
    "pick": (_TEXT, "The members that are given."),
    "omit": (_TEXT, "The members that are left out."),
    "join": (
        {"type": "string", "enum": ["inline", "flat", "@none"]},
        "Linked entities: inside those that link to them, or beside them (§4.5.23).",
    ),
    "joinLevel": ({"type": "integer", "minimum": 1, "maximum": 20}, "How many relationships are followed."),
    "csf": (_TEXT, 'A query over the members of registrations, for example endpoint=="https://example.org" (§4.9).'),
    "containedBy": (_TEXT, "Ids that were met already and are not given again."),
    "orderBy": (_TEXT, "name, name;desc, or location;dist-asc (§4.23)."),
    "collation": (_TEXT, "How texts are ordered: und, de-u-co-phonebk, und-u-ks-level1 and the like (§4.23)."),
    "orderFrom": (_TEXT, "Coordinates that distances are measured from: [135.5,34.7]."),
    "orderGeometry": (_TEXT, "Their geometry; Point if left out."),
    "expandValues": (_TEXT, "Attributes whose values in q are names of the context."),
    "jsonKeys": (_TEXT, "Attributes whose values in q are plain JSON."),
    "splitEntities": (_FLAG, "Whether parts of one entity may lie in several sources."),
    "limit": (_NUMBER, "Entities of a page."),
    "offset": ({"type": "integer", "minimum": 0}, "Entities before the page."),
    "count": (_FLAG, "Whether the header NGSILD-Results-Count is wanted."),
    "local": (_FLAG, "Only what is held here; also lets a query name nothing else."),
    "format": (
        {"type": "string", "enum": ["normalized", "concise", "simplified", "keyValues"]},
        "The form of the entities.",
    ),
    "options": (_TEXT, "Older words for parameters: keyValues, concise, sysAttrs, count, noOverwrite, update."),
    "sysAttrs": (_FLAG, "Whether createdAt and modifiedAt are given."),
    "lang": (_TEXT, "The language that language maps are given in."),
    "datasetId": (_TEXT, "Only instances of these datasets; @none is the default one."),
    "geometryProperty": (_TEXT, "The GeoProperty that becomes the geometry of GeoJSON."),
    "entityMap": (_FLAG, "Whether what is found is fixed in an entity map, for the pages to come (§4.5.25)."),
    "entityMapLifetime": (_TEXT, "How long it lives, for example PT5M."),
    "drop": (_TEXT, "Attributes that are deleted, rather than the entities."),
    "keep": (_TEXT, "Attributes that stay; all others are deleted, rather than the entities."),
    "deleteAll": (_FLAG, "Whether every instance goes."),
    "details": (_FLAG, "Whether each is described rather than named."),
    "timerel": (
        {"type": "string", "enum": ["before", "after", "between"]},
        "How the time asked for lies to timeAt (§4.11).",
    ),
    "lastN": ({"type": "integer", "minimum": 1}, "Only so many instances of each attribute, the latest ones."),
    "aggrMethods": (
        _TEXT,
        "For format=aggregatedValues: avg, distinctCount, max, min, stddev, sum, sumsq, totalCount (§4.5.19).",
    ),
    "aggrPeriodDuration": (
        _TEXT,
        "For format=aggregatedValues: how long a period is, such as PT1H or P1M; PT0S: all of it.",
    ),
    "timeAt": ({"type": "string", "format": "date-time"}, "The moment that timerel speaks of."),
    "endTimeAt": ({"type": "string", "format": "date-time"}, "The end, where timerel is between."),
    "timeproperty": (
        {"type": "string", "enum": ["observedAt", "createdAt", "modifiedAt", "deletedAt"]},
        "Which time is asked for; observedAt if left out.",
    ),
    "kind": ({"type": "string", "enum": ["Hosted", "Cached", "ImplicitlyCreated"]}, "Only contexts of this kind."),
    "reload": (_FLAG, "Whether a copy is downloaded again rather than deleted."),
    "observedAt": ({"type": "string", "format": "date-time"}, "When what is merged was observed."),
}
_FIRST: Final = {
    "entities": "entityId",
    "jsonldContexts": "contextId",
    "subscriptions": "subscriptionId",
    "csourceRegistrations": "registrationId",
    "csourceSubscriptions": "subscriptionId",
    "entityMaps": "entityMapId",
    "snapshots": "snapshotId",
}
"""What the first part of a path names, by its collection."""
_SHAPE: Final = (
    "attrs",
    "pick",
    "omit",
    "format",
    "options",
    "sysAttrs",
    "lang",
    "datasetId",
    "geometryProperty",
    "join",
    "joinLevel",
    "containedBy",
)
_PERIOD: Final = ("timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "aggrMethods", "aggrPeriodDuration")
_FILTER: Final = (
    "id", "idPattern", "type", "q", "expandValues", "jsonKeys", "csf", "scopeQ", "georel", "geometry", "coordinates",
    "geoproperty", "local",
)  # fmt: skip
_QUESTION: Final = (
    *_FILTER, "entityMap", "entityMapLifetime",
    "orderBy", "orderFrom", "orderGeometry", "collation", "limit", "offset", "count", "splitEntities",
)  # fmt: skip
_DISCOVERY: Final = (
    "id", "idPattern", "type", "attrs", "q", "csf", "scopeQ", "georel", "geometry", "coordinates", "geoproperty", "timerel",
    "timeAt", "endTimeAt", "timeproperty", "datasetId", "limit", "offset", "count", "sysAttrs",
)  # fmt: skip
_SUBSCRIPTIONS: Final = ("/subscriptions", "/csourceSubscriptions")
_OF: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("GET", "/entities"): (*_QUESTION, *_SHAPE),
    ("DELETE", "/entities"): (*_FILTER, "attrs", "drop", "keep"),
    ("GET", "/entities/{}"): ("type", "entityMap", "entityMapLifetime", *_SHAPE),
    ("GET", "/entityMaps"): (*_FILTER, "attrs", "entityMapLifetime"),
    ("PATCH", "/entities/{}"): ("type", "observedAt"),
    ("POST", "/entities/{}/attrs"): ("type", "options"),
    ("DELETE", "/entities/{}/attrs/{}"): ("type", "datasetId", "deleteAll"),
    ("POST", "/entityOperations/upsert"): ("options",),
    ("POST", "/entityOperations/update"): ("options",),
    ("POST", "/entityOperations/query"): ("limit", "offset", "count", *_SHAPE),
    ("GET", "/csourceRegistrations"): _DISCOVERY,
    ("GET", "/csourceRegistrations/{}"): ("sysAttrs",),
    **{("GET", path): ("limit", "offset", "count", "options", "sysAttrs") for path in _SUBSCRIPTIONS},
    **{("GET", f"{path}/{{}}"): ("options", "sysAttrs") for path in _SUBSCRIPTIONS},
    ("GET", "/temporal/entityMaps"): (*_FILTER, *_PERIOD, "attrs", "entityMapLifetime"),
    ("GET", "/temporal/entities"): (*_QUESTION, *_PERIOD, *_SHAPE),
    ("GET", "/temporal/entities/{}"): ("type", *_PERIOD, *_SHAPE),
    ("DELETE", "/temporal/entities/{}/attrs/{}"): ("datasetId", "deleteAll"),
    ("POST", "/temporal/entityOperations/query"): (
        "limit",
        "offset",
        "count",
        "options",
        "format",
        "sysAttrs",
        "local",
    ),
    ("DELETE", "/snapshots"): ("q",),
    ("GET", "/types"): ("details",),
    ("GET", "/attributes"): ("details",),
    ("GET", "/jsonldContexts"): ("details", "kind"),
    ("GET", "/jsonldContexts/{}"): ("details",),
    ("DELETE", "/jsonldContexts/{}"): ("reload",),
}
_ENTITY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["id", "type"],
    "properties": {
        "id": {"type": "string", "format": "uri", "examples": ["urn:ngsi-ld:EvacuationSite:1"]},
        "type": {"oneOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]},
        "scope": {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]},
        "location": {"description": 'A GeoProperty: {"type": "GeoProperty", "value": a GeoJSON geometry}.'},
    },
    "additionalProperties": {"description": "An attribute: normalized, concise, or a plain value."},
}
_FRAGMENT: Final[dict[str, Any]] = {**_ENTITY, "required": []}
_EVOLUTION: Final[dict[str, Any]] = {
    **_ENTITY,
    "additionalProperties": {"description": "An attribute over time: a list of instances, each with its observedAt."},
}
_ANYTHING: Final[dict[str, Any]] = {"description": "A value, or an attribute with members to change."}
_REGISTRATION: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "endpoint", "information"],
    "properties": {
        "id": {"type": "string", "format": "uri"},
        "type": {"const": "ContextSourceRegistration"},
        "endpoint": {"type": "string", "format": "uri", "examples": ["https://example.org"]},
        "mode": {"type": "string", "enum": ["inclusive", "exclusive", "redirect", "auxiliary"]},
        "information": {"type": "array", "items": {"type": "object"}, "minItems": 1},
        "operations": {"type": "array", "items": _TEXT, "minItems": 1},
        "expiresAt": {"type": "string", "format": "date-time"},
    },
    "additionalProperties": {"description": "A member of §5.2.9, or a Context Source Property."},
}
_SUBSCRIPTION: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "notification"],
    "properties": {
        "id": {"type": "string", "format": "uri"},
        "type": {"const": "Subscription"},
        "entities": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["type"]}},
        "watchedAttributes": {"type": "array", "minItems": 1, "items": _TEXT},
        "q": _TEXT,
        "notification": {
            "type": "object",
            "required": ["endpoint"],
            "properties": {
                "endpoint": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "format": "uri"}},
                }
            },
        },
    },
    "additionalProperties": {"description": "A member of §5.2.12."},
}
_QUERY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"const": "Query"},
        "q": _TEXT,
        "entities": {"type": "array", "items": {"type": "object"}},
    },
}
_SNAPSHOT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "type": {"const": "Snapshot"},
        "snapshotQueries": {"type": "array", "items": _QUERY},
        "snapshotLifetime": {"type": "string", "format": "duration"},
        "snapshotPriority": {"type": "integer", "minimum": 1, "maximum": 10},
        "endpoint": {"type": "string", "format": "uri"},
    },
}
_BODIES: Final[Mapping[str, dict[str, Any]]] = {
    "/entities": _ENTITY,
    "/entities/{}": _FRAGMENT,
    "/entities/{}/attrs": _FRAGMENT,
    "/entities/{}/attrs/{}": _ANYTHING,
    "/csourceRegistrations": _REGISTRATION,
    "/csourceRegistrations/{}": {**_REGISTRATION, "required": []},
    "/entityOperations/delete": {"type": "array", "items": {"type": "string", "format": "uri"}},
    **dict.fromkeys(_SUBSCRIPTIONS, _SUBSCRIPTION),
    **{f"{path}/{{}}": {**_SUBSCRIPTION, "required": []} for path in _SUBSCRIPTIONS},
    "/jsonldContexts": {
        "type": "object",
        "required": ["@context"],
        "properties": {"@context": {"description": "An object of terms, an address, or a list of these."}},
    },
    "/temporal/entities": _EVOLUTION,
    "/temporal/entities/{}/attrs": {**_EVOLUTION, "required": []},
    "/temporal/entities/{}/attrs/{}/{}": _ANYTHING,
    "/temporal/entityOperations/query": {
        "type": "object",
        "required": ["type", "temporalQ"],
        "properties": {
            "type": {"const": "Query"},
            "q": _TEXT,
            "entities": {"type": "array", "items": {"type": "object"}},
            "temporalQ": {
                "type": "object",
                "properties": {"timerel": _TEXT, "timeAt": _TEXT, "lastN": {"type": "integer"}},
            },
        },
    },
    "/entityOperations/query": _QUERY,
    "/entityMaps": _QUERY,
    "/temporal/entityMaps": _QUERY,
    "/snapshots": _SNAPSHOT,
    "/snapshots/{}": _SNAPSHOT,
    "/snapshots/{}/clone": _SNAPSHOT,
    "/entityMaps/{}": {
        "type": "object",
        "properties": {"expiresAt": {"type": "string", "format": "date-time"}},
    },
}
_PROBLEM: Final[dict[str, Any]] = {
    "description": "What is wrong, where, and what to do (RFC 9457).",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status"],
                "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
            }
        }
    },
}


def document(url: str) -> dict[str, Any]:
    """The OpenAPI document of the face below `url`."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        names = _path_parameters(route.path)
        path = route.path
        for name in names:
            path = path.replace("{}", f"{{{name}}}", 1)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "NGSI-LD of this exchange (ETSI GS CIM 009 V1.9.1)", "version": "1.9.1"},
        "servers": [{"url": f"{url}/ngsi-ld/v1"}],
        "paths": paths,
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _path_parameters(path: str) -> list[str]:
    collection = path.removeprefix("/temporal").split("/")[1]
    return [_FIRST.get(collection, "name"), "attributeName", "instanceId"][: path.count("{}")]


def _operation(route: Route, names: list[str]) -> dict[str, Any]:
    lines = (route.handler.__doc__ or "").strip().splitlines()
    parameters = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names]
    for name in _OF.get((route.method, route.path), ()):
        schema, about = PARAMETERS[name]
        parameters.append({"name": name, "in": "query", "required": False, "schema": schema, "description": about})
    operation: dict[str, Any] = {
        "summary": lines[0].rstrip("."),
        "operationId": f"{route.method.lower()}{route.path.replace('/', '_').replace('{}', 'one')}",
        "parameters": parameters,
        "responses": {"2XX": {"description": "It went as asked."}, "4XX": _PROBLEM, "5XX": _PROBLEM},
        "security": [] if route.action == "read" else [{"key": []}],
    }
    if route.method in {"POST", "PUT", "PATCH"}:
        batch = {"type": "array", "items": _ENTITY, "minItems": 1}
        schema = _BODIES.get(route.path, batch)
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation

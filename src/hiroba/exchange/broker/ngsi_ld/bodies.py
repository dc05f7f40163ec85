"""A Query document as the parameters of GET that it stands for (CIM 009 §5.2.23, §5.2.13, §5.2.33, §5.2.43)."""

from collections.abc import Mapping
from typing import Any, Final

from hiroba.exchange.broker.documents import writing
from hiroba.exchange.broker.errors import BadRequestData

_LISTS: Final = frozenset({"attrs", "pick", "omit", "datasetId", "containedBy"})
_NAMES: Final = frozenset({"expandValues", "jsonKeys"})
_TEXTS: Final = frozenset({"q", "scopeQ", "lang", "join", "csf", "entityMapLifetime"})
_FLAGS: Final = frozenset({"entityMap", "splitEntities"})
_OF_TIME: Final = frozenset({"temporalQ", "aggrParams"})
_PERIOD: Final = frozenset({"timerel", "timeAt", "endTimeAt", "timeproperty"})
_AGGREGATION: Final = frozenset({"aggrMethods", "aggrPeriodDuration"})
_KNOWN: Final = _LISTS | _NAMES | _TEXTS | _FLAGS | {"@context", "type", "entities", "geoQ", "joinLevel", "ordering"}


def read(document: Any, *, over_time: bool = False) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """The parameters a Query stands for, and its EntitySelectors; `over_time` where it is about the evolution of entities."""
    if not isinstance(document, dict) or document.get("type") != "Query":
        raise BadRequestData('The body is an object whose type is "Query".')
    of_time = sorted(_OF_TIME & document.keys())
    if of_time and not over_time:
        raise BadRequestData(f"{', '.join(of_time)} belongs to a query over the evolution of entities (§5.7.4).")
    if unknown := sorted(document.keys() - _KNOWN - _OF_TIME):
        raise BadRequestData(f"A Query has no {', '.join(unknown)}.")
    params = {name: ",".join(_texts(document[name], name)) for name in _LISTS & document.keys()}
    params |= {name: _text(document[name], name) for name in _TEXTS & document.keys()}
    params |= {name: _flag(document[name], name) for name in _FLAGS & document.keys()}
    for name in _NAMES & document.keys():
        value = document[name]
        params[name] = value if isinstance(value, str) else ",".join(_texts(value, name))
    if "joinLevel" in document:
        params["joinLevel"] = _count(document["joinLevel"], "joinLevel")
    params |= _place(document["geoQ"]) if "geoQ" in document else {}
    params |= _ordering(document["ordering"]) if "ordering" in document else {}
    for name in of_time:
        params |= _of_time(document[name], name)
    if over_time and "aggrMethods" in params:  # a document has no other way to ask for aggregates
        params["format"] = "aggregatedValues"
    return params, [_selector(entity) for entity in _selectors(document)]


def _selectors(document: Mapping[str, Any]) -> list[Any]:
    entities = document.get("entities")
    if "entities" in document and (not isinstance(entities, list) or not entities):
        raise BadRequestData("entities is a list with at least one object with type, id or idPattern.")
    return entities or []


def _selector(entity: Any) -> dict[str, Any]:
    if not isinstance(entity, dict) or not isinstance(entity.get("type"), str):
        raise BadRequestData('Each of entities is an object with a type, which may be "*".')
    _text(entity.get("idPattern", ""), "entities.idPattern")
    return entity


def _place(place: Any) -> dict[str, str]:
    if not isinstance(place, dict):
        raise BadRequestData("geoQ is an object with georel, geometry and coordinates.")
    params = {
        name: _text(place[name], f"geoQ.{name}") for name in ("georel", "geometry", "geoproperty") if name in place
    }
    if "coordinates" in place:
        coordinates = place["coordinates"]
        params["coordinates"] = coordinates if isinstance(coordinates, str) else writing.text(coordinates)
    return params


def _of_time(part: Any, name: str) -> dict[str, str]:
    """A TemporalQuery or AggregationParams (§5.2.21, §5.2.44)."""
    if not isinstance(part, dict):
        raise BadRequestData(f"{name} is an object.")
    if unknown := sorted(part.keys() - _PERIOD - _AGGREGATION - {"lastN"}):
        raise BadRequestData(f"{name} has no {', '.join(unknown)}.")
    params = {member: _text(part[member], f"{name}.{member}") for member in _PERIOD & part.keys()}
    for member in _AGGREGATION & part.keys():
        value = part[member]
        params[member] = value if isinstance(value, str) else ",".join(_texts(value, f"{name}.{member}"))
    if "lastN" in part:
        params["lastN"] = _count(part["lastN"], f"{name}.lastN")
    return params


def _ordering(ordering: Any) -> dict[str, str]:
    if not isinstance(ordering, dict) or "orderBy" not in ordering:
        raise BadRequestData("ordering is an object with orderBy, a list of names with their directions.")
    params = {"orderBy": ",".join(_texts(ordering["orderBy"], "ordering.orderBy"))}
    if "collation" in ordering:
        params["collation"] = _text(ordering["collation"], "ordering.collation")
    if "geometry" in ordering:
        params["orderGeometry"] = _text(ordering["geometry"], "ordering.geometry")
    if "coordinates" in ordering:
        if not isinstance(ordering["coordinates"], list):
            raise BadRequestData("ordering.coordinates is a list, as GeoJSON has it.")
        params["orderFrom"] = writing.text(ordering["coordinates"])
    return params


def _texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(part, str) and part for part in value):
        raise BadRequestData(f"{name} is a list of texts, at least one.")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadRequestData(f"{name} is a text.")
    return value


def _flag(value: Any, name: str) -> str:
    if not isinstance(value, bool):
        raise BadRequestData(f"{name} is true or false.")
    return "true" if value else "false"


def _count(value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequestData(f"{name} is a whole number.")
    return str(value)

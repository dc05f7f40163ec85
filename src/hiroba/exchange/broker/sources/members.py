"""The members of a registration document, each checked and read (CIM 009 §5.2.8 to §5.2.11, §5.2.22, §5.2.34)."""

from collections.abc import Mapping
from re import compile as pattern
from typing import Any, Final

import re2
import shapely
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names
from hiroba.exchange.broker.documents.names import show
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query.geometry import well_formed
from hiroba.exchange.broker.query.patterns import LONGEST, compiled
from hiroba.exchange.broker.sources import operations
from hiroba.exchange.broker.sources.model import Information, Interval, Management, Selector

MOST: Final = 1_000
"""Items of one list of a registration."""
MEDIA_TYPES: Final = frozenset({"application/json", "application/ld+json"})
FIELD_NAME: Final = pattern(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
FIELD_VALUE: Final = pattern(r"[^\x00-\x1f\x7f]*")
VERSION: Final = pattern(r"\d{1,3}\.\d{1,3}")
DURATION: Final = pattern(
    r"P(?!$)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?!$)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:[.,]\d{1,9})?)S)?)?"
)
_SECONDS: Final = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1)
_NAME_LISTS: Final = ("propertyNames", "relationshipNames")


def text(value: Any, where: str) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value or not FIELD_VALUE.fullmatch(value):
        raise BadRequestData(f"{where} is a text that is not empty, not {show(value)}.")
    return value


def items(value: Any, where: str) -> list[Any]:
    """A list that is not empty."""
    if not isinstance(value, list) or not value:
        raise BadRequestData(f"{where} is a list with at least one item, not {show(value)}.")
    if len(value) > MOST:
        raise BadRequestData(f"{where} has at most {MOST} items.")
    return value


def table(value: Any, where: str, known: tuple[str, ...]) -> dict[str, Any]:
    """An object with these members only, at least one of them."""
    if not isinstance(value, dict) or not value:
        raise BadRequestData(f"{where} is an object with {', '.join(known)}, not {show(value)}.")
    for name in value:
        if name not in known:
            raise BadRequestData(f"{where} has no member {show(name)}; it has {', '.join(known)}.")
    return value


def information(value: Any, context: Context) -> list[dict[str, Any]]:
    """RegistrationInfo objects with their names expanded (§5.2.10)."""
    return [_expanded(one, context, f"information[{place}]") for place, one in enumerate(items(value, "information"))]


def _expanded(value: Any, context: Context, where: str) -> dict[str, Any]:
    given = table(value, where, ("entities", *_NAME_LISTS))
    made: dict[str, Any] = {}
    for name, part in given.items():
        inside = f"{where}.{name}"
        if name == "entities":
            made[name] = [_entity(one, context, inside) for one in items(part, inside)]
        else:
            made[name] = [_iri(one, context, inside) for one in items(part, inside)]
    return made


def _entity(value: Any, context: Context, where: str) -> dict[str, Any]:
    """An EntityInfo (§5.2.8)."""
    given = dict(table(value, where, ("id", "idPattern", "type")))
    types = given.get("type")
    if isinstance(types, list):
        given["type"] = [_iri(name, context, f"{where}.type") for name in items(types, f"{where}.type")]
    else:
        given["type"] = _iri(types, context, f"{where}.type")
    if "id" in given:
        names.uri(given["id"], f"{where}.id")
    if "idPattern" in given:
        expression(given["idPattern"], f"{where}.idPattern")
    return given


def _iri(value: Any, context: Context, where: str) -> str:
    if not isinstance(value, str):
        raise BadRequestData(f"{where} is a name, not {show(value)}.")
    return names.iri(context, value, where)


def expression(value: Any, where: str) -> str:
    """A regular expression over ids."""
    if not isinstance(value, str) or not value or len(value) > LONGEST:
        raise BadRequestData(f"{where} is a regular expression of 1 to {LONGEST} characters, not {show(value)}.")
    try:
        compiled(value)
    except re2.error as error:
        raise BadRequestData(f"{where} is no regular expression that is taken: {error}.") from error
    return value


def read_information(expanded: list[dict[str, Any]]) -> tuple[Information, ...]:
    """What expanded RegistrationInfo objects say."""
    return tuple(
        Information(
            entities=tuple(_selector(one) for one in part.get("entities", ())),
            properties=tuple(part.get("propertyNames", ())),
            relationships=tuple(part.get("relationshipNames", ())),
        )
        for part in expanded
    )


def _selector(entity: Mapping[str, Any]) -> Selector:
    """An EntityInfo, in which id takes precedence over idPattern."""
    types = entity["type"]
    id_ = entity.get("id", "")
    return Selector(
        types=tuple(types) if isinstance(types, list) else (types,),
        id=id_,
        pattern="" if id_ else entity.get("idPattern", ""),
    )


def operation_names(value: Any, where: str) -> frozenset[str]:
    """The operations that are offered (§4.20)."""
    given = items(value, where)
    for name in given:
        if not isinstance(name, str) or not (name in operations.OPERATIONS or name in operations.GROUPS):
            raise BadRequestData(f"{where}: there is no operation and no group of operations {show(name)}.")
    return operations.expand(tuple(given))


def datasets(value: Any, where: str) -> frozenset[str]:
    """Ids of datasets, '' for @none (§4.5.5)."""
    given = items(value if isinstance(value, list) else [value], where)
    return frozenset("" if name == "@none" else names.uri(name, where) for name in given)


def place(value: Any, where: str) -> BaseGeometry:
    """A geometry, by itself or as the value of a GeoProperty (§4.7); one that crosses itself is asked in its valid reading."""
    if isinstance(value, dict) and value.get("type") == "GeoProperty":
        value = value.get("value")
    geometry = well_formed(value, where)
    return geometry if geometry.is_valid else shapely.make_valid(geometry)


def interval(value: Any, where: str) -> Interval:
    """A TimeInterval (§5.2.11)."""
    given = table(value, where, ("startAt", "endAt"))
    start = names.moment(given.get("startAt"), f"{where}.startAt")
    end = names.moment(given["endAt"], f"{where}.endAt") if "endAt" in given else None
    if end is not None and end < start:
        raise BadRequestData(f"{where} ends before it starts.")
    return Interval(start, end)


def duration(value: Any, where: str) -> float:
    """The seconds of an ISO 8601 duration such as PT5M; a month counts 30 days and a year 365."""
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise BadRequestData(f"{where} is a duration like PT5M, not {show(value)}.")
    return sum(
        float(number.replace(",", ".")) * size for number, size in zip(found.groups(), _SECONDS, strict=True) if number
    )


def management(value: Any, where: str) -> Management:
    """RegistrationManagementInfo (§5.2.34)."""
    given = table(value, where, ("cacheDuration", "cooldown", "localOnly", "timeout"))
    local_only = given.get("localOnly", False)
    if not isinstance(local_only, bool):
        raise BadRequestData(f"{where}.localOnly is true or false, not {show(local_only)}.")
    return Management(
        local_only=local_only,
        timeout=_milliseconds(given, "timeout", where),
        cooldown=_milliseconds(given, "cooldown", where),
        cache=duration(given["cacheDuration"], f"{where}.cacheDuration") if "cacheDuration" in given else None,
    )


def _milliseconds(given: Mapping[str, Any], name: str, where: str) -> float | None:
    if name not in given:
        return None
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise BadRequestData(f"{where}.{name} is a number of milliseconds greater than 0, not {show(value)}.")
    return value / 1000


def source_info(value: Any, where: str) -> tuple[tuple[str, str], ...]:
    """Keys and values to convey (§5.2.22), those with a meaning of their own checked for it (§4.3.6.6)."""
    pairs = tuple(_pair(one, f"{where}[{place}]") for place, one in enumerate(items(value, where)))
    for key, given in pairs:
        if key in {"accept", "contentType"} and given not in MEDIA_TYPES:
            raise BadRequestData(f"{where}: {key} is {' or '.join(sorted(MEDIA_TYPES))}, not {show(given)}.")
        if key == "jsonldContext":
            names.uri(given, f"{where}: jsonldContext")
        if key == "ngsildConformance" and not VERSION.fullmatch(given):
            raise BadRequestData(f"{where}: ngsildConformance is a version like 1.5, not {show(given)}.")
    return pairs


def _pair(value: Any, where: str) -> tuple[str, str]:
    given = table(value, where, ("key", "value"))
    key, held = given.get("key"), given.get("value")
    if not isinstance(key, str) or not FIELD_NAME.fullmatch(key):
        raise BadRequestData(f"{where}.key is the name of a header, not {show(key)}.")
    if not isinstance(held, str) or not FIELD_VALUE.fullmatch(held):
        raise BadRequestData(f"{where}.value is a text on one line, not {show(held)}.")
    return key, held

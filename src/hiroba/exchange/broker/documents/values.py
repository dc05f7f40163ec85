"""The value of an attribute, by the member that carries it: checked, and names in it expanded (CIM 009 §4.5.2)."""

from collections.abc import Callable, Mapping
from re import compile as pattern
from typing import Any, Final

import orjson

from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents.names import iri, moment, show, uri
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.model import NULL

LANGUAGE: Final = pattern(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
Read = Callable[[Any, str, Context, bool], Any]
"""(value, where it stands, context, whether a null in it may delete) → what is kept."""


def is_geometry(value: Any) -> bool:
    """Whether a JSON value is a GeoJSON geometry."""
    return (
        isinstance(value, dict)
        and value.get("type") in core.GEOMETRIES
        and ("coordinates" in value or "geometries" in value)
    )


def unwrapped(value: Any, where: str) -> Any:
    """A geometry that may have come as the text of its JSON (§4.7.2)."""
    if not isinstance(value, str) or value == NULL:
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise BadRequestData(f"{where} is a text that is no GeoJSON: {error}.") from error


def is_deletion(value: Any) -> bool:
    """Whether a value is NGSI-LD's null, in the form its kind of attribute has for it (§5.5.4)."""
    return value in (NULL, {"@none": NULL}, [NULL])


def plain(value: Any, where: str, context: Context, merging: bool) -> Any:  # noqa: FBT001 - one of a table of readers
    """A value of a Property: any JSON but null."""
    if value is None:
        raise BadRequestData(f"{where} has the value null.")
    if value == NULL:
        raise BadRequestData(f"{where} is {NULL!r} where a value is wanted.")
    if isinstance(value, dict | list):
        _check_nulls(value, where, merging=merging)
    del context
    return value


def _check_nulls(value: Any, where: str, *, merging: bool) -> None:
    if isinstance(value, dict):
        for key, part in value.items():
            if (part == NULL and not merging) or key == "@context":
                raise BadRequestData(f"{where}.{key} is {show(part)}, which has no place in a value.")
            _check_nulls(part, f"{where}.{key}", merging=merging)
    elif isinstance(value, list):
        for part in value:
            _check_nulls(part, where, merging=merging)


def target(value: Any, where: str, context: Context, merging: bool) -> Any:  # noqa: FBT001 - as above
    """What a Relationship points to: a URI or several."""
    del context, merging
    if isinstance(value, list) and value:
        return [uri(part, f"{where}.object") for part in value]
    return uri(value, f"{where}.object")


def languages(value: Any, where: str, context: Context, merging: bool) -> Any:  # noqa: FBT001 - as above
    """Texts by language tag."""
    del context
    if not isinstance(value, dict) or not value:
        raise BadRequestData(f'{where}.languageMap is like {{"ja": "…", "en": "…"}}.')
    for language, text in value.items():
        texts = text if isinstance(text, list) else [text]
        if not texts or not all(isinstance(part, str) for part in texts):
            raise BadRequestData(f"{where}.languageMap.{language} is a text or a list of texts.")
        if NULL in texts and not merging:
            raise BadRequestData(f"{where}.languageMap.{language} is {NULL!r}.")
        if language != "@none" and not LANGUAGE.fullmatch(language):
            raise BadRequestData(f"{where}.languageMap: {show(language)} is no language tag.")
    return value


def words(value: Any, where: str, context: Context, merging: bool) -> Any:  # noqa: FBT001 - as above
    """Words of a vocabulary, as IRIs."""
    del merging
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return [context.expand(part) for part in value]
    if isinstance(value, str) and value:
        return context.expand(value)
    raise BadRequestData(f"{where}.vocab is a name or a list of names.")


def anything(value: Any, where: str, context: Context, merging: bool) -> Any:  # noqa: FBT001 - as above
    """A JsonProperty's JSON, an object or a list, untouched (§4.5.24.2)."""
    del context, merging
    if not isinstance(value, dict | list):
        raise BadRequestData(f"{where}.json is an object or a list, not {show(value)}.")
    return value


def items(value: Any, where: str, context: Context, merging: bool) -> Any:  # noqa: FBT001 - as above
    """The list of a ListProperty."""
    del context
    if not isinstance(value, list):
        raise BadRequestData(f"{where}.valueList is a list.")
    _check_nulls(value, where, merging=merging)
    return value


def targets(value: Any, where: str, context: Context, merging: bool) -> Any:  # noqa: FBT001 - as above
    """The list of a ListRelationship, as URIs."""
    del context, merging
    if not isinstance(value, list):
        raise BadRequestData(f"{where}.objectList is a list.")
    return [uri(part.get("object") if isinstance(part, dict) else part, f"{where}.objectList") for part in value]


def _dataset(value: Any, where: str, context: Context, merging: bool) -> str:  # noqa: FBT001 - as above
    del context, merging
    return "" if value == "@none" else uri(value, where)


def _uri(value: Any, where: str, context: Context, merging: bool) -> str:  # noqa: FBT001 - as above
    del context, merging
    return uri(value, where)


def _moment(value: Any, where: str, context: Context, merging: bool) -> str:  # noqa: FBT001 - as above
    del context, merging
    moment(value, where)
    return str(value["@value"] if isinstance(value, dict) else value)


def _text(value: Any, where: str, context: Context, merging: bool) -> str:  # noqa: FBT001 - as above
    del context, merging
    if not isinstance(value, str) or not value:
        raise BadRequestData(f"{where} is a text, not {show(value)}.")
    return value


def _types(value: Any, where: str, context: Context, merging: bool) -> Any:  # noqa: FBT001 - as above
    if isinstance(value, list):
        return [iri(context, _text(part, where, context, merging), where) for part in value]
    return iri(context, _text(value, where, context, merging), where)


def _datatype(value: Any, where: str, context: Context, merging: bool) -> str:  # noqa: FBT001 - as above
    found = _text(value, where, context, merging)
    return found if found == "langString" else context.expand(found)


CARRIERS: Final[Mapping[str, Read]] = {
    "value": plain,
    "object": target,
    "languageMap": languages,
    "vocab": words,
    "json": anything,
    "valueList": items,
    "objectList": targets,
}
"""The members that carry a value."""
COMPANIONS: Final[Mapping[str, Read]] = {
    "datasetId": _dataset,
    "observedAt": _moment,
    "expiresAt": _moment,
    "unitCode": _text,
    "objectType": _types,
    "valueType": _datatype,
    "entityIdSealed": _uri,
    "entityTypeSealed": _types,
}
"""The members beside it that are no attributes."""
UNITS: Final = frozenset({"Property", "GeoProperty", "ListProperty", ""})
"""What may have a unitCode; '' is an attribute whose type is not said."""
OUTPUT_ONLY: Final[Mapping[str, frozenset[str]]] = {
    "previousValue": frozenset({"Property", "GeoProperty"}),
    "previousObject": frozenset({"Relationship"}),
    "previousLanguageMap": frozenset({"LanguageProperty"}),
    "previousVocab": frozenset({"VocabProperty"}),
    "previousJson": frozenset({"JsonProperty"}),
    "previousValueList": frozenset({"ListProperty"}),
    "previousObjectList": frozenset({"ListRelationship"}),
    "entity": frozenset({"Relationship"}),
    "entityList": frozenset({"ListRelationship"}),
}
"""Members that answers have: passed over where an attribute could have them, refused on others (§5.2.5 to §5.2.8)."""


def check_companion(member: str, kind: str, where: str) -> None:
    """Nothing, or the problem of a member that this kind of attribute, or an attribute of this name, cannot have."""
    is_fine = True
    if member == "unitCode":
        is_fine = kind in UNITS
    elif member in {"entityIdSealed", "entityTypeSealed"}:
        is_fine = where.endswith("ngsildproof")
    elif member in OUTPUT_ONLY:
        is_fine = not kind or kind in OUTPUT_ONLY[member]
    if not is_fine:
        raise BadRequestData(f"{where} is a {kind or 'attribute'} and cannot have {member}.")

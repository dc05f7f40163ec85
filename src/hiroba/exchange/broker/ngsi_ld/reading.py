"""A JSON-LD document as it arrives → a `Fragment`: checked, expanded, concise forms spelled out (CIM 009 §4.5, §5.5.4)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from re import compile as pattern
from typing import Any, Final

import orjson

from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.geometry import check as check_geometry
from hiroba.exchange.broker.model import DELETED, MEMBERS, NULL, VALUE_OF, Doc, Fragment, Instance

URI: Final = pattern(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
DATE_TIME: Final = pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d{1,9})?Z")
SCOPE: Final = pattern(r"/?[A-Za-z]\w*(/[A-Za-z]\w*)*")
NAME: Final = pattern(r"[^\s()<>\"'{}|\\^`;,=~&]+")
LONGEST_NAME: Final = 500
MOST_ATTRIBUTES: Final = 5_000
"""Attributes, instances and sub-attributes of one entity together."""
DEEPEST: Final = 64
"""Levels of objects and lists in one document."""
INFERRED: Final = {
    "value": "Property", "object": "Relationship", "languageMap": "LanguageProperty", "vocab": "VocabProperty",
    "json": "JsonProperty", "valueList": "ListProperty", "objectList": "ListRelationship",
}  # fmt: skip
NEVER_ATTRIBUTES: Final = frozenset({
    "datasetId", "instanceId", "observedAt", "unitCode", "objectType", "previousValue", "previousObject", "previousLanguageMap",
    "previousVocab", "previousJson", "previousValueList", "previousObjectList",
})  # fmt: skip
"""Core terms that are members of attributes and cannot be attributes of an entity (§4.5.1)."""
IGNORED: Final = frozenset({
    "createdAt", "modifiedAt", "deletedAt", "instanceId", "previousValue", "previousObject", "previousLanguageMap", "previousVocab",
    "previousJson", "previousValueList", "previousObjectList", "entity", "entityList",
})  # fmt: skip
"""Members the system makes itself; what a client says of them is passed over (§4.8)."""


def fragment(document: Any, context: Context, *, whole: bool, merging: bool = False) -> Fragment:
    """The fragment a document says. `whole`: an entity to be made, so id and type are a must and nothing may be null."""
    return _Reader(context, whole=whole, merging=merging).entity(document)


def attribute(document: Any, name: str, context: Context) -> list[Instance]:
    """The instances that an attribute fragment says (§5.6.4): members left out stay out, nothing is inferred from them."""
    reader = _Reader(context, whole=False, merging=True)
    return reader.partial(document, name)


class _Reader:
    def __init__(self, context: Context, *, whole: bool, merging: bool) -> None:
        self._context = context
        self._whole = whole
        self._merging = merging
        self._budget = MOST_ATTRIBUTES

    def entity(self, document: Any) -> Fragment:
        if not isinstance(document, dict):
            raise BadRequestData("An entity is a JSON object.")
        id_ = document.get("id", document.get("@id", ""))
        types = document.get("type", document.get("@type", ()))
        if self._whole and not id_:
            raise BadRequestData("The entity has no id.")
        if self._whole and not types:
            raise BadRequestData(f"The entity {id_} has no type.")
        if id_:
            id_ = uri(id_, "id")
        doc: Doc = {}
        for term, value in document.items():
            if term in {"id", "@id", "type", "@type", "@context", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"}:
                continue
            name = attribute_name(term, self._context)
            if value is None:
                raise BadRequestData(f"{term} is null. To delete it, patch it with {NULL!r}.")
            if name in doc:
                raise BadRequestData(f"{term} stands for an attribute that is given twice.")
            doc[name] = self._instances(value, term)
        expires = document.get("expiresAt")
        return Fragment(
            id=id_,
            types=self._types(types),
            doc=doc,
            scopes=self._scopes(document["scope"]) if "scope" in document else None,
            expires=moment(expires, "expiresAt") if expires is not None else None,
        )

    def partial(self, document: Any, name: str) -> list[Instance]:
        if not isinstance(document, dict):
            return self._instances(document, name)
        parts = document if isinstance(document, list) else [document]
        if not any(member in part for part in parts for member in (*INFERRED, "type")) and not set(document) & (MEMBERS | {"lang"}):
            return self._instances(document, name)
        return [self._members(part, part.get("type", ""), name, partial=True) for part in parts]

    def _types(self, types: Any) -> tuple[str, ...]:
        given = types if isinstance(types, list) else [types] if types else []
        for name in given:
            if not isinstance(name, str) or not name or name == NULL:
                raise BadRequestData(f"type is the name of an entity type or a list of these, not {_show(types)}.")
        return tuple(sorted({self._context.expand(_name(name, "type")) for name in given}))

    def _scopes(self, scopes: Any) -> tuple[str, ...]:
        if scopes == NULL and not self._whole:
            return ()
        given = scopes if isinstance(scopes, list) else [scopes]
        for scope in given:
            if not isinstance(scope, str) or not SCOPE.fullmatch(scope):
                raise BadRequestData(f"scope is like /region/town, each level a letter, then letters, digits, _; not {_show(scope)}.")
        return tuple(dict.fromkeys("/" + scope.removeprefix("/") for scope in given))

    def _instances(self, value: Any, term: str) -> list[Instance]:
        if isinstance(value, list) and value and all(isinstance(part, dict) and _is_instance(part) for part in value):
            made = [self._instance(part, term) for part in value]
            datasets = [instance.get("datasetId", "") for instance in made]
            if len(set(datasets)) < len(datasets):
                raise BadRequestData(f"{term} has two instances with the same datasetId.")
            return made
        return [self._instance(value, term)]

    def _instance(self, value: Any, term: str) -> Instance:
        self._budget -= 1
        if self._budget < 0:
            raise BadRequestData(f"The entity has more than {MOST_ATTRIBUTES} attributes.")
        if not isinstance(value, dict):
            if value == NULL:
                return self._deletion({}, term)
            return {"type": "Property", "value": self._value(value, term)}
        kind = value.get("type", value.get("@type"))
        if isinstance(kind, str) and (found := _ATTRIBUTE_TYPES.get(kind)):
            return self._members(value, found, term)
        if isinstance(kind, str) and kind in core.GEOMETRIES and ("coordinates" in value or "geometries" in value):
            return {"type": "GeoProperty", "value": check_geometry(value, term)}
        if "value" in value and isinstance(value["value"], dict) and _is_geometry(value["value"]):
            return self._members(value, "GeoProperty", term)
        for member, inferred in INFERRED.items():
            if member in value:
                return self._members(value, inferred, term)
        if "@context" in value:
            raise BadRequestData(f"{term} has an @context of its own; a document has one, at its top.")
        return {"type": "Property", "value": self._value(value, term)}

    def _members(self, value: Mapping[str, Any], kind: str, term: str, *, partial: bool = False) -> Instance:
        if partial and kind:
            found = _ATTRIBUTE_TYPES.get(kind)
            if found is None:
                raise BadRequestData(f"{term}: {_show(kind)} is no type of an attribute.")
            kind = found
        carrier = VALUE_OF.get(kind) or next((member for member in INFERRED if member in value), "")
        kind = kind or (INFERRED.get(carrier, "") if carrier != "value" else "")
        made: Instance = {"type": kind} if kind else {}
        if carrier and carrier in value:
            raw = value[carrier]
            if raw == NULL or raw == {"@none": NULL} or raw == [NULL]:
                return self._deletion(value, term)
            made[carrier] = _READ[carrier](self, raw, term) if kind != "GeoProperty" else check_geometry(raw, term)
        elif not partial:
            raise BadRequestData(f"{term} is a {kind} without {carrier}.")
        for member, raw in value.items():
            if member in {"type", "@type", carrier} or member in IGNORED:
                continue
            if raw is None:
                raise BadRequestData(f"{term}.{member} is null.")
            if member == "@context":
                raise BadRequestData(f"{term} has an @context of its own; a document has one, at its top.")
            if member in _PLAIN_MEMBERS:
                if raw == NULL and self._merging and member != "datasetId":
                    made[member] = NULL
                else:
                    made[member] = _PLAIN_MEMBERS[member](self, raw, f"{term}.{member}")
            elif member in VALUE_OF.values():
                raise BadRequestData(f"{term} is a {kind} and cannot have {member}.")
            else:
                name = attribute_name(member, self._context, sub=True)
                made[name] = self._instances(raw, f"{term}.{member}")
        return made

    def _deletion(self, value: Mapping[str, Any], term: str) -> Instance:
        if self._whole:
            raise BadRequestData(f"{term} is {NULL!r}, which deletes; there is nothing to delete yet.")
        made: Instance = {DELETED: True}
        if "datasetId" in value:
            made["datasetId"] = uri(value["datasetId"], f"{term}.datasetId")
        return made

    def _value(self, value: Any, term: str) -> Any:
        if value is None:
            raise BadRequestData(f"{term} has the value null.")
        if isinstance(value, dict | list):
            self._check_nulls(value, term)
        elif value == NULL:
            raise BadRequestData(f"{term} is {NULL!r} where a value is wanted.")
        return value

    def _check_nulls(self, value: Any, term: str) -> None:
        if isinstance(value, dict):
            for key, part in value.items():
                if (part == NULL and not self._merging) or key == "@context":
                    raise BadRequestData(f"{term}.{key} is {_show(part)}, which has no place in a value.")
                self._check_nulls(part, f"{term}.{key}")
        elif isinstance(value, list):
            for part in value:
                self._check_nulls(part, term)

    def _object(self, value: Any, term: str) -> Any:
        if isinstance(value, list):
            if not value:
                raise BadRequestData(f"{term} is a Relationship to nothing.")
            return [uri(part, f"{term}.object") for part in value]
        return uri(value, f"{term}.object")

    def _languages(self, value: Any, term: str) -> Any:
        if not isinstance(value, dict) or not value:
            raise BadRequestData(f'{term}.languageMap is like {{"ja": "…", "en": "…"}}.')
        for language, text in value.items():
            texts = text if isinstance(text, list) else [text]
            if not texts or not all(isinstance(part, str) for part in texts):
                raise BadRequestData(f"{term}.languageMap.{language} is a text or a list of texts.")
            if NULL in texts and not self._merging:
                raise BadRequestData(f"{term}.languageMap.{language} is {NULL!r}.")
            if language != "@none" and not _LANGUAGE.fullmatch(language):
                raise BadRequestData(f"{term}.languageMap: {_show(language)} is no language tag.")
        return value

    def _vocab(self, value: Any, term: str) -> Any:
        if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            return [self._context.expand(part) for part in value]
        if isinstance(value, str) and value:
            return self._context.expand(value)
        raise BadRequestData(f"{term}.vocab is a name or a list of names.")

    def _json(self, value: Any, _term: str) -> Any:
        return value

    def _list(self, value: Any, term: str) -> Any:
        if not isinstance(value, list):
            raise BadRequestData(f"{term}.valueList is a list.")
        self._check_nulls(value, term)
        return value

    def _objects(self, value: Any, term: str) -> Any:
        if not isinstance(value, list):
            raise BadRequestData(f"{term}.objectList is a list.")
        return [uri(part.get("object") if isinstance(part, dict) else part, f"{term}.objectList") for part in value]

    def _uri(self, value: Any, term: str) -> str:
        return uri(value, term)

    def _moment(self, value: Any, term: str) -> str:
        moment(value, term)
        return str(value)

    def _text(self, value: Any, term: str) -> str:
        if not isinstance(value, str) or not value:
            raise BadRequestData(f"{term} is a text, not {_show(value)}.")
        return value

    def _type_names(self, value: Any, term: str) -> Any:
        if isinstance(value, list):
            return [self._context.expand(_name(self._text(part, term), term)) for part in value]
        return self._context.expand(_name(self._text(value, term), term))


_READ: Final[dict[str, Callable[[_Reader, Any, str], Any]]] = {
    "value": _Reader._value,
    "object": _Reader._object,
    "languageMap": _Reader._languages,
    "vocab": _Reader._vocab,
    "json": _Reader._json,
    "valueList": _Reader._list,
    "objectList": _Reader._objects,
}
_PLAIN_MEMBERS: Final[dict[str, Callable[[_Reader, Any, str], Any]]] = {
    "datasetId": _Reader._uri,
    "observedAt": _Reader._moment,
    "expiresAt": _Reader._moment,
    "unitCode": _Reader._text,
    "objectType": _Reader._type_names,
}
_ATTRIBUTE_TYPES: Final = {name: name for name in core.ATTRIBUTE_TYPES} | {core.NGSI + name: name for name in core.ATTRIBUTE_TYPES}
_LANGUAGE: Final = pattern(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")


def _is_instance(part: Mapping[str, Any]) -> bool:
    """Whether an item of a list is an instance of an attribute rather than part of a plain value (§4.5.5)."""
    return part.get("type") in _ATTRIBUTE_TYPES or "datasetId" in part or (bool(set(part) & set(INFERRED)) and "type" not in part)


def _is_geometry(value: Mapping[str, Any]) -> bool:
    return value.get("type") in core.GEOMETRIES and ("coordinates" in value or "geometries" in value)


def attribute_name(term: str, context: Context, *, sub: bool = False) -> str:
    """The IRI of an attribute's name, which must be one (§4.6.2)."""
    if not sub and term in NEVER_ATTRIBUTES:
        raise BadRequestData(f"{term} is a member of attributes and cannot be an attribute itself.")
    if term.startswith("@"):
        raise BadRequestData(f"{_show(term)} is no name of an attribute.")
    return context.expand(_name(term, "an attribute's name"))


def _name(name: str, where: str) -> str:
    if not name or len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise BadRequestData(f"{where}: {_show(name)} is no name. Names have no spaces, quotes or brackets.")
    return name


def uri(value: Any, where: str) -> str:
    """The URI, or the problem that it is none."""
    if isinstance(value, str) and value != NULL and len(value) <= 2000 and URI.fullmatch(value):  # noqa: PLR2004 - longer is no name
        return value
    raise BadRequestData(f"{where} is a URI, not {_show(value)}.")


def moment(value: Any, where: str) -> datetime:
    """The moment a text in the form 2026-11-20T07:32:56Z names (§4.6.3)."""
    if isinstance(value, dict) and value.get("@type") == "DateTime":
        value = value.get("@value")
    if isinstance(value, str) and DATE_TIME.fullmatch(value):
        whole, _, fraction = value[:-1].replace(",", ".").partition(".")
        try:
            return datetime.fromisoformat(f"{whole}.{fraction[:6].ljust(6, '0')}+00:00")
        except ValueError:
            pass
    raise BadRequestData(f"{where} is a moment like 2026-11-20T07:32:56Z, not {_show(value)}.")


def _show(value: Any) -> str:
    """A value as it may stand in a sentence: short, whatever was sent."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = "that"
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - about a line


def check_depth(document: Any, levels: int = DEEPEST) -> None:
    """Refuse a document that nests deeper than anybody needs."""
    if levels == 0:
        raise BadRequestData(f"The document nests deeper than {DEEPEST} levels.")
    if isinstance(document, dict):
        for part in document.values():
            if isinstance(part, dict | list):
                check_depth(part, levels - 1)
    elif isinstance(document, list):
        for part in document:
            if isinstance(part, dict | list):
                check_depth(part, levels - 1)

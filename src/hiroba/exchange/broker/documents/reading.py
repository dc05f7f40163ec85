"""A JSON-LD document as it arrives → a `Fragment`: checked, expanded, concise forms spelled out (CIM 009 §4.5, §5.5.4)."""

from collections.abc import Mapping
from typing import Any, Final

from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names, values
from hiroba.exchange.broker.documents.names import show
from hiroba.exchange.broker.errors import BadRequestData, InvalidRequest
from hiroba.exchange.broker.geometry import check as check_geometry
from hiroba.exchange.broker.model import DELETED, NULL, VALUE_OF, Doc, Fragment, Instance

MOST_ATTRIBUTES: Final = 5_000
"""Attributes, instances and sub-attributes of one entity together."""
DEEPEST: Final = 64
"""Levels of objects and lists in one document."""
INFERRED: Final = {
    "value": "Property",
    "object": "Relationship",
    "languageMap": "LanguageProperty",
    "vocab": "VocabProperty",
    "json": "JsonProperty",
    "valueList": "ListProperty",
    "objectList": "ListRelationship",
}
"""What a concise attribute is, by the member that carries its value (§4.5.2.3)."""
ENTITY_MEMBERS: Final = frozenset({
    "id", "@id", "type", "@type", "@context", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt",
})  # fmt: skip
IGNORED: Final = frozenset({"type", "@type", "createdAt", "modifiedAt", "deletedAt", "instanceId"})
"""Members the system makes itself; what a client says of them is passed over (§4.8)."""
PLACES: Final = frozenset(f"{core.NGSI}{name}" for name in ("location", "observationSpace", "operationSpace"))
"""Attributes that are GeoProperties by their names (§4.7.1)."""
PROOF: Final = "ngsildproof"
"""The Property that seals an attribute (§4.5.2.2)."""
_ATTRIBUTE_TYPES: Final = {name: name for name in core.ATTRIBUTE_TYPES} | {
    core.NGSI + name: name for name in core.ATTRIBUTE_TYPES
}


def fragment(document: Any, context: Context, *, whole: bool, merging: bool = False) -> Fragment:
    """The fragment a document says. `whole`: an entity to be made, so id and type are a must and nothing may be null."""
    return Reader(context, whole=whole, merging=merging).entity(document)


def attribute(document: Any, name: str, context: Context) -> list[Instance]:
    """The instances that an attribute fragment says (§5.6.4): members left out stay out, nothing is inferred from them."""
    return Reader(context, whole=False, merging=True).partial(document, name)


class Reader:
    """Reads one document; `evolution.py` has the variant for documents about the past."""

    def __init__(self, context: Context, *, whole: bool, merging: bool) -> None:
        self._context = context
        self._whole = whole
        self._merging = merging
        self._inside = merging
        """Whether a null inside a value may delete: in a merge, not in an update of parts (§5.5.4)."""
        self._budget = MOST_ATTRIBUTES

    def entity(self, document: Any) -> Fragment:
        """The fragment of an entity."""
        if not isinstance(document, dict) or not document:
            raise InvalidRequest("An entity is a JSON object with at least one member.")
        document = self._unaliased(document)
        id_ = document.get("id", document.get("@id", ""))
        types = document.get("type", document.get("@type", ()))
        if self._whole and not id_:
            raise BadRequestData("The entity has no id.")
        if self._whole and not types:
            raise BadRequestData(f"The entity {show(id_)} has no type.")
        expires = document.get("expiresAt")
        for_ever = expires == NULL and not self._whole
        return Fragment(
            id=names.uri(id_, "id") if id_ else "",
            types=self._types(types),
            doc=self._attributes(document),
            scopes=self._scopes(document["scope"]) if "scope" in document else None,
            expires=names.moment(expires, "expiresAt") if expires is not None and not for_ever else None,
            for_ever=for_ever,
        )

    def partial(self, document: Any, name: str) -> list[Instance]:
        """The instances of a fragment of one attribute."""
        self._inside = False
        if not isinstance(document, dict):
            return self._instances(document, name)
        part = {member: value for member, value in self._unaliased(document).items() if member != "@context"}
        kind = part.get("type", part.get("@type", ""))
        if kind in core.GEOMETRIES:
            return self._instances(part, name)
        found = _ATTRIBUTE_TYPES.get(kind, "") if isinstance(kind, str) else ""
        if kind and not found:
            raise BadRequestData(f"{name}: {show(kind)} is no type of an attribute.")
        carrier = VALUE_OF.get(found) or next((member for member in INFERRED if member in part), "")
        if not carrier or carrier not in part:
            return [({"type": found} if found else {}) | self._companions(part, found, "", name)]
        return [self._typed(part, found or self._inferred(part, carrier), name)]

    def _attributes(self, document: Mapping[str, Any]) -> Doc:
        doc: Doc = {}
        for term, value in document.items():
            if term in ENTITY_MEMBERS:
                continue
            name = names.attribute_iri(self._context, term)
            if value is None:
                raise BadRequestData(f"{term} is null. To delete it, patch it with {NULL!r}.")
            if name in doc:
                raise BadRequestData(f"{term} stands for an attribute that is given twice.")
            instances = self._instances(value, term)
            if name in PLACES and not all(part.get("type", "GeoProperty") == "GeoProperty" for part in instances):
                raise BadRequestData(f"{term} is a GeoProperty: a GeoJSON geometry (§4.7.1).")
            doc[name] = instances
        return doc

    def _unaliased(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document with what its context calls id and type by other names called so."""
        aliases = self._context.aliases
        if not aliases:
            return document
        return {aliases.get(member, member): value for member, value in document.items()}

    def _types(self, types: Any) -> tuple[str, ...]:
        given = types if isinstance(types, list) else [types] if types else []
        for name in given:
            if not isinstance(name, str) or not name or name == NULL:
                raise BadRequestData(f"type is the name of an entity type or a list of these, not {show(types)}.")
        return tuple(sorted({names.iri(self._context, name, "type") for name in given}))

    def _scopes(self, scopes: Any) -> tuple[str, ...]:
        return () if scopes == NULL and not self._whole else names.scopes(scopes)

    def _instances(self, value: Any, term: str) -> list[Instance]:
        if isinstance(value, list) and value and all(isinstance(part, dict) and is_instance(part) for part in value):
            if len(value) > 1 and not any("type" in part or "datasetId" in part for part in value):
                return [self._plain(value, term)]  # without datasets these are no instances, but objects with a `value`
            made = [self._instance(part, term) for part in value]
            datasets = {instance.get("datasetId", "") for instance in made}
            if len(datasets) < len(made):
                raise BadRequestData(f"{term} has two instances with the same datasetId.")
            return made
        return [self._instance(value, term)]

    def _instance(self, value: Any, term: str) -> Instance:
        self._budget -= 1
        if self._budget < 0:
            raise BadRequestData(f"The entity has more than {MOST_ATTRIBUTES} attributes.")
        if value == NULL:
            return self._deletion({}, term)
        if isinstance(value, dict):
            value = self._unaliased(value)
            kind = value.get("type", value.get("@type"))
            if isinstance(kind, str) and (found := _ATTRIBUTE_TYPES.get(kind)):
                return self._typed(value, found, term)
            if values.is_geometry(value):
                return {"type": "GeoProperty", "value": check_geometry(value, term)}
            for member in INFERRED:
                if member in value and kind is None:
                    return self._typed(value, self._inferred(value, member), term)
            if isinstance(kind, dict) or (kind is not None and value.keys() & INFERRED.keys()):
                raise BadRequestData(f"{term}: {show(kind)} is no type of an attribute (§4.5.2).")
            if "@context" in value:
                raise BadRequestData(f"{term} has an @context of its own; a document has one, at its top.")
        return self._plain(value, term)

    def _plain(self, value: Any, term: str) -> Instance:
        return {"type": "Property", "value": values.plain(value, term, self._context, self._inside)}

    def _inferred(self, value: Mapping[str, Any], member: str) -> str:
        return "GeoProperty" if member == "value" and values.is_geometry(value[member]) else INFERRED[member]

    def _typed(self, value: Mapping[str, Any], kind: str, term: str) -> Instance:
        """An attribute whose type is known, with everything it says."""
        carrier = VALUE_OF[kind]
        if carrier not in value:
            raise BadRequestData(f"{term} is a {kind} without {carrier}.")
        raw = value[carrier]
        if values.is_deletion(raw):
            return self._deletion(value, term)
        if kind == "GeoProperty":
            kept = check_geometry(values.unwrapped(raw, term), term)
        elif term.endswith(PROOF) and not isinstance(raw, dict):
            raise BadRequestData(f"{term}.value is an object with the structure of a proof (§4.5.2.2).")
        else:
            kept = values.CARRIERS[carrier](raw, term, self._context, self._inside)
        return {"type": kind, carrier: kept} | self._companions(value, kind, carrier, term)

    def _companions(self, value: Mapping[str, Any], kind: str, carrier: str, term: str) -> Instance:
        """What stands beside the value: plain members and the attribute's own attributes."""
        made: Instance = {}
        for member, raw in value.items():
            if member == carrier or member in IGNORED:
                continue
            where = f"{term}.{member}"
            if raw is None:
                raise BadRequestData(f"{where} is null.")
            if member == "@context":
                raise BadRequestData(f"{term} has an @context of its own; a document has one, at its top.")
            if member in values.CARRIERS:
                raise BadRequestData(f"{term} is a {kind} and cannot have {member}.")
            if member in values.COMPANIONS:
                made[member] = self._companion(member, raw, kind, term)
            elif member in values.OUTPUT_ONLY:
                values.check_companion(member, kind, term)
            else:
                made[names.iri(self._context, member, "an attribute's name")] = self._instances(raw, where)
        if made.get("datasetId") == "":
            del made["datasetId"]
        return made

    def _companion(self, member: str, raw: Any, kind: str, term: str) -> Any:
        values.check_companion(member, kind, term)
        if raw == NULL and self._merging and member != "datasetId":
            return NULL
        kept = values.COMPANIONS[member](raw, f"{term}.{member}", self._context, self._merging)
        if member == "valueType" and kind == "LanguageProperty" and kept != "langString":
            raise BadRequestData(f"{term}.valueType is langString, as of every LanguageProperty (§5.2.32).")
        return kept

    def _deletion(self, value: Mapping[str, Any], term: str) -> Instance:
        if self._whole:
            raise BadRequestData(f"{term} is {NULL!r}, which deletes; there is nothing to delete yet.")
        made: Instance = {DELETED: True}
        if value.get("datasetId", "@none") != "@none":
            made["datasetId"] = names.uri(value["datasetId"], f"{term}.datasetId")
        return made


def is_instance(part: Mapping[str, Any]) -> bool:
    """Whether an item of a list is an instance of an attribute rather than part of a plain value (§4.5.5)."""
    kind = part.get("type")
    if isinstance(kind, str) and kind in _ATTRIBUTE_TYPES:
        return True
    return "datasetId" in part or ("type" not in part and any(member in part for member in INFERRED))


def check_depth(document: Any, levels: int = DEEPEST) -> None:
    """Refuse a document that nests deeper than anybody needs."""
    if levels == 0:
        raise BadRequestData(f"The document nests deeper than {DEEPEST} levels.")
    if isinstance(document, dict):
        document = document.values()
    elif not isinstance(document, list):
        return
    for part in document:
        if isinstance(part, dict | list):
            check_depth(part, levels - 1)

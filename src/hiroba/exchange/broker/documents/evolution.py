"""A document about the past of an entity as it arrives: each attribute a list of instances over time (CIM 009 §5.2.20)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.documents import names, reading, values
from hiroba.exchange.broker.documents.names import show
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.model import DELETED, VALUE_OF, Doc, Fragment, Instance

SIMPLIFIED: Final = {
    "values": "value",
    "objects": "object",
    "languageMaps": "languageMap",
    "vocabs": "vocab",
    "jsons": "json",
    "valueLists": "valueList",
    "objectLists": "objectList",
}
"""The members of the simplified temporal representation, and what one item of each is (§4.5.9)."""
_WRAPPED: Final = frozenset({"languageMap", "vocab", "json"})


def fragment(document: Any, context: Context, *, whole: bool) -> Fragment:
    """The fragment a temporal document says; its scopes stand in `doc` under `scope`. `whole`: id and type are a must."""
    return Reader(context, whole=whole, merging=False).evolution(document)


def instance(document: Any, name: str, context: Context) -> tuple[str, Instance]:
    """The one instance that a fragment says of an attribute, alone or as `{name: [instance]}`; its name as an IRI (§5.6.14)."""
    return Reader(context, whole=False, merging=False).one(document, name)


class Reader(reading.Reader):
    """Reads one document about the past."""

    def evolution(self, document: Any) -> Fragment:
        """The fragment of an evolution."""
        if not isinstance(document, dict) or "scope" not in document:
            return self.entity(document)
        plain = {member: value for member, value in document.items() if member != "scope"}
        read = self.entity(plain)
        return msgspec.structs.replace(read, doc={**read.doc, "scope": _scopes(document["scope"])})

    def one(self, document: Any, name: str) -> tuple[str, Instance]:
        """The one instance of an attribute."""
        if isinstance(document, dict) and name in document and "value" not in document:
            document = document[name]
        elif isinstance(document, dict):
            document = {member: value for member, value in document.items() if member != "@context"}
        if isinstance(document, list) and len(document) != 1:
            raise BadRequestData(f"{name} has exactly one instance in this document, not {len(document)}.")
        read: Doc = self._attributes({name: document})
        ((iri, instances),) = read.items()
        return iri, instances[0]

    def _instances(self, value: Any, term: str) -> list[Instance]:
        """The instances of an attribute; of its own attributes there is one for a dataset, as anywhere."""
        if "." in term:
            return super()._instances(value, term)
        if not isinstance(value, list) or not value or not all(isinstance(part, dict) for part in value):
            value = [value]
        return [made for part in value for made in self._over_time(part, term)]

    def _over_time(self, value: Any, term: str) -> list[Instance]:
        several = next((member for member in SIMPLIFIED if isinstance(value, dict) and member in value), "")
        if not several:
            return [self._instance(value, term)]
        pairs = value[several]
        if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):  # noqa: PLR2004 - a pair
            raise BadRequestData(f"{term}.{several} is a list of pairs of a value and its time.")
        member = SIMPLIFIED[several]
        rest = {name: part for name, part in value.items() if name != several}
        return [
            self._instance({**rest, member: _unwrapped(item, member), "observedAt": at}, term) for item, at in pairs
        ]

    def _typed(self, value: Mapping[str, Any], kind: str, term: str) -> Instance:
        carrier = VALUE_OF[kind]
        if carrier in value and values.is_deletion(value[carrier]):
            return {"type": kind, carrier: value[carrier], DELETED: True} | self._companions(value, kind, carrier, term)
        return super()._typed(value, kind, term)

    def _deletion(self, value: Mapping[str, Any], term: str) -> Instance:
        raise BadRequestData(
            f"{term}: a deletion in the past says which type of attribute was deleted; got {show(value)}."
        )


def _unwrapped(item: Any, member: str) -> Any:
    return item[member] if member in _WRAPPED and isinstance(item, dict) and set(item) == {member} else item


def _scopes(given: Any) -> list[Instance]:
    """Scopes over time as instances of a Property (§4.5.6); scopes given plainly hold for all time."""
    if not isinstance(given, list) or not any(isinstance(part, dict) for part in given):
        given = given if isinstance(given, dict) else {"type": "Property", "value": given}
    made = []
    for part in given if isinstance(given, list) else [given]:
        if not isinstance(part, dict) or part.get("type", "Property") != "Property" or "value" not in part:
            raise BadRequestData(
                f"scope over time is a list of Properties with value and observedAt, not {show(part)}."
            )
        if values.is_deletion(part["value"]) or part["value"] == []:
            one: Instance = {"type": "Property", "value": [], DELETED: True}
        else:
            one = {"type": "Property", "value": list(names.scopes(part["value"]))}
        if "observedAt" in part:
            names.moment(part["observedAt"], "scope.observedAt")
            one["observedAt"] = part["observedAt"]
        made.append(one)
    return made

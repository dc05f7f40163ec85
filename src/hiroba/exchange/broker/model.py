"""An entity as the broker keeps it: names expanded to IRIs, every attribute a list of instances.

    doc = {"https://…/temperature": [{"type": "Property", "value": 21.5, "unitCode": "CEL", "createdAt": …, "modifiedAt": …,
                                      "https://…/accuracy": [{"type": "Property", "value": 0.1}]}]}

One instance per `datasetId`, the default instance without one (CIM 009 §4.5.5). Both faces and all storage speak this form.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

Instance = dict[str, Any]
Doc = dict[str, list[Instance]]

HOME: Final = ""
"""The region's own tenant: what a request without a tenant header speaks to."""

VALUE_OF: Final = {
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "JsonProperty": "json",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
}
"""The member that carries the value, by attribute type (CIM 009 §4.5.2)."""

MEMBERS: Final = frozenset(
    {
        *VALUE_OF.values(),
        "type",
        "datasetId",
        "observedAt",
        "unitCode",
        "objectType",
        "valueType",
        "entityIdSealed",
        "entityTypeSealed",
        "createdAt",
        "modifiedAt",
        "expiresAt",
    }
)
"""Members of an instance that are no sub-attributes."""

NULL: Final = "urn:ngsi-ld:null"
"""What stands for "delete this" in a fragment (CIM 009 §4.5.0)."""

DELETED: Final = "deleted"
"""The mark of an instance in a fragment that is to be deleted; never stored."""


class Key(msgspec.Struct, frozen=True, order=True):
    """What names an entity: tenant, NGSIv2 service path ('' for NGSI-LD), id."""

    tenant: str
    path: str
    id: str


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A stored entity; `doc` must not be changed in place."""

    key: Key
    types: tuple[str, ...]
    doc: Doc
    scopes: tuple[str, ...] = ()
    owner: str = ""
    subject: str | None = None
    """Whose it is, in a tenant of personal data; as the reader's sector knows them where it was read for somebody."""
    created: datetime
    modified: datetime
    expires: datetime | None = None
    lapses: datetime | None = None
    """When the first of its attributes expires, as far as the database knows it."""


class Fragment(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says of an entity: all of it, or a part. Names are expanded, concise forms spelled out."""

    id: str = ""
    types: tuple[str, ...] = ()
    doc: Doc
    scopes: tuple[str, ...] | None = None
    """None: the request says nothing of scopes; (): it deletes them."""
    expires: datetime | None = None
    for_ever: bool = False
    """It deletes the moment at which the entity would expire."""


def dataset(instance: Instance) -> str:
    """The dataset of an instance; empty for the default one."""
    found: str = instance.get("datasetId", "")
    return found

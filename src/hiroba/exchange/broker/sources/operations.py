"""The operations a context source can be asked for, by name, and the names of their groups (CIM 009 §4.20)."""

from typing import Final

_DISCOVERY: Final = (
    "retrieveEntityTypes", "retrieveEntityTypeDetails", "retrieveEntityTypeInfo",
    "retrieveAttrTypes", "retrieveAttrTypeDetails", "retrieveAttrTypeInfo",
)  # fmt: skip
_SUBSCRIPTION: Final = (
    "createSubscription", "updateSubscription", "retrieveSubscription", "querySubscription", "deleteSubscription",
)  # fmt: skip
_MAPS: Final = ("retrieveEntityMap", "updateEntityMap", "deleteEntityMap", "createEntityMapQueryEntity")
_ASSOCIATION: Final = (
    "retrieveEntity", "queryEntity", "queryBatch", *_DISCOVERY, *_SUBSCRIPTION, "retrieveContextSourceIdentity",
)  # fmt: skip

OPERATIONS: Final = frozenset({
    "createEntity", "updateEntity", "appendAttrs", "updateAttrs", "deleteAttrs", "deleteEntity", "createBatch", "upsertBatch",
    "updateBatch", "deleteBatch", "upsertTemporal", "appendAttrsTemporal", "deleteAttrsTemporal", "updateAttrInstanceTemporal",
    "deleteAttrInstanceTemporal", "deleteTemporal", "mergeEntity", "replaceEntity", "replaceAttrs", "mergeBatch",
    "purgeEntity", "retrieveTemporal", "queryTemporal", "createEntityMapQueryTemporal", *_MAPS, *_ASSOCIATION,
})  # fmt: skip
"""Table 4.20-1."""

GROUPS: Final = {
    "federationOps": frozenset({*_ASSOCIATION, *_MAPS}),
    "associationOps": frozenset(_ASSOCIATION),
    "updateOps": frozenset({"updateEntity", "updateAttrs", "replaceEntity", "replaceAttrs"}),
    "retrieveOps": frozenset({"retrieveEntity", "queryEntity"}),
    "redirectionOps": frozenset({
        "createEntity", "updateEntity", "appendAttrs", "updateAttrs", "deleteAttrs", "deleteEntity", "mergeEntity",
        "replaceEntity", "replaceAttrs", "retrieveEntity", "queryEntity", "purgeEntity", *_DISCOVERY, *_MAPS,
        "retrieveContextSourceIdentity",
    }),
}  # fmt: skip
"""Table 4.20-2."""


WRITES: Final = OPERATIONS - {
    "retrieveTemporal", "queryTemporal", "createEntityMapQueryTemporal", *GROUPS["federationOps"],
}  # fmt: skip
"""The operations by which a source is sent what somebody writes (§5.6)."""


def default(mode: str) -> frozenset[str]:
    """What a registration offers that names no operations: an auxiliary one only what it may (§5.9.2.4)."""
    return GROUPS["retrieveOps" if mode == "auxiliary" else "federationOps"]


def expand(names: tuple[str, ...]) -> frozenset[str]:
    """The operations that names of operations and groups stand for."""
    return frozenset(one for name in names for one in GROUPS.get(name, (name,)))

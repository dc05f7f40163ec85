"""What of an entity the index over values holds: what it is, not what is measured of it.

A sensor changes a number every few seconds and nobody looks it up by its exact value. If the index held that number, each
change would write every index entry of the row anew; without it PostgreSQL updates the row in place (a heap-only tuple),
at half the processor time. So the numbers of a measured instance, one with `unitCode` or `observedAt`, are left out, as
are coordinates, and the instance is marked `measured`. Times are left out everywhere, and so are types, which nobody asks
for, but that of a language map. The rest keeps its place, so that the same paths lead through `facts` and through `doc`.
"""

from typing import Any, Final

from hiroba.exchange.broker.model import MEMBERS, Doc, Instance

MEASURED: Final = "measured"
"""The mark of an instance whose numbers, or coordinates, are left out."""
TIMES: Final = frozenset({"createdAt", "modifiedAt", "observedAt", "expiresAt"})
"""Members that are left out everywhere."""
_UNASKED: Final = TIMES | {"type"}


def facts(doc: Doc) -> Doc:
    """The part of a document that is indexed by value."""
    return {name: [_instance(instance) for instance in instances] for name, instances in doc.items()}


def are_same(before: Doc, after: Doc) -> bool:
    """Whether two states of a document have the same facts; an edit leaves alone the lists that it does not change."""
    return before.keys() == after.keys() and all(
        instances is before[name] or list(map(_instance, instances)) == list(map(_instance, before[name]))
        for name, instances in after.items()
    )


def _instance(instance: Instance) -> Instance:
    is_place = instance.get("type") == "GeoProperty"
    is_measured = is_place or "unitCode" in instance or "observedAt" in instance
    kept: Instance = {MEASURED: True} if is_measured else {}
    for member, value in instance.items():
        if member in _UNASKED:
            if value == "LanguageProperty":
                kept[member] = value
        elif member not in MEMBERS:
            kept[member] = [_instance(part) for part in value]
        elif is_place and member == "value":
            kept[member] = {"type": value["type"]} if isinstance(value, dict) else value
        elif not is_measured:
            kept[member] = value
        elif (left := _unmeasured(value)) is not None:
            kept[member] = left
    return kept


def _unmeasured(value: Any) -> Any:
    """A value with null for each number in it."""
    if isinstance(value, dict):
        return {name: _unmeasured(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_unmeasured(part) for part in value]
    return None if isinstance(value, int | float) and not isinstance(value, bool) else value

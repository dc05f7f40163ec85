"""Where in a stored entity the values of a path lie; the pure evaluator and the SQL compiler both walk these ways.

A stored entity is `{attribute IRI: [instance, …]}`; an instance keeps its value under a member that depends on its
type (CIM 009 §4.5.2), and attributes of the attribute under their IRIs. Way and comparison follow jsonpath's lax
rule: a list on the way stands for its items, one level deep.
"""

from hiroba.exchange.broker.query.tree import ATTRIBUTE_MEMBERS, Path

Way = tuple[str, ...]

ANY = "*"
"""A step to every member."""
TYPED = "@value"
"""Where a typed value such as a DateTime keeps its text."""

_VALUES: tuple[Way, ...] = (("value",), ("value", TYPED), ("json",), ("valueList",), ("valueList", TYPED))
_TEXTS: tuple[Way, ...] = (("vocab",), ("languageMap", ANY))
OBJECTS: tuple[Way, ...] = (("object",), ("objectList",), ("objectList", "object"))
"""Where ids of other entities lie in an instance."""


def instances(path: Path) -> Way:
    """The way to the instances whose value or member is meant."""
    return path.names[:-1] if own_member(path) else path.names


def own_member(path: Path) -> bool:
    """Whether a path ends at a member of the attribute rather than at its value."""
    return len(path.names) > 1 and path.names[-1] in ATTRIBUTE_MEMBERS


def members(path: Path) -> tuple[Way, ...]:
    """From an instance to the member that must be there for the target to exist; none if the instance is enough."""
    if own_member(path):
        return ((path.names[-1], *path.members),)
    if not path.members:
        return ()
    if path.members == (ANY,):
        return (("languageMap", ANY),)
    language = (("languageMap", *path.members),) if len(path.members) == 1 else ()
    return (("value", *path.members), ("json", *path.members), *language)


def values(path: Path, *, text: bool, objects: bool) -> tuple[Way, ...]:
    """From an instance to its values: those that may hold text, and the objects of relationships, only where wanted."""
    inner = members(path)
    if inner:
        return (*inner, *((*way, TYPED) for way in inner if way[0] in {"value", "json"}))
    return _VALUES + (_TEXTS if text else ()) + (OBJECTS if objects else ())

"""What a query of NGSI-LD says, as a tree of frozen values (CIM 009 §4.9)."""

from typing import Literal, TypeAlias

import msgspec


class Number(msgspec.Struct, frozen=True):
    """A JSON number."""

    value: int | float


class Text(msgspec.Struct, frozen=True):
    """A quoted text."""

    value: str


class Flag(msgspec.Struct, frozen=True):
    """true or false."""

    value: bool


class Instant(msgspec.Struct, frozen=True):
    """A point in time, as written: `2026-01-01T00:00:00Z`."""

    value: str


class Day(msgspec.Struct, frozen=True):
    """A date, as written: `2026-01-01`."""

    value: str


class Clock(msgspec.Struct, frozen=True):
    """A time of day, as written: `08:30:00Z`."""

    value: str


class Word(msgspec.Struct, frozen=True):
    """A URI without quotes, or a bare word that a context may expand to one (`expandValues`)."""

    value: str


Value: TypeAlias = Number | Text | Flag | Instant | Day | Clock | Word
Comparable: TypeAlias = Number | Text | Instant | Day | Clock


class Path(msgspec.Struct, frozen=True):
    """`temperature.observedAt` or `address[city]`: an attribute, its attributes, then members of the value.

    `members` names JSON members inside the value or a language; `("*",)` is any language.
    """

    names: tuple[str, ...]
    members: tuple[str, ...] = ()


class Linked(msgspec.Struct, frozen=True):
    """`sensor{Device:humidity}`: the attribute of an entity that the relationship points to."""

    relation: str
    rest: "Path | Linked"
    types: tuple[str, ...] = ()


Target: TypeAlias = Path | Linked
Operator = Literal["==", "!=", ">", ">=", "<", "<="]


class Exists(msgspec.Struct, frozen=True):
    """`temperature`: there is such an attribute. `!temperature` (common usage, not in §4.9): there is none."""

    target: Target
    negated: bool = False


class Compare(msgspec.Struct, frozen=True):
    """`temperature>=20`."""

    target: Target
    operator: Operator
    value: Value


class OneOf(msgspec.Struct, frozen=True):
    """`color=="red","black"`, or none of them with `!=`."""

    target: Target
    values: tuple[Value, ...]
    negated: bool = False


class Between(msgspec.Struct, frozen=True):
    """`temperature==10..20`, both ends included, or outside of it with `!=`."""

    target: Target
    low: Comparable
    high: Comparable
    negated: bool = False


class Like(msgspec.Struct, frozen=True):
    """`name~="^Eiffel"`: a text in which the regular expression is found, or is not with `!~=`."""

    target: Target
    pattern: str
    negated: bool = False


class And(msgspec.Struct, frozen=True):
    """Every one of at least two terms."""

    terms: tuple["Query", ...]


class Or(msgspec.Struct, frozen=True):
    """Any one of at least two terms."""

    terms: tuple["Query", ...]


Condition: TypeAlias = Exists | Compare | OneOf | Between | Like
Query: TypeAlias = Condition | And | Or

ENTITY_MEMBERS = frozenset({"id", "type", "scope", "createdAt", "modifiedAt"})
"""Names that mean the entity's own member when they stand alone."""
ATTRIBUTE_MEMBERS = frozenset(
    {"observedAt", "createdAt", "modifiedAt", "deletedAt", "expiresAt", "unitCode", "datasetId", "objectType"}
)
"""Names that mean the attribute's own member when they end a path."""

"""What `pick` and `omit` leave of an entity, and of the entities it links to, as shapes (CIM 009 §4.21)."""

from collections.abc import Collection

import msgspec

from hiroba.exchange.broker.documents.writing import Shape
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.query.projection import Chosen

HEAD = frozenset({"id", "type", "scope"})
"""Members of an entity that can be picked and omitted beside its attributes."""


def projected(shape: Shape, picked: Collection[Chosen] | None = None, omitted: Collection[Chosen] = ()) -> Shape:
    """The shape with a projection; names are IRIs. Entities that no projection speaks of are wanted as `shape` has it."""
    whole = {one.name for one in omitted if not one.inner}
    if both := whole & {one.name for one in picked or ()}:
        raise BadRequestData(f"{', '.join(sorted(both))} is both picked and omitted.")
    inner = {
        one.name: projected(shape, one.inner if one in (picked or ()) else None, _omitted_below(one.name, omitted))
        for one in (*(picked or ()), *omitted)
        if one.inner
    }
    names = None if picked is None else frozenset(one.name for one in picked)
    return msgspec.structs.replace(
        shape,
        attrs=None if names is None else names - HEAD,
        members=None if names is None else names & HEAD,
        omit=frozenset(whole - HEAD),
        hidden=frozenset(whole & HEAD),
        inner=inner,
        rest=shape,
    )


def _omitted_below(name: str, omitted: Collection[Chosen]) -> tuple[Chosen, ...]:
    return next((one.inner for one in omitted if one.name == name), ())


def depth(chosen: Collection[Chosen]) -> int:
    """How many relationships a projection follows."""
    return max((1 + depth(one.inner) for one in chosen if one.inner), default=0)

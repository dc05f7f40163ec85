"""The attribute projection language of `pick`, `omit` and `attrs`: `name,observation{temperature}` (CIM 009 §4.21)."""

from collections.abc import Callable

import msgspec

from hiroba.exchange.broker.query.cursor import Cursor
from hiroba.exchange.broker.query.q import attribute_name
from hiroba.exchange.broker.query.tree import ENTITY_MEMBERS


class Chosen(msgspec.Struct, frozen=True):
    """One attribute or member; `inner` is what is chosen in the entities it links to."""

    name: str
    inner: tuple["Chosen", ...] = ()

    def __str__(self) -> str:
        """The choice as it is written; an IRI stands in angle brackets."""
        name = f"<{self.name}>" if ":" in self.name else self.name
        return f"{name}{{{','.join(map(str, self.inner))}}}" if self.inner else name


def parse(text: str, what: str = "pick", *, nested: bool = True) -> tuple[Chosen, ...]:
    """The attributes a text names, each once; without `nested` no braces are taken (as in `attrs`)."""
    cursor = Cursor(text, what)
    chosen = _list(cursor, nested=nested)
    cursor.must_end("“,”, “|” or the end" if not nested else "“,”, “|”, “{” or the end")
    return chosen


def _list(cursor: Cursor, *, nested: bool) -> tuple[Chosen, ...]:
    chosen = [_one(cursor, nested=nested)]
    while cursor.take(",", "|"):
        chosen.append(_one(cursor, nested=nested))
    return tuple(dict.fromkeys(chosen))


def _one(cursor: Cursor, *, nested: bool) -> Chosen:
    cursor.count_term()
    name = attribute_name(cursor)
    if not nested or not cursor.take("{"):
        return Chosen(name)
    cursor.deeper()
    inner = _list(cursor, nested=True)
    cursor.must("}")
    cursor.shallower()
    return Chosen(name, inner)


def resolve(chosen: tuple[Chosen, ...], attribute: Callable[[str], str]) -> tuple[Chosen, ...]:
    """The same choice with IRIs for attribute names; members of the entity such as `id` keep theirs."""
    return tuple(
        Chosen(one.name if one.name in ENTITY_MEMBERS else attribute(one.name), resolve(one.inner, attribute))
        for one in chosen
    )

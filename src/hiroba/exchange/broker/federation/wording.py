"""What is asked, as parameters in the words of a context. Pure."""

from collections.abc import Mapping

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.query.names import resolve
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.query.write import write
from hiroba.exchange.broker.questions import Question, Selector

Params = tuple[tuple[str, str], ...]


def attributes(names: frozenset[str] | None, context: Context, parameter: str = "attrs") -> Params:
    """A list of attributes; nothing where all are meant."""
    return ((parameter, ",".join(sorted(map(context.compact, names)))),) if names else ()


def kinds(types: Types, context: Context) -> Params:
    """A selection of entity types; nothing where all are meant."""
    return (("type", str(types.resolve(context.compact))),) if types.groups else ()


def selector(one: Selector, context: Context) -> Params:
    """Which entities."""
    params = [*kinds(one.types, context)]
    if one.ids:
        params.append(("id", ",".join(one.ids)))
    if one.pattern:
        params.append(("idPattern", one.pattern))
    return tuple(params)


def filters(question: Question, said: Mapping[str, str], context: Context) -> dict[str, str]:
    """The conditions of a question; `said` has those whose words no context changes."""
    found = dict(said)
    if question.q is not None:
        found["q"] = write(resolve(question.q, context.compact, context.compact))
    if question.place is not None:
        found["geoproperty"] = context.compact(question.place.geoproperty)
    return found

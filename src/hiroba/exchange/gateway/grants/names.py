"""The terms of a grant as IRIs: read by the house's own context, so that a grant means the same whoever reads it."""

from functools import cache

import orjson

from hiroba.exchange.broker.contexts.book import OURS, house_document
from hiroba.exchange.broker.contexts.context import Context, flatten


@cache
def _house() -> Context:
    return Context(flatten([orjson.loads(house_document())["@context"]]), OURS)


def expanded(term: str) -> str:
    """The IRI of a type or an attribute, as the broker keeps it."""
    return _house().expand(term)


def compacted(name: str) -> str:
    """The term for an IRI, as people and the log read it."""
    return _house().compact(name)

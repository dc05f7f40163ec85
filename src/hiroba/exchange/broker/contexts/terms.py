"""What @context objects define: term → full IRI, by following prefixes and terms, once each and within limits."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hiroba.exchange.broker.contexts import core
from hiroba.exchange.broker.errors import BadRequestData

MOST_TERMS: Final = 50_000
LONGEST_IRI: Final = 2_000
MOST_CHARACTERS: Final = 16 << 20
"""Of all IRIs together: a long prefix that every term uses is long as often."""
KEYWORDS: Final = frozenset({
    "@id", "@type", "@value", "@language", "@list", "@set", "@graph", "@json", "@vocab", "@none", "@index", "@nest",
    "@reverse", "@direction", "@included", "@container", "@base",
})  # fmt: skip


class Terms(msgspec.Struct, frozen=True):
    """Terms with full IRIs, where names go that are no terms, and which terms may stand before a colon in an answer."""

    iris: Mapping[str, str]
    vocab: str
    prefixes: frozenset[str]


def definitions(document: Mapping[str, Any]) -> tuple[dict[str, str], set[str]]:
    """The IRI part of each definition, as it is written, and the terms among them that are meant as prefixes.

    `@type`, `@container` and the like say how RDF would see a value; NGSI-LD says that by an attribute's own type.
    A term that null un-defines is empty.
    """
    found: dict[str, str] = {}
    prefixes: set[str] = set()
    for term, definition in document.items():
        if term.startswith("@"):
            if term == "@vocab":
                found[term] = _vocabulary(definition)
            continue
        if not term or definition is None or definition is False:
            found[term] = ""
            continue
        if isinstance(definition, str):
            found[term] = definition
            prefixes.add(term)
        elif isinstance(definition, Mapping):
            found[term] = _of_object(term, definition)
            if definition.get("@prefix") is True:
                prefixes.add(term)
        else:
            raise BadRequestData(f"The @context defines {term[:100]!r} as neither a string, an object nor null.")
    return found, prefixes


def _vocabulary(definition: Any) -> str:
    if definition is None or isinstance(definition, str):
        return definition or ""
    raise BadRequestData("The @vocab of an @context is a text or null.")


def _of_object(term: str, definition: Mapping[str, Any]) -> str:
    if "@context" in definition:
        raise BadRequestData(
            f"The @context defines {term[:100]!r} with a scoped @context, which is not taken (CIM 009 §5.5.7)."
        )
    target = definition.get("@id", term)
    if target is None:
        return ""
    if not isinstance(target, str):
        raise BadRequestData(f"The @context gives {term[:100]!r} an @id that is no text.")
    return target


def resolved(raw: Mapping[str, str], prefixes: set[str], core_terms: Mapping[str, str]) -> Terms:
    """Every term with its full IRI; each is worked out once, however long the chain of terms is that leads to it."""
    if len(raw) > MOST_TERMS:
        raise BadRequestData(f"The @context has more than {MOST_TERMS} terms.")
    raw = {term: target for term, target in raw.items() if target and term not in core_terms}
    done: dict[str, str] = dict(core_terms)
    vocab = ""
    if "@vocab" in raw:
        _follow("@vocab", raw, done, core.DEFAULT, [MOST_CHARACTERS])
        vocab = done.pop("@vocab")
    budget = [MOST_CHARACTERS]
    for term in raw:
        if term != "@vocab":
            _follow(term, raw, done, vocab or core.DEFAULT, budget)
    return Terms(done, vocab, frozenset(prefixes & done.keys() | {"ngsi-ld", "geojson"}))


def _follow(term: str, raw: Mapping[str, str], done: dict[str, str], vocab: str, budget: list[int]) -> None:
    """Work out a term and the terms it leads to; `budget` holds how many characters all may have yet."""
    way: dict[str, str] = {}
    current = term
    base = ""
    while current not in done:
        if current in way:
            raise BadRequestData(f"The @context defines {term[:100]!r} in a circle.")
        following, way[current] = _step(current, raw, done, vocab)
        if not following:
            break
        current = following
    else:
        base = done[current]
    for name, rest in reversed(way.items()):
        base += rest
        budget[0] -= len(base)
        if len(base) > LONGEST_IRI or budget[0] < 0:
            raise BadRequestData(f"The @context leads to an IRI that is too long, or too many: {name[:100]!r}.")
        done[name] = base


def _step(term: str, raw: Mapping[str, str], done: Mapping[str, str], vocab: str) -> tuple[str, str]:
    """The term that a term's definition goes on with, empty where it ends, and what is added to that one's IRI."""
    value = raw[term]
    if value in KEYWORDS:
        return "", value
    prefix, colon, rest = value.partition(":")
    if colon:
        is_compact = prefix != term and not rest.startswith("//") and (prefix in raw or prefix in done)
        return (prefix, rest) if is_compact else ("", value)
    if term == "@vocab":
        return "", value
    if value != term and (value in raw or value in done):
        return value, ""
    return "", vocab + value

"""What may be a URI, a moment, a name or a scope in a document, and how a wrong one is shown (CIM 009 §4.6)."""

import unicodedata
from datetime import datetime
from functools import lru_cache
from re import compile as pattern
from typing import Any, Final

import orjson

from hiroba.exchange.broker.contexts.context import Context
from hiroba.exchange.broker.errors import BadRequestData
from hiroba.exchange.broker.model import NULL

URI: Final = pattern(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
LONGEST_URI: Final = 2000
UNSEEN: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and signs that show nothing."""
DATE_TIME: Final = pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d{1,9})?Z")
SCOPE: Final = pattern(r"/?[A-Za-z]\w*(/[A-Za-z]\w*)*")
NAME: Final = pattern(r"[^\s()<>\"'{}|\\^`;,=~&]+")
LONGEST_NAME: Final = 500
NEVER_ATTRIBUTES: Final = frozenset({
    "datasetId", "instanceId", "observedAt", "unitCode", "objectType", "previousValue", "previousObject",
    "previousLanguageMap", "previousVocab", "previousJson", "previousValueList", "previousObjectList", "valueType",
})  # fmt: skip
"""Core terms that are members of attributes and cannot be attributes of an entity (§4.5.1)."""


def is_uri(value: Any) -> bool:
    """Whether it is a URI."""
    return (
        isinstance(value, str)
        and value != NULL
        and len(value) <= LONGEST_URI
        and URI.fullmatch(value) is not None
        and (value.isascii() or all(map(_is_seen, value)))
    )


def uri(value: Any, where: str) -> str:
    """The URI, or the problem that it is none."""
    if is_uri(value):
        found: str = value
        return found
    if isinstance(value, str) and not value.isascii() and not all(map(_is_seen, value)):
        raise BadRequestData(f"{where} holds a character that nobody can see: {ascii(value)[:100]}.")
    raise BadRequestData(f"{where} is a URI, not {show(value)}.")


def _is_seen(character: str) -> bool:
    """Whether a character may stand in an IRI (RFC 3987): no control, format, private or unassigned one, no variation."""
    return not (
        unicodedata.category(character)[0] in "CZ"
        or character in UNSEEN
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def moment(value: Any, where: str) -> datetime:
    """The moment a text in the form 2026-11-20T07:32:56Z names (§4.6.3)."""
    if isinstance(value, dict) and value.get("@type") == "DateTime":
        value = value.get("@value")
    if isinstance(value, str) and DATE_TIME.fullmatch(value):
        whole, _, fraction = value[:-1].replace(",", ".").partition(".")
        try:
            return datetime.fromisoformat(f"{whole}.{fraction[:6].ljust(6, '0')}+00:00")
        except ValueError:
            pass
    raise BadRequestData(f"{where} is a moment like 2026-11-20T07:32:56Z, not {show(value)}.")


def scopes(value: Any) -> tuple[str, ...]:
    """One scope or a list of them, each beginning with a slash (§4.18)."""
    given = value if isinstance(value, list) else [value]
    for scope in given:
        if not isinstance(scope, str) or not SCOPE.fullmatch(scope):
            raise BadRequestData(
                f"scope is like /region/town, each level a letter, then letters, digits, _; not {show(scope)}."
            )
    return tuple(dict.fromkeys("/" + scope.removeprefix("/") for scope in given))


def iri(context: Context, name: str, where: str) -> str:
    """The IRI that a context gives a name; a name that stands for a JSON-LD keyword is none (§4.6.2)."""
    if not _is_name(name):
        raise BadRequestData(
            f"{where}: {show(name)} is no name. A name is a letter, then letters, digits and _; a prefix may stand before it."
        )
    expanded = context.expand(name)
    if expanded.startswith("@"):
        raise BadRequestData(f"{where}: {show(name)} stands for the keyword {expanded}.")
    return expanded


@lru_cache(10_000)
def _is_name(name: str) -> bool:
    """Whether a text is a name, a name with a prefix, or an IRI written out (§4.6.2)."""
    prefix, colon, rest = name.partition(":")
    if not colon:
        return _is_word(name)
    return (_is_word(prefix) and _is_word(rest)) or (len(name) <= LONGEST_NAME and URI.fullmatch(name) is not None)


def _is_word(name: str) -> bool:
    return (
        0 < len(name) <= LONGEST_NAME
        and name[0].isalpha()
        and all(character.isalnum() or character == "_" for character in name)
    )


def attribute_iri(context: Context, term: str) -> str:
    """The IRI of an entity's attribute."""
    if term in NEVER_ATTRIBUTES:
        raise BadRequestData(f"{term} is a member of attributes and cannot be an attribute itself.")
    return iri(context, term, "an attribute's name")


def show(value: Any) -> str:
    """A value as it may stand in a sentence: short, whatever was sent."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = "that"
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - about a line

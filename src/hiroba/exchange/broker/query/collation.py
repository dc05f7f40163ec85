"""The order of texts: ICU's root order, or a collation that a query names (CIM 009 §4.23, RFC 6067)."""

import re
from functools import cache
from typing import Any, Final

import msgspec
import pyuca

from hiroba.exchange.broker.errors import BadRequestData, OperationNotSupported

_TAG: Final = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*", re.ASCII)
_LIKE_ROOT: Final = frozenset(
    {"de", "en", "fr", "ga", "id", "it", "lb", "ms", "nl", "pt", "root", "sw", "und", "xh", "zu"}
)
"""Languages that order texts as the root does."""
_STRENGTHS: Final = {"level1": 1, "level2": 2, "level3": 3, "identic": 4}
_IDENTICAL: Final = 4
_PHONEBOOK: Final = str.maketrans({letter: f"{base}e\u0308" for letter, base in zip("äöüÄÖÜ", "aouAOU", strict=True)})
"""An umlaut is read as two letters, and differs from them as by an accent."""


class Collation(msgspec.Struct, frozen=True):
    """How texts are compared: at how many levels (letters; accents; case; every sign), and as in which book."""

    strength: int = 3
    phonebook: bool = False
    language: str = ""
    """One that orders texts in a way of its own, which a database with ICU knows and `key` does not; empty: the root order."""

    @property
    def in_database(self) -> str:
        """The language as which a database with ICU compares in this way; empty where it has no name for it."""
        return "" if self.phonebook or self.strength != ROOT.strength else self.language or "und"

    def key(self, text: str) -> tuple[Any, ...]:
        """What orders texts."""
        levels: list[int] = []
        left = self.strength
        for weight in _collator().sort_key(text.translate(_PHONEBOOK) if self.phonebook else text):
            left -= weight == 0
            if left == 0:
                break
            levels.append(weight)
        if self.phonebook and self.strength >= ROOT.strength:
            levels += _collator().sort_key(text)
        return (tuple(levels), text) if self.strength == _IDENTICAL else (tuple(levels),)


ROOT: Final = Collation()


@cache
def _collator() -> Any:
    """The table of the Unicode Collation Algorithm, read at the first use."""
    return pyuca.Collator()


def ranks(texts: list[str], collation: Collation) -> dict[str, int]:
    """Each text's place in the order; texts that are equal in it share one."""
    place, before, found = 0, None, {}
    for key, text in sorted((collation.key(text), text) for text in texts):
        place += key != before
        found[text], before = place, key
    return found


def parse(tag: str) -> Collation:
    """The collation a tag names, such as `und`, `de-u-co-phonebk` or `und-u-ks-level1`."""
    lower = tag.lower()
    if not _TAG.fullmatch(lower):
        raise BadRequestData(f"collation is a language tag such as und or de-u-co-phonebk, not {tag[:60]!r}.")
    language, _, settings = lower.partition("-u-")
    if language.partition("-")[0] not in _LIKE_ROOT:
        if settings:
            raise OperationNotSupported(
                f"Settings are not taken with {language}, which orders texts in a way of its own."
            )
        return Collation(language=language)
    words = settings.split("-") if settings else []
    found = ROOT
    for name, value in zip(words[::2], [*words[1::2], ""], strict=False):
        found = _with(found, name, value)
    return found


def _with(collation: Collation, name: str, value: str) -> Collation:
    if name == "ks" and value in _STRENGTHS:
        return msgspec.structs.replace(collation, strength=_STRENGTHS[value])
    if name == "co" and value in {"phonebk", "standard"}:
        return msgspec.structs.replace(collation, phonebook=value == "phonebk")
    known = ", ".join(["co-phonebk", *(f"ks-{word}" for word in _STRENGTHS)])
    raise OperationNotSupported(f"A collation's setting {name}-{value} is not taken; there are {known}.")

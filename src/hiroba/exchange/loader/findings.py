"""What the loader tells people about their data: a sentence with its mend, in English and Japanese."""

from importlib.resources import files
from typing import Final

import msgspec

from hiroba.base.text import LANGUAGES, Catalogue

_LOCALE = files("hiroba.exchange.loader") / "locale"
_CATALOGUES: Final = {
    language: Catalogue(language, [_LOCALE / f"{language}.po"] if language == "ja" else []) for language in LANGUAGES
}


class Sentence(msgspec.Struct, frozen=True):
    """A sentence with places to fill: the English one is also its name in the catalogue."""

    english: str
    fields: dict[str, str] = {}

    def in_language(self, language: str) -> str:
        """The sentence as a person reads it."""
        return _CATALOGUES[language].gettext(self.english).format(**self.fields)

    def document(self) -> dict[str, str]:
        """The sentence in every language of the house."""
        return {language: self.in_language(language) for language in _CATALOGUES}


def sentence(english: str, **fields: object) -> Sentence:
    """A sentence about these fields; what came from a file is cut to a readable length."""
    return Sentence(english, {name: _short(value) for name, value in fields.items()})


def _short(value: object, length: int = 60) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


class Refusal(Exception):  # noqa: N818 - the answer to a row, with its mend, and nothing that broke
    """A cell, a row or a file cannot be taken, and here is what to do about it."""

    def __init__(self, english: str, /, **fields: object) -> None:
        self.sentence = sentence(english, **fields)
        super().__init__(self.sentence.in_language("en"))


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One remark about a file: where, what, and whether the row went in all the same."""

    row: int
    column: str
    sentence: Sentence
    kept: bool = False
    """The row went in without this cell."""

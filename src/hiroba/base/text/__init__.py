"""Languages: sentences by gettext (the msgid is the English sentence), language maps, numbers and dates as people write them.

A room keeps `locale/<language>.po`; all rooms' sentences join into one catalogue per language when the house starts.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

LANGUAGES: Final[Mapping[str, str]] = {"ja": "日本語", "en": "English"}
"""The languages of the house, each in its own name; the first is the one of a visitor who asks for none of them."""

ERAS = ((date(2019, 5, 1), "令和"), (date(1989, 1, 8), "平成"), (date(1926, 12, 25), "昭和"))
WEEKDAYS = "月火水木金土日"


class Catalogue:
    """The sentences of one language."""

    def __init__(self, language: str, files: Iterable[Path | Traversable] = ()) -> None:
        self.language = language
        self._sentences: dict[str, str | tuple[str, ...]] = {}
        for file in files:
            with file.open("rb") as stream:
                for message in read_po(stream):
                    if message.id and message.string and not message.fuzzy:
                        key = message.id if isinstance(message.id, str) else message.id[0]
                        self._sentences[key] = (
                            message.string if isinstance(message.string, str) else tuple(message.string)
                        )

    def gettext(self, sentence: str) -> str:
        """The sentence in this language, or as it is."""
        found = self._sentences.get(sentence, sentence)
        return found if isinstance(found, str) else found[0]

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The sentence for `count` things; Japanese has one form for all."""
        found = self._sentences.get(one)
        if found is None:
            return one if count == 1 else many
        forms = (found,) if isinstance(found, str) else found
        return forms[0] if len(forms) == 1 or count == 1 else forms[1]

    def date(self, day: date) -> str:
        """令和8年11月20日（金） or Friday, 20 November 2026."""
        if self.language == "en":
            return f"{day:%A}, {day.day} {day:%B} {day.year}"
        return f"{wareki(day)}（{WEEKDAYS[day.weekday()]}）"


def sentence(text: str) -> str:
    """Marks a sentence that waits in a table, so that the catalogues are held to it; what shows it translates it."""
    return text


def wareki(day: date) -> str:
    """The day in the Japanese era calendar: 令和8年11月20日, 令和元年5月1日."""
    for start, era in ERAS:
        if day >= start:
            year = day.year - start.year + 1
            return f"{era}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return f"{day.year}年{day.month}月{day.day}日"


def choose(accepted: str, languages: Iterable[str] = LANGUAGES) -> str:
    """The language of the house that an Accept-Language header likes best; the first of the house where it likes none."""
    known = list(languages)
    wishes = []
    for position, part in enumerate(accepted.split(",")[:20]):
        name, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), position, name.strip().lower()))
        except ValueError:
            continue
    for _, _, name in sorted(wishes):
        for language in known:
            if name == language or name.split("-")[0] == language:
                return language
    return known[0]


def in_language(names: Mapping[str, str] | str, language: str) -> str:
    """The text of a language map in `language`, else in Japanese, else whatever there is."""
    if isinstance(names, str):
        return names
    return names.get(language) or names.get("ja") or next(iter(names.values()), "")

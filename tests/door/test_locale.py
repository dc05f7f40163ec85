"""Every sentence of every room has its Japanese."""

from pathlib import Path

from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import hiroba
from hiroba.door.home.facts import HAZARDS, SHOWN
from hiroba.door.home.kinds import KINDS
from hiroba.door.pages import Templates
from hiroba.door.trouble import SAID

HOUSE = Path(hiroba.__file__).parent
KEYWORDS = {"_": None, "gettext": None, "text": None, "ngettext": (1, 2), "sentence": None}
ROOMS = [HOUSE / "door", *sorted(path.parent for path in (HOUSE / "services").glob("*/service.py"))]


def sentences_of(room: Path) -> set[str]:
    """The msgids of a room's templates and modules."""
    found: set[str] = set()
    for file in room.rglob("*.html"):
        with file.open("rb") as stream:
            found |= flat(
                messages for _, _, messages, _ in babel_extract(stream, list(KEYWORDS), [], {"encoding": "utf-8"})
            )
    for file in room.rglob("*.py"):
        with file.open("rb") as stream:
            found |= flat(message[1] for message in extract("python", stream, KEYWORDS))
    return found


def flat(messages) -> set[str]:
    """The first form of each message: what the catalogue is asked by."""
    return {message if isinstance(message, str) else message[0] for message in messages if message and message[0]}


def sentences_of_the_door() -> set[str]:
    """With those that stand in tables."""
    kinds = {word for kind in KINDS.values() for word in (kind.one, kind.many)}
    return (
        sentences_of(HOUSE / "door")
        | kinds
        | {name for _, name, _ in HAZARDS}
        | {name for _, name, _ in SHOWN}
        | set(SAID.values())
    )


def translated(po: Path) -> set[str]:
    with po.open("rb") as stream:
        return {
            message.id if isinstance(message.id, str) else message.id[0]
            for message in read_po(stream)
            if message.id and message.string and not message.fuzzy
        }


def test_every_sentence_of_the_door_has_its_japanese() -> None:
    assert sorted(sentences_of_the_door() - translated(HOUSE / "door" / "locale" / "ja.po")) == []


def test_no_japanese_is_kept_for_a_sentence_that_is_gone() -> None:
    assert sorted(translated(HOUSE / "door" / "locale" / "ja.po") - sentences_of_the_door()) == []


def test_every_sentence_of_a_service_has_its_japanese() -> None:
    for room in ROOMS[1:]:
        own = room / "locale" / "ja.po"
        known = translated(HOUSE / "door" / "locale" / "ja.po") | (translated(own) if own.exists() else set())
        assert sorted(sentences_of(room) - known) == [], room.name


def test_the_braces_of_a_sentence_are_those_of_its_japanese() -> None:
    for room in ROOMS:
        po = room / "locale" / "ja.po"
        if not po.exists():
            continue
        with po.open("rb") as stream:
            for message in read_po(stream):
                ids = [message.id] if isinstance(message.id, str) else list(message.id)
                strings = [message.string] if isinstance(message.string, str) else list(message.string)
                for string in filter(None, strings):
                    assert braces(string) <= braces(ids[-1]), string


def braces(text: str) -> set[str]:
    return {part.split("}")[0] for part in text.split("{")[1:]}


def test_a_catalogue_answers_in_japanese() -> None:
    catalogue = Templates([], {}).catalogues["ja"]
    assert catalogue.gettext("Home") == "ホーム"
    assert catalogue.ngettext("{count} result", "{count} results", 2) == "{count}件"

"""Texts are ordered as Unicode has it, whichever of the two ways the database allows (CIM 009 §4.23)."""

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest
from tests.conftest import client_of
from tests.own_postgres import INSTALLED, own_postgres

from hiroba.app import migrations
from hiroba.base.db import connect
from hiroba.base.db.migrations import migrate
from hiroba.door.service import found
from hiroba.exchange.broker.errors import BadRequestData, OperationNotSupported
from hiroba.exchange.broker.query.collation import ROOT, parse, ranks
from hiroba.settings import Settings

WORDS = ["", " ", "1", "12", "2", "A", "a", "á", "Á", "ab", "Ähre", "B", "b", "ß", "ss", "Zebra", "é", "e", "z",
         "あ", "ア", "い", "か", "が", "キ", "んん", "学", "小学校", "避難所", "中", "東京", "大阪"]  # fmt: skip


def test_accents_follow_their_letter_and_case_comes_last() -> None:
    places = ranks(WORDS, ROOT)
    ordered = sorted(WORDS, key=lambda word: places[word])
    for one, other in pairwise(
        ["", "1", "12", "2", "a", "A", "á", "Á", "ab", "Ähre", "b", "B", "Zebra", "あ", "小学校"]
    ):
        assert ordered.index(one) < ordered.index(other), (one, other)


def test_a_strength_makes_texts_equal_that_differ_below_it() -> None:
    assert len(set(ranks(["a", "A", "á"], parse("und-u-ks-level1")).values())) == 1
    assert len(set(ranks(["a", "A", "á"], parse("und-u-ks-level2")).values())) == 2
    assert len(set(ranks(["a", "A", "á"], parse("und")).values())) == 3


def test_the_german_phone_book_reads_an_umlaut_as_two_letters() -> None:
    names = ["Ärzte", "Adler", "Afrika"]
    book, root = ranks(names, parse("de-u-co-phonebk")), ranks(names, parse("de"))
    assert sorted(names, key=book.__getitem__) == ["Adler", "Ärzte", "Afrika"]
    assert sorted(names, key=root.__getitem__) == ["Adler", "Afrika", "Ärzte"]


def test_what_is_no_tag_and_what_is_not_had_are_told_apart() -> None:
    for tag in ("", "!!nope", "not a tag", "de_DE"):
        with pytest.raises(BadRequestData):
            parse(tag)
    for tag in ("sv-u-ks-level1", "und-u-co-emoji", "und-u-ks"):
        with pytest.raises(OperationNotSupported):
            parse(tag)
    assert parse("sv").in_database == "sv"
    assert parse("de").in_database == "und"
    assert parse("und-u-ks-level1").in_database == ""


@pytest.fixture(scope="module")
def icu(free_port) -> Iterator[str]:
    """The address of a database whose PostgreSQL has ICU."""
    with own_postgres(INSTALLED[-1] if INSTALLED else None, free_port()) as address:
        yield address


WAYS = {
    "und": "",
    "de-u-co-phonebk": "create collation phonebk (provider = icu, locale = 'de-u-co-phonebk')",
    "und-u-ks-level1": "create collation level1 (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
    "und-u-ks-level2": "create collation level2 (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
}
"""Collations, and how a database with ICU is given those that have no name there."""


@pytest.mark.anyio
@pytest.mark.parametrize("tag", WAYS)
async def test_what_we_compute_is_the_order_of_icu(icu: str, tag: str) -> None:
    chance = random.Random(tag)  # noqa: S311 - words for a test
    alphabet = "aAáÁäÄbBoöÖzZéèßsœ _-,.()12３ 　あいうアイウがカー東京避難所々"
    words = {"".join(chance.choices(alphabet, k=chance.randint(1, 5))) for _ in range(2_000)} | set(WORDS)
    conn = await asyncpg.connect(icu)
    if WAYS[tag]:
        await conn.execute(WAYS[tag])
    name = WAYS[tag].split()[2] if WAYS[tag] else "und-x-icu"
    ordered = f'select w from unnest($1::text[]) w order by w collate "{name}", w collate "C"'  # noqa: S608 - constants
    theirs = [row["w"] for row in await conn.fetch(ordered, list(words))]
    await conn.close()
    places = ranks(list(words), parse(tag))
    assert theirs == sorted(words, key=lambda word: (places[word], word))


@pytest.mark.anyio
async def test_a_house_orders_the_same_on_a_database_with_icu_and_on_one_without(icu, database, tmp_path) -> None:
    pool = await connect(icu, size=1)
    async with pool.acquire() as conn:
        await migrate(conn, migrations(found()))
    await pool.close()
    answers = [await ordered(address, tmp_path) for address in (database, icu)]
    swedish = [each.pop("sv") for each in answers]
    assert answers[0] == answers[1]
    assert all(len(ids) == len(WORDS) for ids in answers[0].values())
    assert swedish[0] is None, "the order of a language that has its own takes ICU"
    assert swedish[1].index(str(WORDS.index("Ähre"))) > swedish[1].index(str(WORDS.index("z")))


async def ordered(address: str, folder: Path) -> dict[str, list[str] | None]:
    """In which order a house on this database gives the words, by way of ordering; None where it refuses."""
    settings = Settings(data=folder, database_url=address, open=True, public_url="http://hiroba.test")
    told: dict[str, list[str] | None] = {}
    async with client_of(settings) as client:
        entities = [
            {"id": f"urn:ngsi-ld:Word:{number}", "type": "Word", "name": {"type": "Property", "value": word}}
            for number, word in enumerate(WORDS)
        ]
        made = await client.post("/ngsi-ld/v1/entityOperations/create", json=entities)
        assert made.status_code == 201
        for tag in ("", "sv", "en", "root", *WAYS):
            asked = {"type": "Word", "orderBy": "name", "limit": "100"} | ({"collation": tag} if tag else {})
            answer = await client.get("/ngsi-ld/v1/entities", params=asked)
            known = answer.json() if answer.is_success else None
            told[tag] = known and [one["id"].rpartition(":")[2] for one in known]
    return told

"""Texts are ordered as Unicode has it, whichever of the two ways the database allows (CIM 009 §4.23)."""

from itertools import pairwise

import pytest

from hiroba.base.db import Connection
from hiroba.exchange.broker import store
from hiroba.exchange.broker.errors import BadRequestData, OperationNotSupported
from hiroba.exchange.broker.query.collation import ROOT, parse, ranks

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
    for tag in ("sv", "ja", "und-u-co-emoji", "und-u-ks"):
        with pytest.raises(OperationNotSupported):
            parse(tag)


@pytest.mark.anyio
async def test_a_database_with_icu_orders_as_we_do(conn: Connection) -> None:
    """The wheel's PostgreSQL has none; one of your own may."""
    if not await store.has_unicode_collation(conn):
        assert not await conn.fetchval("select count(*) from pg_collation where collname like '%-x-icu'")
        return
    rows = await conn.fetch('select w from unnest($1::text[]) w order by w collate "und-x-icu"', WORDS)
    places = ranks(WORDS, ROOT)
    assert [row["w"] for row in rows] == sorted(WORDS, key=lambda word: places[word])

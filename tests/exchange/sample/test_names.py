"""Readings become Latin letters as on road signs."""

import pytest

from hiroba.exchange.sample.names import Name, romaji, titled, word


@pytest.mark.parametrize(
    ("kana", "latin"),
    [
        ("ミナトマチ", "minatomachi"),
        ("チョウ", "cho"),
        ("ジョウ", "jo"),
        ("キッサ", "kissa"),
        ("イッチョウ", "itcho"),
        ("オオテ", "ote"),
        ("シュウ", "shu"),
        ("ヒャク", "hyaku"),
        ("ホンマチ", "honmachi"),
        ("コーヒー", "kohi"),
    ],
)
def test_katakana_is_romanised(kana, latin):
    assert romaji(kana) == latin


def test_words_join_and_take_a_title():
    quarter = word("若葉", "ワカバ") + word("町", "マチ")
    assert quarter == Name("若葉町", "ワカバマチ", "wakabamachi")
    assert (
        titled(Name("若葉", "ワカバ", "Wakaba"), "小学校", "ショウガッコウ", "Elementary School").en
        == "Wakaba Elementary School"
    )

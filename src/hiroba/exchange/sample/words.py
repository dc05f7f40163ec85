"""The syllables that names are combined from; no combination here is a municipality of Japan."""

from collections.abc import Sequence
from random import Random
from typing import Final

from hiroba.exchange.sample.names import Name, capital, word

PREFECTURE: Final = Name("見本県", "ミホンケン", "Mihon Prefecture")
RANKS: Final = {"2": Name("市", "シ", " City"), "3": Name("町", "チョウ", " Town"), "4": Name("村", "ムラ", " Village")}
"""What a municipality is called, by the first digit of its number."""


def _words(written: str) -> list[Name]:
    return [word(*pair.split("/")) for pair in written.split()]


TOWNS: Final[dict[str, tuple[list[Name], list[Name]]]] = {
    "harbour": (_words("凪/ナギ 汐/シオ 澄/スミ 碧/アオ"), _words("津/ツ 湊/ミナト")),
    "castle": (_words("鶴/ツル 綾/アヤ 楓/カエデ"), _words("守/モリ 城/シロ")),
    "newtown": (_words("望/ノゾミ 虹/ニジ 陽/ヒナタ"), _words("ヶ丘/ガオカ が原/ガハラ")),
    "orchard": (_words("柚/ユズ 橘/タチバナ 蜜/ミツ"), _words("里/サト 畑/ハタ")),
    "spa": (_words("鷺/サギ 湯/ユ 萩/ハギ"), _words("ノ瀬/ノセ ノ里/ノサト")),
    "fishing": (_words("磯/イソ 網/アミ 帆/ホ"), _words("泊/ドマリ 浦/ウラ")),
    "island": (_words("鴎/カモメ 遠/トオ 珠/タマ"), _words("ノ島/ノシマ")),
    "mountain": (_words("霧/キリ 杉/スギ 雲/クモ"), _words("ヶ谷/ガタニ ノ沢/ノサワ")),
}

_COMMON: Final = _words(
    "本/ホン 栄/サカエ 旭/アサヒ 若葉/ワカバ 桜/サクラ 松/マツ 梅/ウメ 寿/コトブキ 幸/サイワイ 元/モト "
    "錦/ニシキ 泉/イズミ 宮/ミヤ 花園/ハナゾノ 千歳/チトセ 緑/ミドリ"
)
QUARTERS: Final[dict[str, tuple[list[Name], list[Name]]]] = {
    "harbour": (_COMMON + _words("港/ミナト 浜/ハマ 汐見/シオミ 船/フナ 入江/イリエ 築地/ツキジ"), _words("町/マチ")),
    "castle": (
        _words(
            "大手/オオテ 鍛冶/カジ 呉服/ゴフク 紺屋/コンヤ 鷹匠/タカジョウ 大工/ダイク 二ノ丸/ニノマル "
            "御船/オフネ 米屋/コメヤ"
        ),
        _words("町/マチ"),
    ),
    "newtown": (
        _words("青葉/アオバ 光/ヒカリ 桂/カツラ 星/ホシ 若草/ワカクサ 朝日/アサヒ 藤/フジ 白樺/シラカバ"),
        _words("台/ダイ が丘/ガオカ"),
    ),
    "orchard": (_words("中/ナカ 梅/ウメ 柿/カキ 蓮/ハス 市/イチ"), _words("田/タ 畑/ハタ")),
    "spa": (_words("湯本/ユモト 湯元/ユノモト 滝/タキ 白砂/シラスナ 松/マツ"), _words("町/マチ")),
    "fishing": (_words("大/オオ 鯛/タイ 船/フナ 網/アミ 東/ヒガシ"), _words("浜/ハマ")),
    "island": (_words("本/ホン 西/ニシ 東/ヒガシ 北/キタ"), _words("浦/ウラ")),
    "mountain": (_words("中/ナカ 上/カミ 下/シモ"), _words("沢/ザワ")),
}
"""Names of districts: the first of a municipality is its centre."""
HAMLETS: Final = (
    _words(
        "上/カミ 下/シモ 奥/オク 小/オ 大/オオ 西/ニシ 東/ヒガシ 石/イシ 竹/タケ 鳥/トリ 岩/イワ 長/ナガ "
        "清/キヨ 古/フル 高/タカ"
    ),
    {"shore": _words("浦/ウラ 浜/ハマ 磯/イソ"), "inland": _words("田/タ 谷/タニ 沢/サワ 坂/サカ")},
)

STREETS: Final = (
    _words(
        "桜/サクラ 柳/ヤナギ 銀杏/イチョウ 楠/クスノキ 欅/ケヤキ 椿/ツバキ 梅/ウメ 松/マツ 楓/カエデ "
        "橘/タチバナ 藤/フジ 萩/ハギ 桐/キリ 杉/スギ 竹/タケ 蓮/ハス "
        "鶴/ツル 鷺/サギ 燕/ツバメ 鴎/カモメ 千鳥/チドリ 雲雀/ヒバリ 亀/カメ 鯉/コイ 蛍/ホタル "
        "朝日/アサヒ 夕日/ユウヒ 月見/ツキミ 星見/ホシミ 虹/ニジ 風/カゼ 汐/シオ 泉/イズミ 清水/シミズ 石橋/イシバシ "
        "市場/イチバ 寺/テラ 宮前/ミヤマエ 学校/ガッコウ 駅前/エキマエ 中央/チュウオウ 昭栄/ショウエイ "
        "開明/カイメイ 大正/タイショウ 文化/ブンカ 平和/ヘイワ 新道/シンミチ "
        "塩屋/シオヤ 酒屋/サカヤ 油屋/アブラヤ 茶屋/チャヤ 紙屋/カミヤ 糸屋/イトヤ 菓子屋/カシヤ"
    ),
    {
        "flat": _words("通り/ドオリ 小路/コウジ 筋/スジ 横丁/ヨコチョウ"),
        "steep": _words("坂/ザカ 通り/ドオリ 小路/コウジ 道/ミチ"),
    },
)
RIVERS: Final = (_words("白/シラ 清/キヨ 鶴/ツル 澄/スミ 瀬/セ 玉/タマ"), _words("鷺/サギ 音/オト 瀬/セ 羽/ハ"))
MOUNTAINS: Final = (
    _words("天/アマ 烏/カラス 笠/カサ 駒/コマ 鏡/カガミ 鷹/タカ 霞/カスミ"),
    _words("音/ネ 取/トリ 峰/ミネ 掛/カケ"),
)
SHOPS: Final = _words(
    "潮/ウシオ 和/ナゴミ 灯/アカリ 萬/ヨロズ 結/ユイ 凪/ナギ 燈台/トウダイ 笑福/ショウフク "
    "一休/イッキュウ 千石/センゴク 海幸/ウミサチ 山彦/ヤマビコ"
)


def combined(random: Random, firsts: Sequence[Name], seconds: Sequence[Name]) -> list[Name]:
    """Every combination of a first with a second word, in an order of chance."""
    names = [capital(first + second) for first in firsts for second in seconds]
    random.shuffle(names)
    return names

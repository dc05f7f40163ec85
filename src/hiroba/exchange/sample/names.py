"""Names in three writings: Japanese, its reading in katakana, and Latin letters by Hepburn's rules."""

from typing import Final

import msgspec

_ROWS: Final = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ", "h": "ハヒフヘホ",
    "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "z": "ザジズゼゾ", "d": "ダヂヅデド", "b": "バビブベボ",
    "p": "パピプペポ",
}  # fmt: skip
_IRREGULAR: Final = {
    "シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ヅ": "zu",
    "ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヲ": "o", "ン": "n",
}  # fmt: skip
_LETTERS: Final = {
    sign: consonant + vowel for consonant, row in _ROWS.items() for sign, vowel in zip(row, "aiueo", strict=True)
} | _IRREGULAR
_SMALL: Final = {"ャ": "a", "ュ": "u", "ョ": "o"}


def romaji(kana: str) -> str:
    """Katakana in Latin letters: `ミナトマチ` becomes `minatomachi`, long vowels short as on signs."""
    written: list[str] = []
    double = False
    for sign in kana:
        if sign in _SMALL and written:
            stem = written.pop()[:-1]
            written.append(stem + ("" if stem.endswith(("sh", "ch", "j")) else "y") + _SMALL[sign])
            continue
        if sign == "ッ":
            double = True
            continue
        letters = _LETTERS.get(sign, "")
        written.append(("t" if letters.startswith("ch") else letters[:1]) + letters if double else letters)
        double = False
    latin = "".join(written)
    return latin.replace("ou", "o").replace("oo", "o").replace("uu", "u")


class Name(msgspec.Struct, frozen=True):
    """One name in its writings."""

    ja: str
    kana: str
    en: str

    def __add__(self, other: "Name") -> "Name":
        """Both names as one word: 若葉 + 町."""
        return Name(self.ja + other.ja, self.kana + other.kana, self.en + other.en)

    def map(self) -> dict[str, dict[str, str]]:
        """The name as the value of a LanguageProperty."""
        return {"languageMap": {"ja": self.ja, "ja-Kana": self.kana, "en": self.en}}


def word(ja: str, kana: str) -> Name:
    """A word whose Latin form follows from its reading, in small letters to be joined to others."""
    return Name(ja, kana, romaji(kana))


def titled(name: Name, ja: str, kana: str, en: str) -> Name:
    """A name with what it is: 若葉 as 若葉小学校, Wakaba Elementary School."""
    return Name(name.ja + ja, name.kana + kana, f"{name.en} {en}")


def capital(name: Name) -> Name:
    """The name with a capital letter, as a name on its own."""
    return Name(name.ja, name.kana, name.en[:1].upper() + name.en[1:])


def text(ja: str, en: str) -> dict[str, dict[str, str]]:
    """A sentence in both languages as the value of a LanguageProperty."""
    return {"languageMap": {"ja": ja, "en": en}}

"""What people are told about their data is told in their language."""

import ast
from pathlib import Path

import hiroba.exchange.loader
from hiroba.exchange.loader.findings import _CATALOGUES, Refusal, sentence

ROOM = Path(hiroba.exchange.loader.__file__).parent


def sentences() -> set[str]:
    """Every sentence the loader's code can say."""
    found = set()
    for file in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Refusal", "NoData", "sentence"}:
                found |= {given.value for given in node.args[:1] if isinstance(given, ast.Constant)}
    return found


def test_every_sentence_has_its_japanese():
    missing = {english for english in sentences() if _CATALOGUES["ja"].gettext(english) == english}
    assert len(sentences()) > 30
    assert not missing


def test_both_languages_name_the_same_fields():
    for english in sentences():
        japanese = _CATALOGUES["ja"].gettext(english)
        fields = {part.split("}")[0] for part in english.split("{")[1:]}
        assert {part.split("}")[0] for part in japanese.split("{")[1:]} == fields, english


def test_a_cell_with_braces_is_shown_as_it_is():
    assert "“{oops}”" in str(Refusal("“{cell}” is not a number. Write digits only, for example 12.5.", cell="{oops}"))


def test_a_long_cell_is_cut():
    assert len(sentence("{file} is empty.", file="x" * 500).in_language("en")) < 80

"""A place in a query text: what comes next, and the problem that says at which character what was expected."""

import unicodedata
from typing import NoReturn

from hiroba.exchange.broker.errors import BadRequestData

MAX_LENGTH = 8192
"""Bytes of one query text."""
MAX_DEPTH = 50
"""Parentheses or braces inside one another."""
MAX_STEPS = 50
"""Names of one path."""
MAX_TERMS = 200
"""Conditions of one query."""
MAX_ITEMS = 1000
"""Values of one list."""


def is_letter(char: str) -> bool:
    """Whether a name may start with it: any Unicode letter (CIM 009 §4.9)."""
    return char.isalpha()


def is_term_char(char: str) -> bool:
    """Whether a name may go on with it: a Unicode letter or number, or an underscore."""
    return char == "_" or char.isalpha() or unicodedata.category(char)[0] == "N"


def is_name(text: str) -> bool:
    """Whether it is a short name as the query languages write it."""
    return bool(text) and is_letter(text[0]) and all(map(is_term_char, text))


class Cursor:
    """Reads `text` from left to right; `what` names the parameter in problems."""

    def __init__(self, text: str, what: str) -> None:
        self.text, self.what, self.at = text, what, 0
        self.depth = self.terms = 0
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            self.fail("text that is valid Unicode", error.start)
        if size > MAX_LENGTH:
            raise BadRequestData(f"{what} is {size} bytes long; at most {MAX_LENGTH} are taken.")
        if "\0" in text:
            self.fail("no character U+0000", text.index("\0"))

    def fail(self, expected: str, at: int | None = None) -> NoReturn:
        """The problem of this place: characters are counted from 1."""
        at = self.at if at is None else at
        found = f"“{self.text[at : at + 12]}”" if at < len(self.text) else "the end"
        printable = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in found)
        raise BadRequestData(f"{self.what}: at character {at + 1} {expected} was expected, but there is {printable}.")

    @property
    def next(self) -> str:
        """The character that comes, or '' at the end."""
        return self.text[self.at : self.at + 1]

    def sees(self, token: str) -> bool:
        """Whether `token` comes next."""
        return self.text.startswith(token, self.at)

    def take(self, *tokens: str) -> str:
        """Go past the first of these that comes next and say which; '' if none does."""
        for token in tokens:
            if self.text.startswith(token, self.at):
                self.at += len(token)
                return token
        return ""

    def must(self, token: str) -> None:
        """Go past `token`, or fail."""
        if not self.take(token):
            self.fail(f"“{token}”")

    def must_end(self, expected: str) -> None:
        """Nothing may follow."""
        if self.at < len(self.text):
            self.fail(expected)

    def name(self, what: str) -> str:
        """Go past a short name."""
        start = self.at
        if not self.next or not is_letter(self.next):
            self.fail(what)
        while self.next and is_term_char(self.next):
            self.at += 1
        return self.text[start : self.at]

    def deeper(self) -> None:
        """Enter parentheses or braces."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadRequestData(f"{self.what} nests deeper than {MAX_DEPTH} levels at character {self.at + 1}.")

    def shallower(self) -> None:
        """Leave parentheses or braces."""
        self.depth -= 1

    def count_term(self) -> None:
        """One more condition."""
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise BadRequestData(f"{self.what} has more than {MAX_TERMS} conditions.")

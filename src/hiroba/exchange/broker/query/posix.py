r"""RE2's regular expressions as PostgreSQL's, for the subset in which both mean the same.

Same and passed on: literals, `|`, groups, anchors, quantifiers up to 255. Same after rewriting: `.` (no line end in
RE2), `\d \w \s` and their opposites (ASCII in RE2, every script in PostgreSQL), bracket expressions. Different and
refused with a problem: word boundaries, flags such as `(?i)`, `\p{…}`, `[:alpha:]`, numbers of code points, `\Q…\E`.
"""

import re

from hiroba.exchange.broker.errors import BadRequestData

_SETS = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\n\f\r"}
_SPACES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_COUNT = re.compile(r"\{(\d{1,4})(?:,(\d{0,4}))?\}", re.ASCII)
_GROUP = re.compile(r"\(\?(?:P?<\w+>|:)")
_MOST = 255


def posix(pattern: str) -> str:
    """The pattern, already accepted by RE2, for PostgreSQL's `~` and like_regex; BadRequestData where they differ."""
    return _Rewriting(pattern).whole()


def _literal(char: str) -> str:
    return char if char.isalnum() or char == "_" or not char.isascii() or char.isspace() else "\\" + char


class _Rewriting:
    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0

    def refuse(self, what: str) -> BadRequestData:
        return BadRequestData(
            f"The regular expression {self.pattern!r} has {what} at character {self.at + 1}, which queries of stored "
            "entities cannot use. Literals, “.”, [a-z], \\d, \\w, \\s, groups, “|”, ^, $, *, +, ? and {n,m} work."
        )

    def whole(self) -> str:
        pieces = []
        anchored = True
        while self.at < len(self.pattern):
            piece, anchor = self.piece(anchored=anchored)
            pieces.append(piece)
            anchored = anchor
        return "".join(pieces)

    def piece(self, *, anchored: bool) -> tuple[str, bool]:
        """One piece in PostgreSQL's writing, and whether a quantifier may not follow it there."""
        char = self.pattern[self.at]
        count = _COUNT.match(self.pattern, self.at)
        if char in "*+?" or count:
            if anchored:
                raise self.refuse("a repeated anchor or nothing to repeat")
            return self.quantifier(count), False
        if char == "[":
            return self.bracket(), False
        if char == "\\":
            return self.escape()
        if char == "(":
            group = _GROUP.match(self.pattern, self.at)
            if group is None and self.pattern.startswith("(?", self.at):
                raise self.refuse("a flag")
            self.at = group.end() if group else self.at + 1
            return "(?:", True
        self.at += 1
        if char in "^$|)":
            return char, char != ")"
        return ("[^\\n]" if char == "." else _literal(char)), False

    def quantifier(self, count: re.Match[str] | None) -> str:
        if count and max(int(number or 0) for number in count.groups()) > _MOST:
            raise self.refuse(f"a repetition above {_MOST}")
        start = self.at
        self.at = count.end() if count else self.at + 1
        if self.pattern.startswith("?", self.at):
            self.at += 1
            return self.pattern[start : self.at - 1]
        return self.pattern[start : self.at]

    def escape(self) -> tuple[str, bool]:
        char = self.pattern[self.at + 1]
        self.at += 2
        if char.lower() in _SETS:
            return f"[{'^' if char.isupper() else ''}{_SETS[char.lower()]}]", False
        if char in _SPACES:
            return _SPACES[char], False
        if char in "Az":
            return {"A": r"\A", "z": r"\Z"}[char], True
        if char.isascii() and not char.isalnum():
            return _literal(char), False
        self.at -= 2
        raise self.refuse(f"“\\{char}”")

    def bracket(self) -> str:
        """A bracket expression; a first `]` is a literal."""
        self.at += 1
        opening = "[^" if self.pattern.startswith("^", self.at) else "["
        self.at += len(opening) - 1
        pieces: list[str] = []
        while not pieces or self.pattern[self.at] != "]":
            pieces.append(self.in_bracket())
        self.at += 1
        return f"{opening}{''.join(pieces)}]"

    def in_bracket(self) -> str:
        if self.pattern.startswith("[:", self.at):
            raise self.refuse("a named class")
        char = self.pattern[self.at]
        if char == "\\":
            named = self.pattern[self.at + 1]
            if named in _SETS:
                self.at += 2
                return _SETS[named]
        low = self.member()
        follows = self.pattern[self.at : self.at + 2]
        if follows.startswith("-") and follows != "-]":
            self.at += 1
            return f"{low}-{self.member()}"
        return low

    def member(self) -> str:
        char = self.pattern[self.at]
        if char != "\\":
            self.at += 1
            return _literal(char)
        char = self.pattern[self.at + 1]
        if char in _SPACES:
            self.at += 2
            return _SPACES[char]
        if char.isascii() and not char.isalnum():
            self.at += 2
            return _literal(char)
        raise self.refuse(f"“\\{char}” in brackets")

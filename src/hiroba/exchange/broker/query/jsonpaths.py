"""Conditions on a stored document as jsonpath expressions, each one text that is bound as a parameter.

Equality is written as chains of member names and `==`, which a GIN index (jsonb_path_ops) serves. The values of a
language map have no fixed name and would spoil that, so their branch also asks for `type == "LanguageProperty"`,
which is indexed.
"""

from collections.abc import Iterable, Sequence

import orjson

from hiroba.exchange.broker.facts import MEASURED
from hiroba.exchange.broker.query import instants, reach
from hiroba.exchange.broker.query.posix import posix
from hiroba.exchange.broker.query.tree import (
    Between,
    Clock,
    Compare,
    Day,
    Flag,
    Instant,
    Like,
    Number,
    Path,
    Text,
    Value,
    Word,
)

INLINE = 32
"""So many values are written into the expression, where the index sees them; longer lists are passed beside it."""

_IS_TEXT = '@.type() == "string"'


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _steps(way: Iterable[str]) -> str:
    return "".join(".*" if step == reach.ANY else f".{_quoted(step)}" for step in way)


def _instances(path: Path) -> str:
    return "$" + "".join(f".{_quoted(name)}[*]" for name in reach.instances(path))


def at(path: Path, way: reach.Way = ()) -> str:
    """What lies at the end of a way from the target's instances."""
    return _instances(path) + _steps(way)


def exists(path: Path) -> str:
    """The target element is there."""
    needed = reach.members(path)
    if not needed:
        return _instances(path)
    return f"{_instances(path)} ? ({' || '.join(f'exists(@{_steps(way)})' for way in needed)})"


def measured(path: Path) -> str:
    """In facts: the target's numbers were left out, so that only the document knows them."""
    return f"{_instances(path)} ? (@.{_quoted(MEASURED)} == true)"


def scalars(values: Iterable[Value]) -> list[str | int | float | bool]:
    """Every stored scalar that equals one of these values."""
    found: dict[tuple[type, str | int | float | bool], None] = {}
    for value in values:
        match instants.timed(value):
            case Instant() | Clock() | Day() as time:
                found |= dict.fromkeys((str, text) for text in instants.spellings(time))
            case Number(value=scalar) | Flag(value=scalar) | Text(value=scalar) | Word(value=scalar):
                found[type(scalar), scalar] = None
    return [scalar for _, scalar in found]


def equal(path: Path, wanted: Sequence[str | int | float | bool]) -> str:
    """A value of the target is one of `wanted`, or of `$wanted` where there are more than INLINE."""
    choices = [literal(scalar) for scalar in wanted] if len(wanted) <= INLINE else ["$wanted[*]"]
    branches = []
    text = any(isinstance(scalar, str) for scalar in wanted)
    for way in reach.values(path, text=text, objects=text):
        equalities = " || ".join(f"@{_steps(way)} == {choice}" for choice in choices)
        in_language_map = way[0] == "languageMap" and reach.ANY in way
        branches.append(f'(@.type == "LanguageProperty" && ({equalities}))' if in_language_map else equalities)
    return f"{_instances(path)} ? ({' || '.join(branches)})"


def literal(scalar: str | float) -> str:
    """A scalar as JSON and jsonpath write it, whole numbers of any size."""
    return orjson.dumps(scalar).decode() if not isinstance(scalar, int) or isinstance(scalar, bool) else str(scalar)


def _some(path: Path, condition: str, *, text: bool = True) -> str:
    """A value of the target, objects of relationships apart, for which a condition on `@` holds."""
    ways = reach.values(path, text=text, objects=False)
    return f"{_instances(path)} ? ({' || '.join(f'exists(@{_steps(way)} ? ({condition}))' for way in ways)})"


def ordered(path: Path, tree: Compare) -> str:
    """A value of the target is greater or less."""
    return _some(path, _beside(tree.operator, tree.value), text=not isinstance(tree.value, Number | Flag))


def between(path: Path, tree: Between) -> str:
    """A value of the target lies in the range."""
    return _some(
        path, f"({_beside('>=', tree.low)}) && ({_beside('<=', tree.high)})", text=not isinstance(tree.low, Number)
    )


def like(path: Path, tree: Like) -> str:
    """A text of the target holds the pattern; the flag s leaves `[^a]` and line ends as they are in RE2."""
    return _some(path, f'{_IS_TEXT} && @ like_regex {_quoted(posix(tree.pattern))} flag "s"')


def texts(path: Path) -> str:
    """There is a text in the target."""
    return _some(path, _IS_TEXT)


def objects(relation: str) -> tuple[str, ...]:
    """The ids a relationship points to, as expressions whose results are texts."""
    start = f"$.{_quoted(relation)}[*]"
    return tuple(f"{start}{_steps(way)}[*] ? ({_IS_TEXT})" for way in reach.OBJECTS)


def _beside(sign: str, value: Value) -> str:
    """`@` is greater or less than a value of its own kind; a list inside a list has another type and is none."""
    match instants.timed(value):
        case Number(value=number):
            return f'@.type() == "number" && @ {sign} {literal(number)}'
        case Instant() | Clock() as time:
            return f"{_IS_TEXT} && @ like_regex {_quoted(instants.shape(time))} && ({_in_time(sign, time)})"
        case Day(value=text) as day:
            return f"{_IS_TEXT} && @ like_regex {_quoted(instants.shape(day))} && @ {sign} {_quoted(text)}"
        case Flag(value=flag):
            return f'@.type() == "boolean" && @ {sign} {literal(flag)}'
        case Text(value=text) | Word(value=text):
            return f"{_IS_TEXT} && @ {sign} {_quoted(text)}"


def _in_time(sign: str, time: Instant | Clock) -> str:
    """Text compared as time: whole seconds by the alphabet, then the fraction. "~" follows every sign of a time."""
    whole, fraction = instants.split(time)
    same = f"@ starts with {_quoted(whole)}"
    beyond = f"^.{{{len(whole)}}}{instants.later_fraction(fraction)}"
    after = f"(@ > {_quoted(whole + '~')} || ({same} && @ like_regex {_quoted(beyond)}))"
    equal_fraction = f"([.,]{fraction}0*)?Z" if not fraction else f"[.,]{fraction}0*Z"
    level = f"(@ like_regex {_quoted(f'^{whole}{equal_fraction}$')})"
    return {">": after, ">=": f"{after} || {level}", "<": f"!({after} || {level})", "<=": f"!{after}"}[sign]

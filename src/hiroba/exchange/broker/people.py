"""How people are named in a tenant of personal data: by pairwise keys of 43 characters, inside ids and inside values.

An entity's id says whose it is: `urn:ngsi-ld:{Kind}:{key}` or, where a person has several of a kind,
`urn:ngsi-ld:{Kind}:{key}:{anything}`. Every sector has a key of its own for the same person, so an id reads
differently to each of them. Pure.
"""

import re
from collections.abc import Iterator
from typing import Final

LENGTH: Final = 43
"""Characters of a key: 32 bytes in base64url without padding."""
LONGEST: Final = 4 * LENGTH
"""A run of such characters that is longer holds no name: it is a picture, or a token of something else."""
_RUN: Final = re.compile(rf"[A-Za-z0-9_-]{{{LENGTH},}}")
_ID: Final = re.compile(
    rf"urn:ngsi-ld:([A-Za-z][A-Za-z0-9]*):([A-Za-z0-9_-]{{{LENGTH}}})(?::([A-Za-z0-9._~-]{{1,100}}))?"
)


def candidates(text: str) -> Iterator[str]:
    """Everything in a text that could be a person's key, wherever in a word it stands."""
    for run in _RUN.findall(text):
        if len(run) <= LONGEST:
            yield from (run[start : start + LENGTH] for start in range(len(run) - LENGTH + 1))


def kind_and_key(id_: str) -> tuple[str, str] | None:
    """What the id of a personal entity says: of which kind, and whose; None where it is no such id."""
    found = _ID.fullmatch(id_)
    return None if found is None else (found[1], found[2])


def key_of(id_: str) -> str | None:
    """Whose an entity is, by its id."""
    found = kind_and_key(id_)
    return None if found is None else found[1]

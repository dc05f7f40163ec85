"""Recovery at a counter: an officer checks papers and gives out a code, with which the person makes a new passkey.

The code signs nobody in by itself, works once, for a day; giving out another ends the one before. Who gave it, after which
papers and why is kept and logged. Old ways to sign in stay until the person removes them; old sessions end.
"""

import secrets
from datetime import timedelta
from typing import Final

from hiroba.base import clock, mail
from hiroba.base.db import Connection
from hiroba.base.errors import Invalid, NotFound
from hiroba.base.ids import ALPHABET, ulid
from hiroba.exchange.identity import store
from hiroba.exchange.identity.callers import Caller
from hiroba.exchange.identity.people import mail_links
from hiroba.exchange.identity.people.store import pairs, recovery, ways
from hiroba.exchange.identity.people.store.recovery import Code
from hiroba.exchange.identity.people.telling import RECOVERY_GIVEN, Told, tell

ROLE: Final = "identity"
"""The role of officers who check papers at a counter."""
LIFE: Final = timedelta(hours=24)
LETTERS: Final = 16
"""Letters and digits of a code: 80 bits."""
WORDS: Final = 300


class NobodyFound(NotFound):
    """No account is known by that number or mail address."""


class NoPapers(Invalid):
    """A code is given out after papers were checked, and for a reason."""


class CodeSpent(NotFound):
    """This code was used before, is too old, or is not right."""


def written(text: str) -> str:
    """A code or number as people write it: letters and digits alone; O is 0, I and L are 1 (Crockford's base 32)."""
    letters = text.upper().translate(str.maketrans("OIL", "011"))
    return "".join(letter for letter in letters if letter in ALPHABET)


def grouped(code: str, size: int = 4) -> str:
    """A code in groups, to be read aloud."""
    return "-".join(code[at : at + size] for at in range(0, len(code), size))


async def find(conn: Connection, said: str) -> str:
    """The person whom somebody at the counter names: by the account's number or by a mail address."""
    if "@" in said:
        found = await ways.person_mail(conn, await mail_links.digest_of(conn, mail.address(said)))
    else:
        found = await pairs.person_with(conn, written(said))
    if found is None:
        raise NobodyFound("Ask for the number on the person's account page, or the mail address they sign in with.")
    return found


async def give(conn: Connection, officer: Caller, person: str, papers: str, reason: str) -> str:
    """A new code for a person, by an officer who checked their papers."""
    if not papers.strip() or not reason.strip():
        raise NoPapers("Say which papers were checked, and why a recovery is needed.")
    code = "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
    now = clock.now()
    given = Code(
        ulid(), person, officer.organisation, officer.id, papers[:WORDS], reason[:WORDS], now, now + LIFE, None
    )
    await recovery.end_unused(conn, person)
    await recovery.add(conn, store.digest(code), given)
    told = Told(
        person, RECOVERY_GIVEN, by=f"{officer.organisation} {officer.id}", note=f"{given.papers}; {given.reason}"
    )
    await tell(conn, told)
    return code


async def look(conn: Connection, code: str) -> Code:
    """What a code is good for, without using it up."""
    found = await recovery.get(conn, store.digest(written(code)), clock.now())
    if found is None:
        raise CodeSpent("Check it letter by letter, or ask at the counter for a new one.")
    return found


async def use(conn: Connection, code_id: str) -> Code:
    """Use a code up, once a new way to sign in has been proved."""
    found = await recovery.use(conn, code_id, clock.now())
    if found is None:
        raise CodeSpent("Ask at the counter for a new one.")
    return found

"""Letters by mail: what one is, and the stand-in for a mail server: a folder, each letter a file the operator can read."""

import asyncio
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final, Protocol

import msgspec

from hiroba.base import clock
from hiroba.base.errors import Invalid, Unavailable
from hiroba.base.ids import ulid

LONGEST: Final = 254
"""Characters of an address (RFC 5321 §4.5.3.1.3, less the brackets)."""
KEPT: Final = 500
"""Letters that the folder keeps."""


class Letter(msgspec.Struct, frozen=True):
    """A letter in plain words."""

    to: str
    subject: str
    text: str


class Post(Protocol):
    """Where letters are handed in."""

    async def send(self, letter: Letter) -> None:
        """Hand a letter in; PostClosed where that cannot be done now."""


class WrongAddress(Invalid):
    """This is no mail address that can be written to."""


class PostClosed(Unavailable):
    """No mail can be sent right now."""


def address(text: str) -> str:
    """A mail address as it is sent to: trimmed, the domain in small letters and, where it needs to be, in IDNA."""
    local, at, domain = text.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
        checked = Address(username=local, domain=domain).addr_spec
    except (UnicodeError, ValueError, IndexError):
        raise WrongAddress from None
    wrong = not at or not local or "." not in domain or len(checked) > LONGEST or not checked.isascii()
    if wrong or not checked.isprintable() or " " in checked or '"' in checked:
        raise WrongAddress
    return checked


def message(letter: Letter, sender: str) -> EmailMessage:
    """The letter as RFC 5322 has it; a line break in a header is refused by the library."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = sender, letter.to, letter.subject
    made["Date"] = clock.now()
    made["Message-ID"] = f"<{ulid()}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    return made


class Folder:
    """The stand-in: letters are files, the newest last by name."""

    def __init__(self, folder: Path, sender: str) -> None:
        self.folder, self.sender = folder, sender

    async def send(self, letter: Letter) -> None:
        """Write the letter down."""
        await asyncio.to_thread(self._write, letter)

    def letters(self) -> list[str]:
        """What was sent, the newest first."""
        return [path.read_text() for path in sorted(self.folder.glob("*.eml"), reverse=True)]

    def _write(self, letter: Letter) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / f"{ulid()}.eml").write_bytes(message(letter, self.sender).as_bytes())
        for old in sorted(self.folder.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)

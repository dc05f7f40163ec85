"""Signed notes and the checkpoints in them (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature), signed with Ed25519.

A `Verifier` is known by its line `name+id+key`, a `Signer` by the same with a secret in front, as golang.org/x/mod/sumdb/note
writes them. Type 1 signs a log's own checkpoints, type 4 cosigns those of others and says when.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hiroba.base.errors import Invalid

LOG: Final = 1
WITNESS: Final = 4
LONGEST: Final = 1 << 16
"""Bytes of a note that is read."""
_DASH: Final = "— "
_TIME: Final = 8
"""Bytes in front of a cosignature."""


def _id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def text_of(data: bytes) -> str:
    """Base64 as notes write it."""
    return base64.b64encode(data).decode()


def bytes_of(text: str) -> bytes:
    """The bytes of base64 in its one right spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("This is no base64.") from None
    if text_of(data) != text:
        raise Invalid("This base64 could be spelled in another way.")
    return data


class Verifier(msgspec.Struct, frozen=True):
    """Somebody who signs, by name, type and public key."""

    name: str
    kind: int
    public: bytes

    @property
    def line(self) -> str:
        """`name+id+key`: how it is told to others."""
        key = text_of(bytes([self.kind]) + self.public)
        return f"{self.name}+{_id(self.name, self.kind, self.public).hex()}+{key}"

    def signed(self, note: "Note") -> bool:
        """Whether the note has a signature of theirs, and each of theirs is right (signed-note: else the note is refused)."""
        mine = [
            signature for name, key, signature in note.signatures
            if name == self.name and key == _id(self.name, self.kind, self.public)
        ]  # fmt: skip
        return bool(mine) and all(self._is_right(note.body, signature) for signature in mine)

    def _is_right(self, body: str, signature: bytes) -> bool:
        message = body.encode()
        if self.kind == WITNESS:
            message = _cosigned(body, int.from_bytes(signature[:_TIME]))
            signature = signature[_TIME:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def verifier(line: str) -> Verifier:
    """Read `name+id+key`."""
    name, _, rest = line.strip().partition("+")
    key, _, data = rest.partition("+")
    material = bytes_of(data)
    if not is_name(name) or len(material) != 33 or material[0] not in {LOG, WITNESS}:  # noqa: PLR2004 - a type and a key
        raise Invalid("A verifier key is written name+id+key and is of Ed25519 (c2sp.org/signed-note).")
    found = Verifier(name, material[0], material[1:])
    if key != _id(found.name, found.kind, found.public).hex():
        raise Invalid("The id in this verifier key is not the one of its name and key.")
    return found


def is_name(name: str) -> bool:
    """Whether a key may be called so."""
    return bool(name) and "+" not in name and not any(letter.isspace() or ord(letter) < ord(" ") for letter in name)


class Signer:
    """Somebody who signs, with the secret."""

    def __init__(self, name: str, kind: int, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self._secret = secret
        self.verifier = Verifier(name, kind, self._key.public_key().public_bytes_raw())

    @property
    def line(self) -> str:
        """`PRIVATE+KEY+name+id+secret`: how it is kept."""
        name, key, _ = self.verifier.line.split("+", 2)
        return f"PRIVATE+KEY+{name}+{key}+{text_of(bytes([self.verifier.kind]) + self._secret)}"

    def sign(self, body: str) -> str:
        """The line of a log's signature."""
        return self._line(self._key.sign(body.encode()))

    def cosign(self, body: str, seconds: int) -> str:
        """The line of a witness's cosignature, made `seconds` after 1970."""
        return self._line(seconds.to_bytes(_TIME) + self._key.sign(_cosigned(body, seconds)))

    def _line(self, signature: bytes) -> str:
        who = self.verifier
        return f"{_DASH}{who.name} {text_of(_id(who.name, who.kind, who.public) + signature)}\n"


def signer(line: str) -> Signer:
    """Read `PRIVATE+KEY+name+id+secret`."""
    try:
        private, key, name, _, data = line.strip().split("+", 4)
        material = bytes_of(data)
        made = Signer(name, material[0], material[1:])
    except (ValueError, IndexError):
        raise Invalid("This is no signing key.") from None
    if (private, key, made.line) != ("PRIVATE", "KEY", line.strip()):
        raise Invalid("This is no signing key.")
    return made


def _cosigned(body: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{body}".encode()


class Note(msgspec.Struct, frozen=True):
    """A text and its signatures: name, key id, the rest."""

    body: str
    signatures: Sequence[tuple[str, bytes, bytes]]


def note(text: str) -> Note:
    """Read a signed note."""
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or len(text) > LONGEST or any(c < " " and c != "\n" for c in text):
        raise Invalid("This is no signed note (c2sp.org/signed-note).")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, data = rest.partition(" ")
        signature = bytes_of(data)
        if f"{dash} " != _DASH or not is_name(name) or len(signature) < 5:  # noqa: PLR2004 - an id and something
            raise Invalid("This is no signature line of a note (c2sp.org/signed-note).")
        signatures.append((name, signature[:4], signature[4:]))
    return Note(f"{body}\n", signatures)


class Checkpoint(msgspec.Struct, frozen=True):
    """How large a log's tree is, and its root."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{text_of(self.root)}\n"


def checkpoint(body: str) -> Checkpoint:
    """Read the text of a checkpoint; extension lines are refused, since nobody could say what they claim."""
    lines = body.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:  # noqa: PLR2004 - three lines
        raise Invalid("A checkpoint has an origin, a size and a root, a line each (c2sp.org/tlog-checkpoint).")
    root = bytes_of(lines[2])
    return Checkpoint(lines[0], number(lines[1]), root)


def number(text: str) -> int:
    """A number without leading zeros, of a size that a tree may have."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or (text[0] == "0" and text != "0"):  # noqa: PLR2004 - below 2^63
        raise Invalid(f"{text[:30]!r} is no size of a tree.")
    return int(text)

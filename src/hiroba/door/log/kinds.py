"""What kinds of lines there are, in the words people read, and which of them are looks at data."""

from typing import Final

import msgspec

from hiroba.base.text import sentence


class Kind(msgspec.Struct, frozen=True):
    """A kind of line: its sentence, where `{who}` is known and where it is not, its icon and tone."""

    sentence: str
    alone: str
    icon: str = "info"
    tone: str = "gray"
    chip: str = ""


LOOKS: Final = {
    "read": Kind(sentence("{who} read your data"), sentence("Your data were read"), "book", "pref", sentence("Read")),
    "notified": Kind(
        sentence("{who} was told of a change in your data"), sentence("A change in your data was told"), "link", "pref",
        sentence("Sent"),
    ),
    "exchanged": Kind(sentence("{who} got your data"), sentence("Your data were given"), "link", "pref", sentence("Sent")),
    "looked": Kind(
        sentence("{who} looked at your data"), sentence("Somebody at an office looked at your data"), "person", "pref",
        sentence("Looked at"),
    ),
    "refused": Kind(
        sentence("{who} asked for your data and got nothing"), sentence("Somebody asked for your data and got nothing"),
        "shield", "", sentence("Refused"),
    ),
    "translated": Kind(
        sentence("{who} was told that two of its records are of one person"),
        sentence("Two records of you were joined"), "link", "warn", sentence("Joined"),
    ),
    "acted": Kind(sentence("{who} acted for you"), sentence("Somebody acted for you"), "person", "warn", sentence("For you")),
    "disclosed": Kind(
        sentence("What a law let wait is shown to you from here on"),
        sentence("What a law let wait is shown to you from here on"), "info", "warn", sentence("Shown later"),
    ),
}  # fmt: skip
"""Looks at data, and what concerns them."""
OTHERS: Final = {
    "asked": Kind(sentence("{who} asked for your consent"), sentence("Your consent was asked for")),
    "granted": Kind(sentence("You allowed {who} to read your data"), sentence("A permission to read your data began")),
    "withdrawn": Kind(sentence("The permission of {who} was taken back"), sentence("A permission was taken back")),
    "declined": Kind(sentence("You refused {who}"), sentence("You refused")),
    "expired": Kind(sentence("The permission of {who} is over"), sentence("A permission is over"), "clock"),
    "superseded": Kind(sentence("The permission of {who} was replaced"), sentence("A permission was replaced")),
    "exported": Kind(sentence("You took this list with you"), sentence("You took this list with you"), "document"),
    "signed-in": Kind(sentence("You signed in"), sentence("You signed in"), "person"),
    "sign-in-added": Kind(sentence("A way to sign in was added"), sentence("A way to sign in was added"), "person"),
    "sign-in-removed": Kind(
        sentence("A way to sign in was removed"), sentence("A way to sign in was removed"), "person"
    ),
    "recovery-given": Kind(
        sentence("A counter gave you a code to come back"), sentence("A counter gave you a code to come back"), "person"
    ),
    "recovered": Kind(
        sentence("You came back with a counter's code"), sentence("You came back with a counter's code"), "person"
    ),
    "mandate-accepted": Kind(
        sentence("Somebody may act for you from now on"), sentence("Somebody may act for you from now on"), "person"
    ),
    "mandate-ended": Kind(
        sentence("Somebody may no longer act for you"), sentence("Somebody may no longer act for you"), "person"
    ),
}
"""What else happened to the account and its permissions."""
NOTES: Final = {
    "no grant": sentence("There was no consent and no law that allows it."),
    "filled into a form": sentence("It was filled into a form for you."),
    "asked for; nothing matched": sentence("It asked for you; nothing fitted its question."),
}
"""What readers note, in the words people read."""
NOTED: Final = frozenset({"looked", "refused", "read", "acted"})
"""Kinds whose notes are written for people."""
UNKNOWN: Final = Kind(
    sentence("{who} did something that concerns you"), sentence("Something that concerns you was written down")
)


def of(kind: str) -> Kind:
    """The kind by its name."""
    return LOOKS.get(kind) or OTHERS.get(kind) or UNKNOWN

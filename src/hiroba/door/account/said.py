"""What a form of these pages says when something is not right, in words for whoever filled it in."""

from typing import Final

from hiroba.base.errors import Problem
from hiroba.base.mail import WrongAddress
from hiroba.base.text import sentence
from hiroba.door.pages import Page
from hiroba.exchange.identity.people.mandates import InvitationSpent, NoLastDay, NoName, WrongDay
from hiroba.exchange.identity.people.recovery import CodeSpent, NobodyFound, NoPapers
from hiroba.exchange.identity.people.subjects import PersonUnknown

SENTENCES: Final[dict[type[Problem], str]] = {
    WrongAddress: sentence("Check the mail address. It looks like name@example.jp."),
    CodeSpent: sentence("This code is not right, was used, or is older than a day. Check it letter by letter."),
    InvitationSpent: sentence("This code is not right, was used or withdrawn, or is older than seven days."),
    NobodyFound: sentence("No account has this number or mail address."),
    PersonUnknown: sentence("No account has this number."),
    NoPapers: sentence("Say which papers you checked, and why."),
    NoName: sentence("Write what the other one knows the person by."),
    NoLastDay: sentence("Write the last day, the one before the child comes of age."),
    WrongDay: sentence("The last day must lie ahead, and within eighteen years. Write it like 2027-03-31."),
}


FIELDS: Final[dict[type[Problem], str]] = {
    NobodyFound: "said",
    PersonUnknown: "child",
    NoName: "shown",
    NoLastDay: "until",
    WrongDay: "until",
}
"""The field that a problem is about."""


def beside(page: Page, error: Problem, otherwise: str) -> dict[str, str]:
    """The field a problem is about, or the one named `otherwise`, with its sentence."""
    return {FIELDS.get(type(error), otherwise): said(page, error)}


def said(page: Page, error: Problem) -> str:
    """The sentence of a problem in the reader's language; a problem without one goes on to the page of problems."""
    if type(error) not in SENTENCES:
        raise error
    return page.text(SENTENCES[type(error)])

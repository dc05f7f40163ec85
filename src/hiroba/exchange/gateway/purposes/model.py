"""A purpose and its life: draft → assessed → decided → active → retired, each step only with its papers on file."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from hiroba.base.errors import Conflict, Invalid
from hiroba.base.text import in_language

State = Literal["draft", "assessed", "decided", "active", "retired"]
PaperKind = Literal["pia", "elsi", "decision"]
Ground = Literal["consent", "law"]

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=80)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Term = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(min_length=1, max_length=4000)]
Languages = Annotated[dict[str, Text], Meta(min_length=1, max_length=20)]
"""A language map."""

NEXT: Final[Mapping[State, frozenset[State]]] = {
    "draft": frozenset({"assessed", "retired"}),
    "assessed": frozenset({"decided", "retired"}),
    "decided": frozenset({"active", "retired"}),
    "active": frozenset({"retired"}),
    "retired": frozenset(),
}
NEEDED: Final[Mapping[State, frozenset[PaperKind]]] = {
    "draft": frozenset(),
    "assessed": frozenset({"pia", "elsi"}),
    "decided": frozenset({"pia", "elsi", "decision"}),
    "active": frozenset({"pia", "elsi", "decision"}),
    "retired": frozenset(),
}
"""The papers without which a purpose is not in that state."""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Attributes of one type of entity, by the terms of the house's context or by IRI."""

    type: Term
    attrs: Annotated[tuple[Term, ...], Meta(min_length=1, max_length=200)]


class Law(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A law under which the purpose may be followed without consent, and how carefully."""

    law: Text
    """Act, article and item: 児童虐待の防止等に関する法律13条の4."""
    offices: Annotated[tuple[Term, ...], Meta(min_length=1, max_length=50)]
    """Which offices may act under it."""
    days: Annotated[int, Meta(ge=1, le=90)]
    """How long one grant lasts at most: a law gives no standing access."""
    disclosure: Literal["immediate", "delayed", "withheld"] = "withheld"
    review_days: Annotated[int, Meta(ge=1, le=365)] = 30
    """After how many days the board looks at it."""


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the data did: a measure before and after ("wait 34 → 12 minutes")."""

    measure: Languages
    before: Text
    after: Text
    counted: int
    """How many people's records it rests on."""
    on: date


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a purpose says; it never changes once a paper is on file, a change is a new version."""

    title: Languages
    reason: Languages
    """Why the data are needed, in the words a person reads before they agree."""
    without: dict[str, Text] = {}
    """What happens where the person does not agree."""
    recipients: Annotated[tuple[Term, ...], Meta(min_length=1, max_length=100)]
    """Applications by client id, or organisations (`org:…`) for all of theirs."""
    data: Annotated[tuple[Data, ...], Meta(min_length=1, max_length=50)]
    actions: Annotated[tuple[Literal["read"], ...], Meta(min_length=1, max_length=1)] = ("read",)
    onward: Literal["none"] = "none"
    """Whether the recipient may pass the data on: nobody may."""
    grounds: Annotated[tuple[Ground, ...], Meta(min_length=1, max_length=2)] = ("consent",)
    laws: Annotated[tuple[Law, ...], Meta(max_length=20)] = ()
    words: dict[str, Languages]
    """What people call each type and attribute, by its term."""
    lasts_days: Annotated[int, Meta(ge=1, le=3660)]
    """How long a grant lasts at most."""
    retention_days: Annotated[int, Meta(ge=0, le=36600)]
    """How long the recipient keeps what it read."""

    def may_receive(self, organisation: str, application: str) -> bool:
        """Whether this application is a recipient."""
        return application in self.recipients or organisation in self.recipients


class Paper(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document on file: what it is, its hash, the day it bears, and who filed it when."""

    kind: PaperKind
    sha256: Sha256
    dated: date
    title: Text
    address: Annotated[str, Meta(max_length=1000)] = ""
    filed_by: str = ""
    filed: datetime | None = None


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a purpose, as it stands."""

    name: str
    version: int
    organisation: str
    state: State
    definition: Definition
    outcome: Outcome | None = None
    papers: tuple[Paper, ...] = ()

    @property
    def id(self) -> str:
        """`health.checkup@2`."""
        return f"{self.name}@{self.version}"

    def word(self, term: str, language: str) -> str:
        """What people call a type or an attribute."""
        return in_language(self.definition.words.get(term, {"": term}), language)


class WrongState(Conflict):
    """That does not follow from how it stands."""


class NotOnFile(Conflict):
    """A paper is missing without which this purpose stays closed."""


def parsed(id_: str) -> tuple[str, int]:
    """The name and version of `health.checkup@2`, or Invalid."""
    name, at, version = id_.rpartition("@")
    if not (at and name and version.isascii() and version.isdigit() and len(version) < 7 and version[0] != "0"):  # noqa: PLR2004
        raise Invalid(f"A purpose is written name@version, for example health.checkup@2, not {id_[:100]!r}.")
    return name, int(version)


def checked(definition: Definition) -> Definition:
    """The definition, if it is whole: nothing named twice, a word for everything named, a law where it rests on law."""
    types = [data.type for data in definition.data]
    if len(set(types)) != len(types):
        raise Invalid("Each type stands once in a purpose's data, with all its attributes.")
    if any(len(set(data.attrs)) != len(data.attrs) for data in definition.data):
        raise Invalid("Each attribute stands once.")
    if len(set(definition.grounds)) != len(definition.grounds):
        raise Invalid("Each ground stands once.")
    if ("law" in definition.grounds) != bool(definition.laws):
        raise Invalid("A purpose that rests on law names its laws, and no other does.")
    named = {term for data in definition.data for term in (data.type, *data.attrs)}
    if missing := sorted(term for term in named if not definition.words.get(term, {}).get("ja")):
        raise Invalid(f"Say in Japanese what people call: {', '.join(missing[:20])} (words).")
    if not (definition.title.get("ja") and definition.reason.get("ja")):
        raise Invalid("Title and reason are there in Japanese at least (ja).")
    return definition


def moved(now: State, to: State, on_file: Collection[PaperKind]) -> State:
    """`to`, if a purpose may go there from `now` with these papers on file."""
    if missing := NEEDED[to] - set(on_file):
        raise NotOnFile(f"Before this purpose is {to}, file: {', '.join(sorted(missing))}.")
    if to not in NEXT[now]:
        raise WrongState(f"A purpose that is {now} cannot become {to}.")
    return to


def after_filing(now: State, on_file: Collection[PaperKind]) -> State:
    """Where a purpose stands once a paper is filed: papers carry it to `decided`, only a person's act makes it active."""
    for further in ("assessed", "decided"):
        if further in NEXT[now] and set(on_file) >= NEEDED[further]:
            now = further
    return now

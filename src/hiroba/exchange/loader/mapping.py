"""A mapping: what the columns of a kind of file mean, as data. TOML in, checked structs out, errors by file and key."""

import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as Table
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

import msgspec

from hiroba.base.errors import Stop

Kind = Literal[
    "text", "code", "integer", "number", "boolean", "date", "time", "moment", "days", "hours", "phone", "url",
    "latitude", "longitude", "point", "municipality",
]  # fmt: skip
Scalar = str | bool | int | float


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column: which attribute it becomes and how its cells are read."""

    to: str = ""
    """The attribute, or a member of one: `address.streetAddress`. Empty: the column serves the key or the hours."""
    kind: Kind = msgspec.field(default="text", name="as")
    also: tuple[str, ...] = ()
    """Other headers the same column goes by."""
    language: str = ""
    """The cell is the attribute's text in this language (BCP 47): the attribute becomes a language map."""
    values: dict[str, Scalar] = {}
    """What the codes of this column stand for; a code that is not here is refused."""
    nothing: tuple[str, ...] = ()
    """Cells that say there is nothing to say, such as “-”."""
    split: str = ""
    """Signs that part several values in one cell; texts become a list, of other kinds a single one stays plain."""
    empty: Scalar | None = None
    """What an empty cell says, where it says something: `false` in a list of ticks."""
    required: bool = False
    """An empty cell refuses the row."""
    optional: bool = False
    """A cell that cannot be read is reported and left out, and its row goes in."""
    unit: str = ""
    """UN/CEFACT code of the unit of measurement."""
    observed: bool = False
    """The value was true at the moment of the row's snapshot, and carries it as `observedAt`."""


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Columns that together tell when a place is open, or when something takes place; they become one text."""

    to: str = "openingHours"
    days: str = ""
    opens: str = ""
    closes: str = ""
    note: str = ""


class Repeated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Columns that count up, `man1` to `man18`: whole numbers that become one list."""

    to: str
    last: int


class Snapshots(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each file is the whole picture at one moment, which stands in a column, in a header, or in the file's name."""

    column: str = ""
    header: str = ""
    """A header around the moment, `人数_{moment}時点`; its cells are read as those of the column `cells`."""
    cells: str = ""
    file: str = ""
    """How the end of the file's name writes the moment, in strptime's letters: `%Y-%m-%d-%H%M`."""
    gone: dict[str, Scalar] = {}
    """What is true of a thing that an earlier snapshot listed and this one does not."""
    present: dict[str, Scalar] = {}
    """What is true of every thing that a snapshot lists."""
    settled: tuple[str, ...] = ()
    """Attributes a snapshot gives only to what is new: of the rest the exchange may know more, from a register."""


class Jurisdictions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Features are parts of municipalities: they are joined by code and become the house's municipalities too."""

    code: str
    prefecture: str
    city: str
    name: str

    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return (self.code, self.prefecture, self.city, self.name)


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of file."""

    name: str
    title: str
    type: str = ""
    """The entity type; empty only in a mapping that others include."""
    source: str = ""
    """The second half of every id: `urn:ngsi-ld:{type}:{source}:{key}`."""
    key: tuple[str, ...] = ()
    """The columns that tell one row from another, in every edition of the file."""
    include: tuple[str, ...] = ()
    """Names of mappings whose columns, hours and `set` this one takes over; its own come first."""
    files: tuple[str, ...] = ()
    """Patterns of file names (`*library*`), where the columns alone would not tell."""
    recognise: tuple[str, ...] = ()
    """Columns a file must have to be recognised; left out: the key and every required column."""
    columns: dict[str, Column] = {}
    ignore: tuple[str, ...] = ()
    """Columns that are known and not wanted."""
    set: dict[str, Any] = {}
    """Attributes that every entity of the file gets."""
    hours: Hours | None = None
    repeated: dict[str, Repeated] = {}
    file_name: str = ""
    """A file name around one value, `births_{year}`: the value becomes a column of every row."""
    place: Literal["required", "wanted", "none"] = "wanted"
    """Whether a row without a place is refused, or goes in without one."""
    update: bool = False
    """Attributes the file does not know stay as they are in the exchange."""
    snapshots: Snapshots | None = None
    jurisdictions: Jurisdictions | None = None

    def needed(self) -> tuple[str, ...]:
        """The columns without which a file is not of this kind."""
        if self.jurisdictions:
            return self.recognise or self.jurisdictions.columns()
        required = tuple(name for name, column in self.columns.items() if column.required)
        virtual = self.file_name[self.file_name.find("{") + 1 : self.file_name.find("}")] if self.file_name else ""
        return tuple(name for name in self.recognise or dict.fromkeys((*self.key, *required)) if name != virtual)


BUILT_IN = files("hiroba.exchange.loader") / "mappings"


def built_in() -> dict[str, Mapping]:
    """The mappings that come with the house, by name."""
    return resolve(
        _read(file) for file in sorted(BUILT_IN.iterdir(), key=lambda file: file.name) if file.name.endswith(".toml")
    )


def chosen(name: str, known: Table[str, Mapping]) -> list[Mapping]:
    """The mapping of that name, or those of a TOML file of one's own, which may include the house's."""
    if name in known:
        return [known[name]]
    path = Path(name)
    if not path.is_file():
        names = ", ".join(sorted(name for name, mapping in known.items() if mapping.type))
        raise Stop(f"there is no mapping {name}. Known are: {names}; or give a .toml file.")
    own = _read(path)
    joined = resolve([*([list(known.values())]), own])
    return [joined[mapping.name] for mapping in own if joined[mapping.name].type]


def _read(file: Traversable | Path) -> list[Mapping]:
    """The mappings of one file: `[[mapping]]` tables."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Stop(f"the mapping {file.name} is no TOML: {error}") from None
    except OSError as error:
        raise Stop(f"the mapping {file.name} cannot be read: {error.strerror}") from None
    try:
        return msgspec.convert(document, _File).mapping
    except msgspec.ValidationError as error:
        raise Stop(f"the mapping {file.name} is wrong: {error}. docs/loading.md lists the keys.") from None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    mapping: list[Mapping]


def resolve(groups: Iterable[list[Mapping]]) -> dict[str, Mapping]:
    """Mappings by name, each with what it includes; a later one of the same name stands."""
    known = {mapping.name: mapping for group in groups for mapping in group}
    done: dict[str, Mapping] = {}
    for name in known:
        _join(name, known, done, ())
    return done


def _join(name: str, known: Table[str, Mapping], done: dict[str, Mapping], above: tuple[str, ...]) -> Mapping:
    if name in done:
        return done[name]
    if name in above:
        raise Stop(f"the mappings {' → '.join((*above, name))} include each other. Take one include out.")
    mapping = known[name]
    for other in mapping.include:
        if other not in known:
            raise Stop(f"the mapping {name} includes {other}, which there is none of.")
        base = _join(other, known, done, (*above, name))
        mapping = msgspec.structs.replace(
            mapping,
            columns=_own_first(base.columns, mapping.columns),
            set={**base.set, **mapping.set},
            hours=mapping.hours or base.hours,
            repeated={**base.repeated, **mapping.repeated},
            ignore=(*base.ignore, *mapping.ignore),
            key=mapping.key or base.key,
        )
    _check(mapping)
    done[name] = mapping
    return mapping


def _own_first(base: Table[str, Column], own: Table[str, Column]) -> dict[str, Column]:
    return {**base, **own}


def _check(mapping: Mapping) -> None:
    """What the structs alone cannot say."""
    if not mapping.type:
        return
    wrong = ""
    if not mapping.source:
        wrong = "`source` is missing: the second half of every id"
    elif not mapping.key and mapping.jurisdictions is None:
        wrong = "`key` is missing: the columns that tell one row from another"
    elif mapping.snapshots and not (mapping.snapshots.column or mapping.snapshots.header or mapping.snapshots.file):
        wrong = "`snapshots` needs `column`, `header` or `file`: where the moment stands"
    if wrong:
        raise Stop(f"the mapping {mapping.name} is wrong: {wrong}. docs/loading.md lists the keys.")

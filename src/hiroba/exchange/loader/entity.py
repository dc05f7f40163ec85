"""One row to one NGSI-LD entity in normalized form (CIM 009 §4.5.1), or a Refusal that names the column."""

import datetime as dt
import hashlib
from collections.abc import Mapping as Dictionary
from typing import Any
from urllib.parse import quote

from hiroba.base.clock import iso
from hiroba.exchange.loader.findings import Finding, Refusal
from hiroba.exchange.loader.mapping import Column, Mapping
from hiroba.exchange.loader.readers import Row
from hiroba.exchange.loader.values import CONVERSIONS, code, integer, latitude, longitude, text

Entity = dict[str, Any]
GEOMETRIES = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""How deep the positions lie in the lists of each kind of geometry."""
LONGEST_KEY = 120
DIGEST = 32
"""A longer key is told by so many hex digits of its SHA-256: as stable, and an id people can still copy."""
AS_WRITTEN = Column(kind="code")
UNKNOWN_PLACE = (0.0, 0.0)
"""Where lists in Japan put what they do not know: in the sea off Africa."""


class ColumnRefused(Exception):  # noqa: N818 - a row's answer, as Refusal is
    """A row is refused because of one of its columns."""

    def __init__(self, column: str, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.column, self.refusal = column, refusal


class Builder:
    """Makes the entities of one file: its mapping, and the header under which the file has each of its columns."""

    def __init__(self, mapping: Mapping, headings: Dictionary[str, str], *, moment: dt.datetime | None = None) -> None:
        self.mapping = mapping
        self.headings = headings
        self.moment = moment
        keys = {headings.get(name, name) for name in (*mapping.key, "#property")}
        self._telling = [header for name in mapping.columns if (header := headings.get(name)) and header not in keys]

    def entity(self, row: Row, findings: list[Finding]) -> Entity:
        """The entity of a row. What the mapping lets pass is added to `findings`; what it does not is raised."""
        columns = self.mapping.columns
        read = {
            name: self._value(column, self.headings.get(name, name), row, findings) for name, column in columns.items()
        }
        observed = self._moment(read)
        attributes: dict[str, Any] = {}
        place: dict[str, Any] = {}
        for name, value in read.items():
            column = columns[name]
            if value is not None and column.kind in {"latitude", "longitude", "point"}:
                place[column.kind] = value
            elif value is not None and column.to:
                _put(attributes, column, value, observed)
        for name, repeated in self.mapping.repeated.items():
            attributes[repeated.to] = _property(_counted(name, repeated.last, row))
        if self.mapping.hours and (opening := self._opening(read)):
            attributes[self.mapping.hours.to] = _property(opening)
        if location := self._location(row, place, findings):
            attributes["location"] = {"type": "GeoProperty", "value": location}
        constants = {name: _property(value) for name, value in self.mapping.set.items() if name not in attributes}
        for name, value in self.mapping.set.items():
            if isinstance(value, dict) and name in attributes:
                attributes[name]["value"] = {**value, **attributes[name]["value"]}
        if self.mapping.snapshots:
            constants |= {name: _property(value, observed) for name, value in self.mapping.snapshots.present.items()}
        return {"id": self._id(row, read), "type": self.mapping.type, **attributes, **constants}

    def id_of(self, row: Row) -> str:
        """The id a row would have, or nothing where its key cannot be read either."""
        try:
            keys = {name: self.mapping.columns.get(name, AS_WRITTEN) for name in self.mapping.key}
            read = {name: self._value(column, self.headings.get(name, name), row, []) for name, column in keys.items()}
            return self._id(row, read)
        except ColumnRefused:
            return ""

    def _moment(self, read: Dictionary[str, Any]) -> dt.datetime | None:
        snapshots = self.mapping.snapshots
        own = read.get(snapshots.column) if snapshots else None
        return own if isinstance(own, dt.datetime) else self.moment

    def _value(self, column: Column, header: str, row: Row, findings: list[Finding]) -> Any:
        cell = row.cells.get(header)
        if isinstance(cell, dict | list):
            raise ColumnRefused(header, Refusal("The cell holds a list or an object. Give one value."))
        written = text(cell)
        if not written or (column.nothing and (written in column.nothing or code(cell) in column.nothing)):
            if column.required:
                raise ColumnRefused(
                    header, Refusal("The cell is empty, and “{column}” must not be. Fill it in.", column=header)
                )
            return column.empty
        try:
            return _converted(column, cell)
        except Refusal as refusal:
            if not column.optional:
                raise ColumnRefused(header, refusal) from None
            findings.append(Finding(row=row.number, column=header, sentence=refusal.sentence, kept=True))
            return None

    def _opening(self, read: Dictionary[str, Any]) -> str:
        hours = self.mapping.hours
        if hours is None:
            return ""
        days, opens, closes, note = (
            read.get(name) or "" for name in (hours.days, hours.opens, hours.closes, hours.note)
        )
        span = f"{opens}–{closes}" if opens and closes else f"{opens}–" if opens else f"–{closes}" if closes else ""
        return "\n".join(part for part in (f"{days} {span}".strip(), note) if part)

    def _location(self, row: Row, place: Dictionary[str, Any], findings: list[Finding]) -> dict[str, Any] | None:
        if row.geometry is not None:
            return _geometry(row.geometry)
        if self.mapping.place == "none":
            return None
        found = place.get("point")
        if found is None and "latitude" in place and "longitude" in place:
            found = (place["longitude"], place["latitude"])
        if found is not None and tuple(found) != UNKNOWN_PLACE:
            return {"type": "Point", "coordinates": list(found)}
        half = ("latitude" in place) != ("longitude" in place)
        refusal = Refusal("Only one of latitude and longitude is there. Give both, or neither.") if half else Refusal(
            "The row has no place. Give latitude and longitude in decimal degrees."
        )  # fmt: skip
        column = next(
            (
                self.headings.get(name, name)
                for name, of in self.mapping.columns.items()
                if of.kind in {"latitude", "point"}
            ),
            "geometry",
        )
        if self.mapping.place == "required":
            raise ColumnRefused(column, refusal)
        if half:
            findings.append(Finding(row=row.number, column=column, sentence=refusal.sentence, kept=True))
        return None

    def _id(self, row: Row, read: Dictionary[str, Any]) -> str:
        parts = []
        for name in self.mapping.key:
            header = self.headings.get(name, name)
            value = read.get(name)
            part = (
                value.isoformat()
                if isinstance(value, dt.date)
                else code(row.cells.get(header) if value is None else value)
            )
            if not part:
                raise ColumnRefused(
                    header,
                    Refusal("The cell is empty, and “{column}” tells the rows apart. Fill it in.", column=header),
                )
            parts.append(quote(part, safe="-._~"))
        key = ":".join(parts)
        if len(key) > LONGEST_KEY:
            key = hashlib.sha256(key.encode()).hexdigest()[:DIGEST]
        return f"urn:ngsi-ld:{self.mapping.type}:{self.mapping.source}:{key}"

    def is_unused(self, row: Row) -> bool:
        """Whether nothing but the key is filled in: a numbered line kept for later."""
        return row.geometry is None and not any(text(row.cells.get(header)) for header in self._telling)


def _converted(column: Column, cell: Any) -> Any:
    if column.split:
        written = text(cell)
        for sign in column.split[1:]:
            written = written.replace(sign, column.split[0])
        parts = [_converted_one(column, part) for part in written.split(column.split[0]) if text(part)]
        return parts[0] if len(parts) == 1 and column.kind not in {"text", "code"} else parts or None
    return _converted_one(column, cell)


def _converted_one(column: Column, cell: Any) -> Any:
    if column.values:
        known = {code(name): value for name, value in column.values.items()}
        if code(cell) not in known:
            raise Refusal(
                "“{cell}” is none of the values this column knows: {known}.", cell=cell, known=", ".join(column.values)
            )
        return known[code(cell)]
    return CONVERSIONS[column.kind](cell)


def _put(attributes: dict[str, Any], column: Column, value: Any, observed: dt.datetime | None) -> None:
    """Add a cell's value to the attribute its column stands for; a second column of text for it is a second line."""
    attribute, _, member = column.to.partition(".")
    if column.language:
        made = attributes.setdefault(attribute, {"type": "LanguageProperty", "languageMap": {}})
        made["languageMap"][column.language] = value
    elif member:
        members = attributes.setdefault(attribute, _property({}))["value"]
        members[member] = f"{members[member]} {value}" if member in members else value
    elif attribute in attributes and isinstance(value, str):
        attributes[attribute]["value"] = f"{attributes[attribute]['value']}\n{value}"
    else:
        attributes[attribute] = _property(value, observed if column.observed else None)
        if column.unit:
            attributes[attribute]["unitCode"] = column.unit


def _property(value: Any, observed: dt.datetime | None = None) -> dict[str, Any]:
    """A Property; dates and moments as their JSON-LD value objects (CIM 009 §4.6.3)."""
    if isinstance(value, dt.datetime):
        value = {"@type": "DateTime", "@value": iso(value)}
    elif isinstance(value, dt.date):
        value = {"@type": "Date", "@value": value.isoformat()}
    return {"type": "Property", "value": value} | ({"observedAt": iso(observed)} if observed else {})


def _counted(name: str, last: int, row: Row) -> list[int | None]:
    counted: list[int | None] = []
    for position in range(1, last + 1):
        header = f"{name}{position}"
        try:
            counted.append(integer(row.cells[header]) if text(row.cells.get(header)) else None)
        except Refusal as refusal:
            raise ColumnRefused(header, refusal) from None
    return counted


def _geometry(geometry: Dictionary[str, Any]) -> dict[str, Any]:
    """A GeoJSON geometry with coordinates that can be on the earth; shapes are the exchange's to judge."""
    kind = geometry.get("type")
    try:
        _check_coordinates(geometry.get("coordinates"), _depth(kind))
    except Refusal as refusal:
        raise ColumnRefused("geometry", refusal) from None
    return {"type": kind, "coordinates": geometry["coordinates"]}


def _depth(kind: Any) -> int:
    if not isinstance(kind, str) or kind not in GEOMETRIES:
        raise Refusal("“{kind}” is no GeoJSON geometry that is taken.", kind=kind)
    return GEOMETRIES[kind]


def _check_coordinates(coordinates: Any, depth: int) -> None:
    if not isinstance(coordinates, list) or not coordinates or (not depth and len(coordinates) < len(UNKNOWN_PLACE)):
        raise Refusal("The geometry has no coordinates. Give longitude and latitude.")
    if depth:
        for part in coordinates:
            _check_coordinates(part, depth - 1)
    else:
        longitude(coordinates[0])
        latitude(coordinates[1])

"""Which registrations concern a request, and what of each (CIM 009 §5.12, §4.3.6). Pure."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from hiroba.exchange.broker.query import geodesy
from hiroba.exchange.broker.query.geo import Geo
from hiroba.exchange.broker.query.patterns import compiled
from hiroba.exchange.broker.query.scopes import Scopes
from hiroba.exchange.broker.query.temporal import Temporal
from hiroba.exchange.broker.query.types import Types
from hiroba.exchange.broker.sources.model import Information, Interval, Registration, Selector


class Entities(msgspec.Struct, frozen=True):
    """Which entities a request speaks of; what is empty says nothing."""

    ids: tuple[str, ...] = ()
    pattern: str = ""
    types: Types = Types()
    of: frozenset[str] = frozenset()
    """All types of the one entity that is written, where they are known: a source for any of them is concerned."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a request speaks of; every name in it is an IRI."""

    tenant: str = ""
    operation: str = ""
    """A name of table 4.20-1; empty: any."""
    entities: tuple[Entities, ...] = ()
    """Any of these; none: every entity."""
    attributes: frozenset[str] = frozenset()
    """Any of these; empty: all attributes."""
    datasets: frozenset[str] = frozenset()
    """Any of these datasets, '' for the default instances; empty: all."""
    scopes: Scopes | None = None
    place: Geo | None = None
    time: Temporal | None = None
    """None: only sources of the latest information are meant."""
    past: bool = False
    """Whether an operation on the past is meant: then a source is, unless it says that it has nothing of that `time`."""
    stated: bool = False
    """Whether a source must state its places and scopes, as in discovery; else what is left unsaid may be anything."""
    seen: frozenset[str] = frozenset()
    """Aliases of the sources the request has already come through (§4.3.6.4)."""


class Match(msgspec.Struct, frozen=True):
    """A registration that is concerned, and those parts of its information that are."""

    registration: Registration
    information: tuple[Information, ...]

    def attributes(self, wanted: frozenset[str] = frozenset()) -> frozenset[str] | None:
        """Which of the wanted attributes the source may be asked for; `wanted` empty: all; None: every attribute."""
        if any(not part.attributes for part in self.information):
            return wanted or None
        offered = frozenset().union(*(part.attributes for part in self.information))
        return offered & wanted if wanted else offered

    def types(self) -> frozenset[str] | None:
        """The entity types the source may be asked for; None: every type."""
        if any(not part.entities for part in self.information):
            return None
        return frozenset(name for part in self.information for one in part.entities for name in one.types)


def match(registration: Registration, wanted: Wanted, at: datetime) -> Match | None:
    """What of a registration concerns the request at this moment; None: nothing."""
    if registration.tenant != wanted.tenant or not registration.is_valid(at):
        return None
    if wanted.operation and wanted.operation not in registration.operations:
        return None
    if registration.alias and registration.alias in wanted.seen:
        return None
    if wanted.datasets and registration.datasets and not wanted.datasets & registration.datasets:
        return None
    if wanted.scopes is not None and not _in_scope(registration, wanted):
        return None
    if not (_in_past if wanted.past else _in_time)(registration, wanted.time):
        return None
    if wanted.place is not None and not _in_place(registration, wanted.place, stated=wanted.stated):
        return None
    parts = tuple(part for whole in registration.information if (part := concerning(whole, wanted)) is not None)
    return Match(registration, parts) if parts else None


def concerning(information: Information, wanted: Wanted) -> Information | None:
    """The information with those of its entity selectors alone that the request may mean; None where it means none of it."""
    if wanted.attributes and information.attributes and not wanted.attributes & information.attributes:
        return None
    if not information.entities or not wanted.entities:
        return information
    chosen = tuple(one for one in information.entities if any(may_mean(one, entities) for entities in wanted.entities))
    if not chosen:
        return None
    return information if chosen == information.entities else msgspec.structs.replace(information, entities=chosen)


def may_mean(selector: Selector, entities: Entities) -> bool:
    """Whether there may be an entity that both a registration and a request select."""
    if not entities.types.matches(selector.types):
        return False
    if entities.of and not entities.of >= set(selector.types):
        return False
    return _may_share_ids(selector, entities)


def _may_share_ids(selector: Selector, entities: Entities) -> bool:
    if not (selector.id or selector.pattern) or not (entities.ids or entities.pattern):
        return True
    if selector.id:
        return selector.id in entities.ids or bool(entities.pattern and compiled(entities.pattern).search(selector.id))
    # two patterns may always have an id in common (§5.12)
    return bool(entities.pattern) or _any_fulfils(selector.pattern, entities.ids)


def _any_fulfils(pattern: str, ids: Iterable[str]) -> bool:
    expression = compiled(pattern)
    return any(expression.search(id_) for id_ in ids)


def _in_time(registration: Registration, time: Temporal | None) -> bool:
    """Whether the source has information of that time (§5.10.2.4)."""
    if time is None:
        return registration.observation is None and registration.administration is None
    interval = registration.observation if time.timeproperty == "observedAt" else registration.administration
    return interval is not None and _overlap(interval, time)


def _in_past(registration: Registration, time: Temporal | None) -> bool:
    """Whether the source may be asked of the past; one that says nothing of times may have any, if it takes the operation."""
    says_nothing = registration.observation is None and registration.administration is None
    return says_nothing or time is None or _in_time(registration, time)


def _overlap(interval: Interval, time: Temporal) -> bool:
    begins_in_time = time.end is None or interval.start <= time.end
    return begins_in_time and (time.start is None or interval.end is None or interval.end >= time.start)


def _in_scope(registration: Registration, wanted: Wanted) -> bool:
    if not registration.scopes:
        return not wanted.stated
    return wanted.scopes is None or wanted.scopes.matches(registration.scopes)


def _in_place(registration: Registration, place: Geo, *, stated: bool) -> bool:
    """Whether there may be an entity in the registered area that fulfils the question (§5.10.2.4)."""
    area = registration.places.get(place.geoproperty)
    return not stated if area is None else may_hold(area, place)


def may_hold(area: BaseGeometry, place: Geo) -> bool:
    """Whether some geometry inside the area may fulfil the question."""
    reference = place.reference
    if place.relation == "near":
        return _reaches(area, place)
    if place.relation == "disjoint":
        return not area.within(reference)
    if place.relation in {"contains", "equals"}:
        return bool(area.covers(reference))
    return bool(area.intersects(reference))


def _reaches(area: BaseGeometry, place: Geo) -> bool:
    """Whether the nearest of the area is near enough, or its farthest corner far enough."""
    if place.most is not None:
        return geodesy.distance(place.reference, area) <= place.most
    corners = shapely.get_coordinates(area.convex_hull)
    return any(place.reaches(geodesy.distance(place.reference, Point(corner))) for corner in corners)

"""A registration as it is matched: who is asked, for what, how (CIM 009 §5.2.8 to §5.2.11, §5.2.34). Names are IRIs."""

from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import msgspec
from shapely.geometry.base import BaseGeometry

Mode = Literal["inclusive", "exclusive", "redirect", "auxiliary"]
PROXIED: frozenset[Mode] = frozenset({"exclusive", "redirect"})
"""The modes in which nothing of what is registered is held here (§4.3.6.3)."""


class Selector(msgspec.Struct, frozen=True):
    """Entities of all these types: the one with `id`, those whose id fulfils `pattern`, or every one (§5.2.8)."""

    types: tuple[str, ...]
    id: str = ""
    pattern: str = ""


class Information(msgspec.Struct, frozen=True, dict=True):
    """What a source may know: these attributes of these entities; a part that is empty stands for all (§5.2.10)."""

    entities: tuple[Selector, ...] = ()
    properties: tuple[str, ...] = ()
    relationships: tuple[str, ...] = ()

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Properties and relationships together; empty: all attributes."""
        return frozenset((*self.properties, *self.relationships))


class Interval(msgspec.Struct, frozen=True):
    """From when on, and until when; None is open (§5.2.11)."""

    start: datetime
    end: datetime | None = None


class Management(msgspec.Struct, frozen=True):
    """How the source wants to be asked (§5.2.34); durations in seconds, None where nothing is said."""

    local_only: bool = False
    """The source answers from what it holds itself."""
    timeout: float | None = None
    """How long an answer is waited for."""
    cooldown: float | None = None
    """How long the source is left in peace after a failure."""
    cache: float | None = None
    """How long an answer may be used again."""


class Tally(msgspec.Struct, frozen=True):
    """How it went with a source so far (table 5.2.9-2)."""

    sent: int = 0
    failed: int = 0
    last_success: datetime | None = None
    last_failure: datetime | None = None

    @property
    def status(self) -> Literal["ok", "failed"]:
        """What the last attempt came to."""
        if self.last_failure is None or (self.last_success is not None and self.last_success > self.last_failure):
            return "ok"
        return "failed"


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A context source registration."""

    tenant: str
    """Where it was registered."""
    id: str
    owner: str = ""
    mode: Mode = "inclusive"
    endpoint: str
    """Where the source's NGSI-LD interface is."""
    remote_tenant: str = ""
    """The source's tenant that is meant."""
    information: tuple[Information, ...]
    operations: frozenset[str]
    """Names of table 4.20-1; groups are expanded."""
    datasets: frozenset[str] = frozenset()
    """The datasets the source has, '' for the default instances; empty: all."""
    scopes: tuple[str, ...] = ()
    places: dict[str, BaseGeometry] = {}
    """`location`, `observationSpace` and `operationSpace`, by the IRI of the GeoProperty."""
    observation: Interval | None = None
    """When what the source has was observed; a source of temporal information has this or the next, others neither."""
    administration: Interval | None = None
    """managementInterval: when what it has was created, modified or deleted."""
    source_info: tuple[tuple[str, str], ...] = ()
    """What is conveyed when the source is called (§4.3.6.5)."""
    management: Management = Management()
    alias: str = ""
    """contextSourceAlias: the pseudonym by which loops are seen."""
    refresh: float | None = None
    """refreshRate: seconds that pass between changes at the source."""
    expires: datetime | None = None
    created: datetime
    modified: datetime
    document: dict[str, Any]
    """What was given, names expanded; `@context`, id and type are left out."""

    def is_valid(self, at: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires is None or self.expires > at


class Change(msgspec.Struct, frozen=True):
    """A registration as it was, None where it was not there, and as it is, None where it is gone."""

    tenant: str
    before: Registration | None
    after: Registration | None

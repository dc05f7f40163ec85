"""What a service tells the house: one frozen value, found by the entry point group `hiroba.services`.

    SERVICE = Service(name="reports", title={"ja": "道路の不具合", "en": "Road reports"}, routes=(…,), …)

Everything but `name` and `title` may be left out. Ours are found the same way as a stranger's package.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable
from logging import getLogger
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from hiroba.base.db import Connection
from hiroba.base.errors import Stop
from hiroba.exchange.broker.exchange import Exchange

log = getLogger("hiroba.services")
GROUP: Final = "hiroba.services"
OURS: Final = "hiroba"


class Tile(msgspec.Struct, frozen=True):
    """A service on the home page: where it leads and which icon of `door/icons.html` it wears."""

    href: str
    icon: str


class Job(msgspec.Struct, frozen=True):
    """Something done by the clock, in a transaction of its own: `run(conn)` once each `every`."""

    run: Callable[[Connection], Awaitable[None]]
    every: timedelta


class Routes(Protocol):
    """A Litestar route handler, controller or router; each handler declares `opt={"may": (…,)}`."""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service of the house, as data."""

    name: str
    """Its folder, schema and template prefix: lower case letters."""
    title: dict[str, str]
    """What residents call it, by language."""
    routes: Sequence[Any] = ()
    """Litestar handlers, controllers or routers, each with its full path."""
    tile: Tile | None = None
    templates: Path | Traversable | None = None
    """A folder, reached as `<name>/…` in templates."""
    locale: Path | Traversable | None = None
    """A folder of `<language>.po`."""
    roles: Sequence[str] = ()
    """Roles an officer may hold here."""
    purposes: Sequence[str] = ()
    """Purposes for which personal data are asked."""
    publishes: Sequence[str] = ()
    """Entity types this service writes to the exchange."""
    jobs: Sequence[Job] = ()
    """What it does by the clock."""
    migrations: Path | Traversable | None = None
    """A folder of numbered SQL files for the schema named like the service."""
    commands: Sequence[Callable[..., None]] = ()
    sample: Callable[[Connection, Exchange, int], Awaitable[None]] | None = None
    """Sample rows and entities from a seed; required where a table holds a person."""
    export: Callable[[Connection, str], Awaitable[Any]] | None = None
    """What it holds about a subject; required where a table holds a person."""
    erase: Callable[[Connection, Exchange, str], Awaitable[int]] | None = None
    """Forget a subject in tables and entities, giving the number of rows; required where a table holds a person."""
    tools: Sequence[Callable[..., Any]] = ()
    check: Callable[[Connection], Awaitable[Sequence[str]]] | None = None
    """Complaints about its own state, empty when all is well; shown on /health/ready?verbose."""


def found() -> list[Service]:
    """Every installed service, by name. One of ours whose folder is gone is skipped; a stranger's broken one is an error."""
    services = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        ours = point.dist is not None and point.dist.name == OURS
        try:
            service = point.load()
        except ModuleNotFoundError as error:
            if ours and error.name and point.module.startswith(error.name):
                log.info("service %s is not in this installation", point.name)
                continue
            raise Stop(
                f"the service {point.name} of package {point.dist and point.dist.name} cannot be loaded: {error}"
            ) from error
        except Exception as error:
            raise Stop(
                f"the service {point.name} of package {point.dist and point.dist.name} cannot be loaded: {error}"
            ) from error
        if not isinstance(service, Service):
            raise Stop(f"{point.value} of package {point.dist and point.dist.name} is no hiroba.door.service.Service.")
        services.append(service)
    return services

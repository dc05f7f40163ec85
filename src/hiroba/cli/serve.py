"""`hiroba serve`: one server worker on a database that is there already."""

import os
import resource

from granian import Granian
from granian.constants import Interfaces, Loops

from hiroba.base.errors import Stop
from hiroba.cli.options import parser, settings
from hiroba.settings import write


def execute(arguments: list[str]) -> int:
    """Serve until told to stop."""
    options = parser("serve", __doc__ or "")
    options.add_argument("--host")
    options.add_argument("--port", type=int)
    chosen = settings(options.parse_args(arguments))
    if not chosen.database_url:
        raise Stop("serve needs DATABASE_URL; `hiroba up` brings a database of its own.")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (most, most)
    )  # callers and receivers together are more than the usual 1,024
    os.environ.update(write(chosen))  # the worker is a process of its own and reads them again
    Granian(
        "hiroba.app:serve",
        factory=True,
        address=chosen.host,
        port=chosen.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        websockets=False,
        log_access=False,
        log_level="warning",  # type: ignore[arg-type]
        respawn_failed_workers=True,
        backpressure=2048,
    ).serve()
    return 0

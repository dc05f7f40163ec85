"""What a handler is given by name: `conn: GivenConnection` is this request's transaction."""

from litestar.di import NamedDependency

from hiroba.base.db import Connection

GivenConnection = NamedDependency[Connection]

"""PostgreSQL: a pool, typed rows, migrations and, by default, a cluster of our own.

One request is one transaction, opened by `transaction(pool)`. SQL stands beside the type it returns:
`await fetch(conn, Booking, "SELECT …", …)` gives a list of frozen structs, their fields named like the columns.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from hiroba.base.errors import Problem, Stop, Unavailable

Connection = asyncpg.pool.PoolConnectionProxy
Pool = asyncpg.Pool
Row = TypeVar("Row", bound=msgspec.Struct)

AWAY = (Problem, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What a database that is away raises, to those who try again by themselves; TimeoutError is an OSError."""
OLDEST = 15
"""PostgreSQL's oldest major version that is taken."""


ASKING: Final[Mapping[str, str]] = {"plan_cache_mode": "force_custom_plan"}
"""A plan for this very question: one for all of them guesses wrong what a jsonpath or a box lets through."""
BY_KEY: Final[Mapping[str, str]] = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""One plan for ever, by the index of the key: for connections whose statements are always the same, and short."""


async def connect(url: str, *, size: int = 10, name: str = "hiroba", plans: Mapping[str, str] = ASKING) -> Pool:
    """A pool on `url`, its server checked: version, encoding and a character type that knows Japanese."""
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            command_timeout=60,
            reset=_leave,
            server_settings={"application_name": name, "jit": "off", **plans},
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise Stop(
            f"the database does not answer ({error}). Check DATABASE_URL, the server and its password."
        ) from None
    async with pool.acquire() as connection:
        version = connection.get_server_version().major
        about = await connection.fetch(
            "select pg_encoding_to_char(encoding), datctype from pg_database where datname = current_database()"
        )
        encoding, ctype = about[0]
    mend = "Make one with: create database hiroba encoding 'UTF8' lc_ctype 'C.UTF-8' lc_collate 'C' template template0"
    if version < OLDEST:
        raise Stop(f"the database is PostgreSQL {version}; Hiroba needs {OLDEST} or newer.")
    if encoding != "UTF8" or ctype in {"C", "POSIX"}:
        raise Stop(f"the database has encoding {encoding} and ctype {ctype}, which cannot search Japanese. {mend}")
    return pool


async def _leave(conn: asyncpg.Connection) -> None:
    """Nothing to undo when a connection goes back: no code here changes a session, and asking costs a round trip."""


@asynccontextmanager
async def single(url: str) -> AsyncIterator[Connection]:
    """One connection for a command, closed when the block ends."""
    pool = await connect(url, size=1)
    try:
        async with pool.acquire() as connection:
            yield connection
    finally:
        await pool.close()


@asynccontextmanager
async def reading(pool: Pool) -> AsyncIterator[Connection]:
    """A connection for questions of one statement each, without the round trips of a transaction."""
    with _as_problems():
        async with pool.acquire() as connection:
            yield connection


@contextmanager
def _as_problems() -> Iterator[None]:
    """A database that is away or full becomes a Problem."""
    try:
        yield
    except (asyncpg.InterfaceError, asyncpg.PostgresConnectionError, ConnectionError, TimeoutError) as error:
        raise Unavailable("The database does not answer. Try again in a moment.") from error
    except asyncpg.InsufficientResourcesError as error:
        raise Unavailable("The database has no room left. Nothing was written.") from error


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One transaction, rolled back by any exception; a database that is away or full becomes a Problem."""
    with _as_problems():
        async with pool.acquire() as connection, connection.transaction():
            yield connection


def _row(kind: type[Row], record: asyncpg.Record) -> Row:
    return kind(**dict(record))


async def fetch(conn: Connection, kind: type[Row], sql: str, *values: Any) -> list[Row]:
    """Every row of the question as a `kind`."""
    return [_row(kind, record) for record in await conn.fetch(sql, *values)]


async def fetch_one(conn: Connection, kind: type[Row], sql: str, *values: Any) -> Row | None:
    """The one row of the question as a `kind`, or None."""
    record = await conn.fetchrow(sql, *values)
    return None if record is None else _row(kind, record)

"""Keys of a log for the tests."""

import pytest

from hiroba.exchange.audit.notes import LOG, Signer


@pytest.fixture(scope="session")
def key() -> Signer:
    return Signer("log.test/log", LOG, b"\1" * 32)

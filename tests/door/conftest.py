"""The house with a small region in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from hiroba.base.db import Connection
from hiroba.exchange.identity import store
from hiroba.settings import Settings

from tests.conftest import client_of  # noqa: TID252
from tests.door.fakes import MUNICIPALITIES, FakeExchange  # noqa: TID252

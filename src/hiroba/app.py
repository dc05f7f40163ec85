"""The only composition root: `build` joins the rooms of the house into one ASGI application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import hiroba
from hiroba.base import db
from hiroba.base.db import Connection
from hiroba.base.db.migrations import Migration
from hiroba.base.db.migrations import found as migrations_in
from hiroba.base.web.problems import problem
from hiroba.door.pages import Page, Templates
from hiroba.door.service import Service
from hiroba.door.service import found as services_found
from hiroba.exchange.identity.callers import ANYONE, Caller
from hiroba.exchange.identity.guards import declared, known
from hiroba.settings import Settings, read

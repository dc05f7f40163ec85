"""What the architecture tests look at: the source as syntax trees, the application as built."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from litestar.handlers import HTTPRouteHandler

import hiroba
from hiroba.app import build
from hiroba.door.service import found
from hiroba.settings import Settings

SOURCE = Path(hiroba.__file__).parent


class Module(NamedTuple):
    """One file of the source: its path below the package and its syntax tree."""

    path: str
    tree: ast.Module

    def imports(self) -> Iterator[str]:
        """The full name of every module it imports."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call by its dotted name, where it has one."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and (name := _dotted(node.func)):
                yield name, node

    def texts(self) -> Iterator[tuple[int, str]]:
        """Every text that is no docstring, with its line; of an f-string its fixed parts."""
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield node.lineno, node.value


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """Every module of the house."""
    return [
        Module(str(path.relative_to(SOURCE)), ast.parse(path.read_text(), str(path)))
        for path in sorted(SOURCE.rglob("*.py"))
    ]


@pytest.fixture(scope="session")
def handlers() -> dict[str, HTTPRouteHandler]:
    """Every handler of the house by method and path, those the framework adds by itself left out."""
    litestar = build(Settings(), found()).litestar
    return {
        f"{method} {route.path}": handler
        for route in litestar.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if not handler.fn.__module__.startswith("litestar.")
    }

"""The table of settings, read from the docstrings of `hiroba.settings`: a hook of the documentation's build.

`<!-- settings -->` in a page becomes the table. `python docs/settings.py` prints it.
"""

import ast
import inspect
import sys
from itertools import pairwise
from typing import Any

from hiroba import settings
from hiroba.settings import Settings

MARK = "<!-- settings -->"


def table() -> str:
    """One row per setting: its variable, its default, what it is."""
    lines = ["| variable | default | |", "|---|---|---|"]
    for name, about in described().items():
        variable = "DATABASE_URL" if name == "database_url" else f"HIROBA_{name.upper()}"
        lines.append(f"| `{variable}` | {_default(getattr(Settings(), name))} | {about} |")
    return "\n".join(lines)


def described() -> dict[str, str]:
    """Every field of the settings with the text that follows it in the source."""
    tree = ast.parse(inspect.getsource(settings))
    fields = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings").body
    found: dict[str, str] = {}
    for field, following in pairwise(fields):
        is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            found[field.target.id] = " ".join(str(following.value.value).split())  # type: ignore[attr-defined]
    return found


def _default(value: object) -> str:
    if value in ("", (), False):
        return "–"
    return f"`{value}`"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with its table filled in."""
    return markdown.replace(MARK, table())


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")

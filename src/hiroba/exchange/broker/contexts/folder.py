"""@contexts that an operator has laid down as files, so that they are known without any network.

The file of https://example.org/models/context.jsonld is example.org/models/context.jsonld below the folder, just as
`wget --force-directories` writes it.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hiroba.exchange.broker.contexts.remote import LARGEST, content
from hiroba.exchange.broker.errors import BadRequestData


class Folder:
    """The files below one folder, by the address they stand for; no folder, no files."""

    def __init__(self, root: Path | None) -> None:
        self._root = root.resolve() if root is not None else None

    def find(self, url: str) -> Any | None:
        """The value of @context in the file of an address; None where there is no such file."""
        file = self._file(url)
        if file is None or not file.is_file():
            return None
        if file.stat().st_size > LARGEST:
            raise BadRequestData(f"The file of the @context {url} has more than {LARGEST} bytes.")
        return content(file.read_bytes(), f"The file of the @context {url}")

    def _file(self, url: str) -> Path | None:
        if self._root is None:
            return None
        try:
            parts = urlsplit(url)
            name = unquote(parts.path).removeprefix("/") + (f"?{parts.query}" if parts.query else "")
            file = (self._root / parts.netloc / name).resolve()
        except (ValueError, OSError):
            return None
        return file if parts.netloc and file.is_relative_to(self._root / parts.netloc) else None

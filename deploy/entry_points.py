"""At build: each folder below `src/hiroba/services` that has a `service.py` becomes an entry point, like a stranger's."""

from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class EntryPoints(MetadataHookInterface):
    """`hiroba.services`: folder name → `hiroba.services.<folder>.service:SERVICE`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in the dynamic field."""
        folders = sorted(file.parent.name for file in Path(self.root, "src/hiroba/services").glob("*/service.py"))
        metadata["entry-points"] = {
            "hiroba.services": {name: f"hiroba.services.{name}.service:SERVICE" for name in folders}
        }

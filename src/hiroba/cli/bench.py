"""`hiroba bench [exchange]`: measure this machine; ours beside the database's own floor of the same run."""

import os
import sys
from pathlib import Path

from hiroba.base.errors import Stop

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def execute(arguments: list[str]) -> int:
    """Become the benchmark that is named."""
    name, rest = (
        (arguments[0], arguments[1:]) if arguments and not arguments[0].startswith("-") else ("exchange", arguments)
    )
    script = BENCHMARKS / f"{name}.py"
    if not script.is_file():
        known = (
            ", ".join(sorted(file.stem for file in BENCHMARKS.glob("*.py"))) or "none here; they come with the source"
        )
        raise Stop(f"there is no benchmark {name}. There are: {known}.")
    os.execv(sys.executable, [sys.executable, str(script), *rest])  # noqa: S606 - our own interpreter and script

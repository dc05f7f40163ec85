"""`hiroba test`: the tests, as the README promises; what follows goes to pytest."""

import os
import sys
from pathlib import Path

from hiroba.base.errors import Stop

ROOT = Path(__file__).parents[3]


def execute(arguments: list[str]) -> int:
    """Become pytest on the checkout, one worker per core."""
    if not (ROOT / "tests").is_dir():
        raise Stop("the tests come with the source: clone the repository and run ./hiroba test there.")
    chosen = arguments or ["-n", str(os.cpu_count() or 1), "--dist", "loadgroup", "-q"]
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *chosen])  # noqa: S606 - our own interpreter

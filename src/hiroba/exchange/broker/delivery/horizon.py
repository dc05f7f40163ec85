"""Up to which number all has been seen: numbers are given before their transaction commits, so rows appear out of order."""

from collections import deque
from collections.abc import Iterable


class Horizon:
    """What looks at the table have seen. Below `low` no row can appear any more; above it, `recent` are the ones known."""

    def __init__(self) -> None:
        self.low = 0
        self.recent: deque[int] = deque()
        self._top = 0
        self._looks: deque[tuple[int, int]] = deque()

    def begin(self, low: int) -> None:
        """Below this number every transaction has ended."""
        self.low = self._top = low

    def saw(self, numbers: Iterable[int], oldest: int, next_: int) -> None:
        """A look saw these; every transaction below `oldest` had ended by then, none from `next_` on had begun to write."""
        self.recent.extend(numbers)
        self._top = max([self._top, *self.recent])
        self._looks.append((self._top, next_))
        low = self.low
        while self._looks and self._looks[0][1] <= oldest:
            low, _ = self._looks.popleft()
        if low != self.low:
            self.low = low
            self.recent = deque(number for number in self.recent if number > low)

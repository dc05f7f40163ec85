"""Problems: errors a caller can act on. Each is a noun with a status; on the wire it is RFC 9457."""

from collections.abc import Sequence
from typing import Any, ClassVar


class Problem(Exception):  # noqa: N818 - the field's own word (RFC 9457 "problem details")
    """Something the caller can mend."""

    status: ClassVar[int] = 400
    type: ClassVar[str] = "about:blank"
    title: ClassVar[str] = ""

    def __init__(self, detail: str = "", *, headers: Sequence[tuple[str, str]] = (), **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers
        """What the answer says besides, for example of sources that did not answer."""
        self.members = members

    def document(self) -> dict[str, Any]:
        """The problem document: type, title, status, detail, then members of its own."""
        lines = (type(self).__doc__ or type(self).__name__).strip().splitlines()
        title = self.title or lines[0].rstrip(".")
        document: dict[str, Any] = {"type": self.type, "title": title, "status": self.status}
        if self.detail:
            document["detail"] = self.detail
        return document | self.members


class Invalid(Problem):
    """The request cannot be understood."""


class Unauthorized(Problem):
    """This call needs a key or a sign-in."""

    status = 401


class Forbidden(Problem):
    """This caller may not do that."""

    status = 403


class NotFound(Problem):
    """There is nothing here."""

    status = 404


class Conflict(Problem):
    """It is there already."""

    status = 409


class TooLarge(Problem):
    """The request is larger than what is taken."""

    status = 413


class Unavailable(Problem):
    """The house cannot answer right now; the same request may be sent again."""

    status = 503


class Stop(Exception):  # noqa: N818 - not a bug but an answer: the command cannot go on, and here is the mend
    """One line for the person at the terminal: what is wrong and what to do."""

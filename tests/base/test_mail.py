"""Letters: addresses that can be written to, the folder that stands in, and a mail server spoken to as RFC 5321 says."""

import asyncio
import stat
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiroba.base import mail
from hiroba.base.egress import LOOPBACK, Egress
from hiroba.base.errors import Stop
from hiroba.base.mail import Folder, Letter, PostClosed, WrongAddress, address
from hiroba.base.smtp import Smtp, is_local

pytestmark = pytest.mark.anyio
LETTER = Letter(
    "hanako@example.jp", "ひろばへのリンク", "次のリンクを開いてください。\n\n.\n.hidden\nhttp://hiroba.test/x\n"
)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (" Hanako@Example.JP ", "Hanako@example.jp"),
        ("hanako+hiroba@example.jp", "hanako+hiroba@example.jp"),
        ("hanako@例え.jp", "hanako@xn--r8jz45g.jp"),
    ],
)
def test_an_address_is_written_one_way(typed: str, written: str) -> None:
    assert address(typed) == written


WRONG = (
    "", "@", "hanako", "hanako@", "@example.jp", "a b@example.jp", '"a"@example.jp', "a@localhost", "a@example..jp",
    "a@example.jp\r\nBcc: b@example.jp", "a\n@example.jp", "花子@example.jp", "a" * 250 + "@example.jp",
    "a,b@example.jp", "a@b@example.jp",
)  # fmt: skip


@pytest.mark.parametrize("typed", WRONG)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(WrongAddress):
        address(typed)


@given(st.text(max_size=60))
def test_no_text_is_an_error_of_ours_and_an_address_has_no_second_line(typed: str) -> None:
    try:
        written = address(typed)
    except WrongAddress:
        return
    assert written.isprintable()
    assert written.count("@") == 1
    assert address(written) == written


async def test_the_folder_keeps_letters_the_newest_first_and_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "KEPT", 2)
    folder = Folder(tmp_path / "mail", "hiroba@example.jp")
    assert folder.letters() == []
    for number in range(3):
        await folder.send(Letter("hanako@example.jp", f"Letter {number}", "words"))
    assert [text.count(f"Letter {number}") for number, text in zip((2, 1), folder.letters(), strict=True)] == [1, 1]
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700


class Server:
    """A mail server that takes what it is told to take and remembers what it heard."""

    def __init__(self, refuse: str = "", offers: str = "") -> None:
        self.refuse, self.offers = refuse, offers
        self.heard: list[str] = []
        self.letter = b""
        self.talks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.begin, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        await asyncio.gather(*self.talks)

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talks.append(asyncio.create_task(self.talk(reader, writer)))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = {"EHLO": f"250-here\r\n250 {self.offers}", "AUTH": "235 in", "DATA": "354 go on", "QUIT": "221 bye"}
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().rstrip():
            self.heard.append(line)
            verb = line.split(" ", maxsplit=1)[0]
            writer.write(("550 no\r\n" if verb == self.refuse else f"{answers.get(verb, '250 ok')}\r\n").encode())
            if verb == "DATA" and verb != self.refuse:
                self.letter = await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 taken\r\n")
        writer.close()
        await writer.wait_closed()


async def test_a_letter_is_handed_to_a_server(anyio_backend: str) -> None:
    egress = Egress(LOOPBACK)
    async with Server() as server:
        await Smtp(egress, f"smtp://us%40er:pass%3Aword@127.0.0.1:{server.port}", "hiroba@example.jp").send(LETTER)
    assert [line.split(" ")[0] for line in server.heard] == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]
    assert server.heard[1] == "AUTH PLAIN AHVzQGVyAHBhc3M6d29yZA=="
    assert server.heard[2:4] == ["MAIL FROM:<hiroba@example.jp>", "RCPT TO:<hanako@example.jp>"]
    letter = message_from_bytes(server.letter.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."), policy=default)
    assert letter["Subject"] == LETTER.subject
    assert letter["Auto-Submitted"] == "auto-generated"
    body = letter.get_body()
    assert body is not None
    assert body.get_content().split() == LETTER.text.split()
    await egress.close()


@pytest.mark.parametrize("refuse", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
async def test_a_server_that_refuses_is_said_to_be_closed(refuse: str) -> None:
    async with Server(refuse) as server:
        with pytest.raises(PostClosed):
            await Smtp(Egress(LOOPBACK), f"smtp://u:p@127.0.0.1:{server.port}", "hiroba@example.jp").send(LETTER)
    assert server.letter == b""


async def test_a_server_that_is_away_is_said_to_be_closed_or_unreachable() -> None:
    from hiroba.base.egress import CallFailed, CallRefused  # noqa: PLC0415 - only compared here

    with pytest.raises(CallFailed):
        await Smtp(Egress(LOOPBACK), "smtp://127.0.0.1:9", "hiroba@example.jp").send(LETTER)
    with pytest.raises(CallRefused):  # a private address is called only where the operator set it up on this machine
        await Smtp(Egress(), "smtp://127.0.0.1:9", "hiroba@example.jp").send(LETTER)


async def test_no_letter_and_no_password_goes_over_a_network_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server() as server:
        post = Smtp(Egress(LOOPBACK), f"smtp://u:p@127.0.0.1:{server.port}", "hiroba@example.jp")
        monkeypatch.setattr("hiroba.base.smtp.LOCAL", frozenset())
        with pytest.raises(PostClosed):
            await post.send(LETTER)
    assert server.heard == ["EHLO hiroba"]


def test_an_address_of_a_server_is_read_or_the_start_is_refused() -> None:
    assert is_local("smtp://localhost:25")
    assert not is_local("smtp://mail.example.jp")
    assert Smtp(Egress(), "smtps://mail.example.jp", "x@example.jp").port == 465
    assert Smtp(Egress(), "smtp://mail.example.jp", "x@example.jp").port == 587
    for wrong in ("mail.example.jp", "http://mail.example.jp", "smtp://"):
        with pytest.raises(Stop):
            Smtp(Egress(), wrong, "x@example.jp")

"""A photo is redrawn: upright, of reasonable size, with nothing in it but the picture."""

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hiroba.services.reports import photos

pytestmark = pytest.mark.anyio


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


async def test_what_a_phone_wrote_into_the_file_is_gone(camera) -> None:
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET-XMP</x:xmpmeta>"
    original = camera(orientation=1, comment=b"SECRET-COMMENT", xmp=xmp, icc_profile=b"SECRET-PROFILE" * 20)
    for secret in (b"SECRET-CAMERA", b"SECRET-COMMENT", b"SECRET-XMP", b"SECRET-PROFILE"):
        assert secret in original
    redrawn = await photos.redrawn(original)
    assert b"SECRET" not in redrawn
    assert not opened(redrawn).getexif()
    assert set(opened(redrawn).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(("orientation", "red_at"), [(1, (2, 20)), (3, (57, 20)), (6, (20, 2)), (8, (20, 57))])
async def test_a_photo_taken_sideways_stands_upright(camera, orientation, red_at) -> None:
    upright = opened(await photos.redrawn(camera(orientation=orientation)))
    assert upright.size == ((60, 40) if orientation in {1, 3} else (40, 60))
    red, _, blue = upright.getpixel(red_at)
    assert red > 200
    assert blue < 60


async def test_a_large_photo_is_made_smaller(camera) -> None:
    assert max(opened(await photos.redrawn(camera(4000, 3000))).size) == photos.EDGE


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
async def test_a_transparent_picture_is_laid_on_white(format_) -> None:
    made = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(made, format_)
    assert opened(await photos.redrawn(made.getvalue())).getpixel((4, 4)) == (255, 255, 255)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("edge", [8_000, 10_000, 14_000, 60_000])
async def test_a_decompression_bomb_is_refused_by_its_header(edge) -> None:
    with pytest.raises(photos.NoPhoto):
        await photos.redrawn(bomb(edge, edge))


async def test_a_file_larger_than_what_is_taken_is_refused() -> None:
    with pytest.raises(photos.NoPhoto, match="15 MB"):
        await photos.redrawn(b"\xff" * (photos.BYTES + 1))


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff"]
)
async def test_what_is_no_photo_is_refused(data) -> None:
    with pytest.raises(photos.NoPhoto, match="not a photo"):
        await photos.redrawn(data)


@given(cut=st.integers(0, 600), at=st.integers(0, 600), byte=st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_a_photo_or_refused_and_nothing_else(cut, at, byte) -> None:
    made = io.BytesIO()
    Image.new("RGB", (32, 32), "green").save(made, "JPEG")
    data = bytearray(made.getvalue()[: len(made.getvalue()) - cut])
    if at < len(data):
        data[at] = byte
    try:
        photos._redraw(bytes(data))
    except photos.NoPhoto:
        return

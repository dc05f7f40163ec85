"""A photo as we keep it: upright, of reasonable size, and with nothing in it but the picture.

A phone writes the place, the time and its own serial number into a photo. We draw the pixels into a new picture, so that
no field of the old file is left, whatever its name. Decoding is work for a thread; a picture that claims to be huge is
refused by its header, before a pixel is decoded.
"""

import asyncio
import io

from PIL import Image, ImageOps

from hiroba.base.errors import Invalid

BYTES = 15 << 20
"""The largest file that is taken."""
PIXELS = 60_000_000
"""The largest picture that is decoded: phones make 12 to 50 million pixels."""
EDGE = 1600
"""The longer edge of what is kept."""
FORMATS = ("JPEG", "PNG", "WEBP")
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    IndexError,
    EOFError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises about files that are no picture."""


class NoPhoto(Invalid):
    """This file cannot be taken as a photo."""


async def redrawn(data: bytes) -> bytes:
    """The photo as a JPEG of ours, or NoPhoto with a sentence for the person who chose it."""
    if len(data) > BYTES:
        raise NoPhoto("This photo is larger than 15 MB. Choose a smaller one.")
    return await asyncio.to_thread(_redraw, data)


def _redraw(data: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > PIXELS:
                raise NoPhoto("This picture is too large to open. Choose a smaller one.")
            image.draft("RGB", (EDGE, EDGE))
            image.thumbnail((EDGE, EDGE))
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except BROKEN:
        raise NoPhoto("This file is not a photo we can open. Choose a JPEG, PNG or WebP picture.") from None
    fresh = Image.new("RGB", upright.size, "white")
    fresh.paste(upright, mask=upright.getchannel("A"))
    made = io.BytesIO()
    fresh.save(made, "JPEG", quality=82, optimize=True)
    return made.getvalue()

"""One cell to one typed value. Text stays as written; numbers, dates and codes are read through NFKC, so １２ is 12."""

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from hiroba.base.clock import JAPAN
from hiroba.exchange.loader.findings import Refusal

YES: Final = frozenset({"1", "1.0", "○", "◯", "〇", "有", "有り", "あり", "はい", "可", "true", "yes", "y", "t"})
NO: Final = frozenset({"0", "0.0", "×", "✕", "✖", "無", "無し", "なし", "いいえ", "不可", "false", "no", "n", "f"})
ERAS: Final = {
    "M": 1867,
    "T": 1911,
    "S": 1925,
    "H": 1988,
    "R": 2018,
    "明治": 1867,
    "大正": 1911,
    "昭和": 1925,
    "平成": 1988,
    "令和": 2018,
}
"""The year before the first of each era."""
EXCEL_DAY_ZERO: Final = dt.date(1899, 12, 30)
EXCEL_DAYS: Final = range(60, 73051)
"""Serial numbers read as dates: March 1900, after the leap day Excel invented, to the end of 2099."""
LARGEST: Final = 10**300
"""Numbers from here on are none that a list means."""
HALF_A_DAY: Final = 12
FARTHEST_NORTH: Final = 90.0

_ERA_DATE = re.compile(r"(明治|大正|昭和|平成|令和|[MTSHR])\s*(元|\d{1,2})[年./-]\s*(\d{1,2})[月./-]\s*(\d{1,2})日?")
_DATE = re.compile(r"(\d{4})[年./-](\d{1,2})[月./-](\d{1,2})日?(?:[T ]0{1,2}:00(?::00)?)?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?")
_SPOKEN_CLOCK = re.compile(r"(午前|午後)?\s*(\d{1,2})時(?:(\d{1,2})分)?")
_NAMED_CLOCKS: Final = {"正午": "12:00", "零時": "00:00"}
_PHONE = re.compile(r"\+?[0-9()（）\-‐–ー ]{6,25}")
_COMMON_ID = re.compile(r"E(\d{5})\d{8,9}")
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?(?:[eE][+-]?\d{1,2})?")


def text(cell: Any) -> str:
    """The cell as written, without outer whitespace and without control characters other than line breaks."""
    if isinstance(cell, str) and cell.isprintable():
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        cell = cell.date()
    written = "" if cell is None else str(cell).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in written if sign == "\n" or unicodedata.category(sign) not in {"Cc", "Cs"}).strip()


def code(cell: Any) -> str:
    """The cell as a code or a key: NFKC, one line."""
    written = text(cell)
    return " ".join((written if written.isascii() else unicodedata.normalize("NFKC", written)).split())


def number(cell: Any) -> int | float:
    """A number; thousands may be set off with commas."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        value = float(cell) if abs(cell) < LARGEST else math.inf
    elif _NUMBER.fullmatch(code(cell)):
        value = float(code(cell).replace(",", ""))
    else:
        raise Refusal("“{cell}” is not a number. Write digits only, for example 12.5.", cell=cell)
    if not math.isfinite(value):
        raise Refusal("“{cell}” is not a number. Write digits only, for example 12.5.", cell=cell)
    return int(value) if value.is_integer() and abs(value) < 1 << 53 else value


def integer(cell: Any) -> int:
    """A whole number."""
    try:
        value = number(cell)
    except Refusal:
        value = 0.5
    if isinstance(value, int):
        return value
    raise Refusal("“{cell}” is not a whole number. Write digits only, for example 120.", cell=cell)


def boolean(cell: Any) -> bool:
    """Yes or no, as lists in Japan write it."""
    written = code(cell).casefold()
    if written in YES or cell is True:
        return True
    if written in NO or cell is False:
        return False
    raise Refusal(
        "“{cell}” is neither yes nor no. Write 1 or ○ or 有 for yes, 0 or × or 無 for no, or leave the cell empty.",
        cell=cell,
    )


def date(cell: Any) -> dt.date:
    """A day: ISO, 2024年1月9日, H29.1.6, 令和6年1月9日, month/day/year, or Excel's serial number."""
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    written = code(cell)
    try:
        if found := _ERA_DATE.fullmatch(written):
            era, year, month, day = found.groups()
            return dt.date(ERAS[era] + (1 if year == "元" else int(year)), int(month), int(day))
        if found := _DATE.fullmatch(written) or _COMPACT_DATE.fullmatch(written):
            return dt.date(*map(int, found.groups()))
        if found := _MONTH_FIRST.fullmatch(written):
            month, day, year = map(int, found.groups())
            return dt.date(year, month, day)
        if (serial := float(written)) in EXCEL_DAYS:
            return EXCEL_DAY_ZERO + dt.timedelta(days=serial)
    except ValueError:
        pass
    raise Refusal("“{cell}” is not a date. Write 2024-01-09 or 令和6年1月9日.", cell=cell)


def time(cell: Any) -> str:
    """A time of day as HH:MM; 24:00 and later hours of the same working day stay, as timetables write them."""
    if isinstance(cell, dt.datetime | dt.time):
        return f"{cell:%H:%M}"
    if isinstance(cell, dt.timedelta):
        cell = cell / dt.timedelta(days=1)
    written = _NAMED_CLOCKS.get(code(cell), code(cell))
    if found := _CLOCK.fullmatch(written):
        hour, minute = int(found.group(1)), int(found.group(2))
    elif found := _SPOKEN_CLOCK.fullmatch(written):
        hour, minute = _spoken(found.groups())
    else:
        try:
            share = float(written)
        except ValueError:
            share = -1.0
        hour, minute = divmod(round(share * 1440), 60) if 0 <= share <= 1 else (99, 0)
    if hour <= 29 and minute <= 59:  # noqa: PLR2004 - the hours of a working day that ends at five the next morning
        return f"{hour:02}:{minute:02}"
    raise Refusal("“{cell}” is not a time of day. Write 09:30 or 午前9時30分.", cell=cell)


def hours(cell: Any) -> str:
    """A time of day where the cell is one, else what people wrote instead of it: 17:00（土は12:00まで）."""
    try:
        return time(cell)
    except Refusal:
        return text(cell)


def days(cell: Any) -> str:
    """A day where the cell is one, in ISO 8601, else what people wrote instead of it: 8月5日（水）～8月16日（日）."""
    try:
        return date(cell).isoformat()
    except Refusal:
        return text(cell)


def _spoken(parts: tuple[str | None, ...]) -> tuple[int, int]:
    half, hour, minute = parts
    said = int(hour or 0)
    if half and said <= HALF_A_DAY:
        said = said % HALF_A_DAY + (HALF_A_DAY if half == "午後" else 0)
    return said, int(minute or 0)


def moment(cell: Any) -> dt.datetime:
    """A day and a time of day: ISO 8601, or 令和6年1月9日午後6時; without a zone it is Japan's."""
    if isinstance(cell, dt.datetime):
        return cell if cell.tzinfo else cell.replace(tzinfo=JAPAN)
    written = code(cell)
    try:
        found = dt.datetime.fromisoformat(written.replace("/", "-"))
    except ValueError:
        day, sign, rest = written.partition("日")
        if not sign:
            day, _, rest = written.partition(" ")
        try:
            hour, minute = map(int, time(rest or "0:00").split(":"))
            found = dt.datetime.combine(date(f"{day}{sign}"), dt.time()) + dt.timedelta(hours=hour, minutes=minute)
        except (Refusal, OverflowError):
            raise Refusal(
                "“{cell}” is not a date with a time. Write 2024-01-09T18:00 or 令和6年1月9日午後6時.", cell=cell
            ) from None
    return found if found.tzinfo else found.replace(tzinfo=JAPAN)


def phone(cell: Any) -> str:
    """A telephone number as people write it, in plain digits and hyphens; it never becomes a figure."""
    written = code(cell)
    if not _PHONE.fullmatch(written):
        raise Refusal("“{cell}” is not a telephone number. Write for example 087-839-2011.", cell=cell)
    return str(re.sub(r"\s*[‐–ー-]\s*", "-", written))


def url(cell: Any) -> str:
    """An address of the web; one without its scheme gets https."""
    written = text(cell)
    if written.startswith("www."):
        written = f"https://{written}"
    try:
        parts = urlsplit(written)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or any(sign.isspace() for sign in written):
        raise Refusal(
            "“{cell}” is not a web address. Write it whole, with https:// before it, one in a cell.", cell=cell
        )
    return written


def latitude(cell: Any) -> float:
    """Degrees north, decimal."""
    value = float(number(cell))
    if abs(value) > FARTHEST_NORTH:
        raise Refusal("Latitude {cell} is beyond 90 degrees. Were latitude and longitude swapped?", cell=cell)
    return value


def longitude(cell: Any) -> float:
    """Degrees east, decimal."""
    value = float(number(cell))
    if abs(value) > 2 * FARTHEST_NORTH:
        raise Refusal("Longitude {cell} is beyond 180 degrees. Write decimal degrees, for example 134.0466.", cell=cell)
    return value


def point(cell: Any) -> tuple[float, float] | None:
    """“latitude,longitude” in one cell, as (longitude, latitude); a lone comma is an unknown place."""
    north, comma, east = code(cell).partition(",")
    if comma and not north.strip() and not east.strip():
        return None
    if not comma:
        raise Refusal("“{cell}” is not a place. Write latitude, a comma and longitude: 34.3428,134.0466.", cell=cell)
    return longitude(east), latitude(north)


def with_check_digit(five: str) -> str:
    """The six-digit code of a municipality: weights 6 to 2, the sum's remainder by 11 taken from 11, its last digit."""
    weighted = sum(int(digit) * weight for digit, weight in zip(five, range(6, 1, -1), strict=True))
    return f"{five}{(11 - weighted % 11) % 10}"


def municipality(cell: Any) -> str:
    """A municipality's six-digit code: from five digits, from six, or from the common id (共通ID) of a shelter."""
    written = code(cell)
    if found := _COMMON_ID.fullmatch(written):
        written = found.group(1)
    if written.isascii() and written.isdigit() and len(written) in {5, 6}:
        six = with_check_digit(written[:5])
        if written in six:
            return six
    raise Refusal(
        "“{cell}” is no municipality's code. Write its five digits, or all six with the check digit.", cell=cell
    )


CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "text": text, "code": code, "integer": integer, "number": number, "boolean": boolean, "date": date, "time": time,
    "moment": moment, "phone": phone, "url": url, "latitude": latitude, "longitude": longitude, "point": point,
    "municipality": municipality, "hours": hours, "days": days,
}  # fmt: skip
"""Every kind a mapping may name."""

"""A dozen reports for the sample region, invented from a seed: what a newcomer finds on the map and an officer in the queue."""

import io
import random
from datetime import timedelta
from typing import Final

from PIL import Image, ImageDraw, ImageFilter
from shapely import Point
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from hiroba.base.db import Connection
from hiroba.exchange.broker.exchange import Exchange, Wanted
from hiroba.exchange.identity import store as identity
from hiroba.services.reports import photos, store
from hiroba.services.reports.model import Contact, Decision, Draft

STORIES: Final[tuple[tuple[str, str, str, int, tuple[tuple[str, str], ...]], ...]] = (
    ("pothole", "見本橋の手前、バス停の横",
     "直径30センチほどの穴があり、自転車がよけて車道に出ています。", 1, ()),
    ("light", "見本第二公園の西の入口",
     "街路灯が三日ほど前から消えていて、夜は足もとが見えません。", 2, ()),
    ("drain", "見本小学校の正門前",
     "側溝のふたが割れて、子どもの足が入りそうです。", 3,
     (("checking", "現場を確認しています。"),)),
    ("obstacle", "見本神社の裏の細い道",
     "強い風のあと、枝が道をふさいでいます。", 2,
     (("in_progress", "本日中に取り除きます。"),)),
    ("sign", "見本交差点の北東の角",
     "カーブミラーが横を向いていて、左から来る車が見えません。", 6,
     (("checking", "現場を確認しました。"), ("in_progress", "向きを直す工事を手配しました。"))),
    ("leak", "見本商店街の中ほど",
     "舗装のすき間から水が湧き出ています。", 5,
     (("forwarded", "水道管の点検が要るため、水道の担当に引き継ぎました。"),)),
    ("pothole", "見本駅の南口を出てすぐ",
     "点字ブロックの横が5センチほど沈んでいます。", 9,
     (("checking", ""), ("in_progress", "補修の日程を調整しています。"))),
    ("light", "見本病院の東側の歩道",
     "街路灯が点滅しています。", 12,
     (("checking", ""), ("done", "灯具を取り替えました。お知らせありがとうございました。"))),
    ("drain", "見本台三丁目の坂の下",
     "マンホールのふたが車が通るたびに大きな音を立てます。", 20,
     (("in_progress", ""), ("done", "ふたの受け枠を直しました。"))),
    ("sign", "見本川沿いの遊歩道",
     "ガードレールの端が曲がって歩道に出ています。", 16,
     (("checking", ""), ("done", "端の部分を取り替えました。"))),
    ("other", "見本図書館の前",
     "自転車用の矢印が消えかけています。", 10,
     (("declined", "来年度の塗り直しの予定に入っているため、今回は工事をしません。"),)),
    ("obstacle", "見本橋のたもと",
     "古いタイヤが置かれたままです。", 4,
     (("done", "回収しました。"),)),
)  # fmt: skip
"""Kind, landmark, words, days ago, and what officers said of each new state."""


async def sample(conn: Connection, exchange: Exchange, seed: int) -> None:
    """Reports inside the municipalities that are there, with a history, some voices and drawn photos; all of it invented."""
    chance = random.Random(seed)  # noqa: S311 - a story, not a secret
    areas = list((await identity.areas(conn)).items())
    if not areas:
        return
    for index, (kind, landmark, words, days, steps) in enumerate(STORIES):
        lg_code, area = areas[index % len(areas)] if index % 3 else areas[0]
        contact = Contact(name="見本　花子", mail=f"mihon{index}@example.jp") if index % 4 == 0 else Contact()
        place = await _somewhere(conn, exchange, area, chance)
        draft = Draft(kind=kind, place=place, lg_code=lg_code, landmark=landmark, words=words, contact=contact)
        jpeg = await photos.redrawn(_drawn(chance)) if kind in {"pothole", "drain"} else None
        report, _ = await store.add(conn, exchange, draft, jpeg)
        for state, note in steps:
            other = "見本水道企業団" if state == "forwarded" else ""
            await store.decide(conn, exchange, report, Decision(state=state, words=note, forwarded_to=other), "sample")
        for _ in range(chance.choice((0, 0, 1, 3))):
            await store.support(conn, exchange, report)
        if steps:
            await store.show(conn, exchange, report, words=True, photo=jpeg is not None)
        await store.backdate(conn, exchange, report, timedelta(days=days, hours=chance.randrange(1, 9)))


async def _somewhere(
    conn: Connection, exchange: Exchange, area: BaseGeometry, chance: random.Random
) -> tuple[float, float]:
    """A place in the area: on one of its streets where the region has streets, else anywhere inside."""
    west, south, east, north = area.bounds
    found = await exchange.find(conn, Wanted(types=("Street",), box=(west, south, east, north), limit=200))
    streets = [shape(street["location"]) for street in found.entities if "location" in street]
    for _ in range(50):
        on_a_street = chance.choice(streets).interpolate(chance.random(), normalized=True) if streets else None
        place = on_a_street or Point(chance.uniform(west, east), chance.uniform(south, north))
        if area.contains(place):
            return round(place.x, 6), round(place.y, 6)
    inside = area.representative_point()
    return inside.x, inside.y


def _drawn(chance: random.Random) -> bytes:
    """A picture of grey asphalt with a dark hole in it, which shows no place in the world."""
    picture = Image.effect_noise((1200, 900), 40).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.line((0, chance.randrange(80, 160), 1200, chance.randrange(40, 120)), fill=(225, 225, 220), width=34)
    for _ in range(14):
        x, y, r = chance.gauss(600, 90), chance.gauss(520, 60), chance.uniform(60, 150)
        draw.ellipse((x - 1.5 * r, y - r, x + 1.5 * r, y + r), fill=(46 + chance.randrange(14),) * 3)
    made = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(3)).save(made, "JPEG")
    return made.getvalue()

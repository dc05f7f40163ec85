"""Telling of a damage without JavaScript: one question a page, nothing lost, nothing shown that should not be."""

import pytest

pytestmark = pytest.mark.anyio


async def test_a_resident_tells_of_a_hole_and_gets_a_number_and_a_private_link(resident, number) -> None:
    done = await resident.tell()
    assert "/reports/follow/" in str(done.url)
    assert f"Your report has number {number(done)}" in done.text
    assert "大きな穴があります" in done.text
    assert done.headers["cache-control"] == "no-store"
    assert done.headers["referrer-policy"] == "no-referrer"


async def test_a_place_may_be_told_in_words_alone(resident, number, towns) -> None:
    done = await resident.tell(place=None, lg_code=towns.west, landmark="役場のうら")
    assert "Westtown" in done.text
    assert "役場のうら" in done.text


async def test_the_point_finds_the_municipality_whatever_was_chosen(resident, towns) -> None:
    done = await resident.tell(place=towns.in_west, lg_code=towns.east)
    assert "Westtown" in done.text
    assert "Easttown" not in done.text


async def test_a_place_outside_every_municipality_gets_a_helpful_answer_and_keeps_what_was_typed(resident) -> None:
    await resident.send("/reports/new", {"kind": "light"})
    typed = {"landmark": "灯台の下", "longitude": "0", "latitude": "0"}
    answer = await resident.send("/reports/new/where", typed)
    assert answer.status_code == 422
    assert "Easttown, Westtown" in answer.text
    assert 'value="灯台の下"' in answer.text
    assert 'href="#place"' in answer.text
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "landmark"),
        ({}, "lg_code"),
        ({"landmark": "a", "lg_code": "999999"}, "lg_code"),
        ({"longitude": "135.51"}, "place"),
        ({"longitude": "east", "latitude": "north"}, "place"),
        ({"longitude": "nan", "latitude": "inf"}, "place"),
        ({"longitude": "1e400", "latitude": "34"}, "place"),
        ({"landmark": "あ" * 201, "lg_code": "990019"}, "landmark"),
    ],
)
async def test_a_mistake_about_the_place_is_said_beside_its_field_and_on_top(resident, typed, field) -> None:
    await resident.send("/reports/new", {"kind": "light"})
    answer = await resident.send("/reports/new/where", typed)
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert f'href="#{field}"' in answer.text


async def test_full_width_figures_are_figures(resident) -> None:
    await resident.send("/reports/new", {"kind": "light"})
    answer = await resident.send("/reports/new/where", {"longitude": "１３５．５１", "latitude": "３４．５５"})
    assert str(answer.url).endswith("/reports/new/details")


async def test_a_kind_must_be_chosen(resident) -> None:
    answer = await resident.send("/reports/new", {"kind": "castle"})
    assert answer.status_code == 422
    assert "Choose what is wrong." in answer.text


async def test_a_chosen_photo_is_kept_where_the_words_are_too_long(resident, camera) -> None:
    await resident.send("/reports/new", {"kind": "light"})
    await resident.send("/reports/new/where", {"longitude": "135.51", "latitude": "34.55"})
    photo = {"photo": ("p.jpg", camera(), "image/jpeg")}
    answer = await resident.send("/reports/new/details", {"words": "長" * 2001}, photo)
    assert answer.status_code == 422
    assert "This photo is kept" in answer.text
    assert "長" * 2001 in answer.text
    assert (await resident.open("/reports/new/photo")).content.startswith(b"\xff\xd8")
    no_photo = {"photo": ("", b"", "application/octet-stream")}
    answer = await resident.send("/reports/new/details", {"words": "短い"}, no_photo)
    await resident.send("/reports/new/contact")
    assert "/reports/new/photo" in (await resident.open("/reports/new/review")).text


async def test_a_file_that_is_no_photo_is_refused_beside_its_field_and_the_words_stay(resident) -> None:
    await resident.send("/reports/new", {"kind": "light"})
    await resident.send("/reports/new/where", {"longitude": "135.51", "latitude": "34.55"})
    answer = await resident.send(
        "/reports/new/details", {"words": "暗い"}, {"photo": ("p.jpg", b"no photo", "image/jpeg")}
    )
    assert answer.status_code == 422
    assert 'id="photo-wrong"' in answer.text
    assert "暗い" in answer.text


async def test_a_photo_can_be_taken_out_again(resident, camera) -> None:
    await resident.send("/reports/new", {"kind": "light"})
    await resident.send("/reports/new/where", {"longitude": "135.51", "latitude": "34.55"})
    await resident.send("/reports/new/details", {}, {"photo": ("p.jpg", camera(), "image/jpeg")})
    no_photo = {"photo": ("", b"", "application/octet-stream")}
    answer = await resident.send("/reports/new/details", {"without_photo": "1"}, no_photo)
    assert "This photo is kept" not in answer.text


@pytest.mark.parametrize(
    ("field", "typed"),
    [("phone", "call me"), ("phone", "12"), ("mail", "nobody"), ("mail", "a@b"), ("name", "名" * 201)],
)
async def test_a_contact_that_cannot_be_used_is_said_and_kept(resident, field, typed) -> None:
    await resident.send("/reports/new", {"kind": "light"})
    answer = await resident.send("/reports/new/contact", {field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert f'value="{typed}"' in answer.text


async def test_after_the_review_each_correction_leads_back_to_it(resident) -> None:
    await resident.send("/reports/new", {"kind": "light"})
    await resident.send("/reports/new/where", {"longitude": "135.51", "latitude": "34.55"})
    await resident.open("/reports/new/review")
    answer = await resident.send("/reports/new", {"kind": "drain"})
    assert str(answer.url).endswith("/reports/new/review")
    assert "Drain or manhole" in answer.text


async def test_a_second_tap_on_send_leads_to_the_same_report(resident, conn, number) -> None:
    done = await resident.tell()
    token = {"_csrf_token": resident.client.cookies["hiroba_csrf"]}
    again = await resident.client.post("/reports/new/review", data=token)
    assert again.status_code == 303
    assert str(done.url).endswith(again.headers["location"])
    assert await conn.fetchval("select count(*) from reports.report") == 1


async def test_without_a_draft_every_question_leads_to_the_first(resident) -> None:
    for step in ("where", "details", "contact", "review", "photo"):
        assert str((await resident.open(f"/reports/new/{step}")).url).endswith("/reports/new")


async def test_a_draft_that_is_too_old_is_no_draft_and_is_swept(resident, conn) -> None:
    from hiroba.services.reports import jobs  # noqa: PLC0415 - the job alone

    await resident.send("/reports/new", {"kind": "light"})
    await conn.execute("update reports.draft set expires = now() - interval '1 second'")
    assert str((await resident.open("/reports/new/where")).url).endswith("/reports/new")
    await jobs.forget(conn)
    assert await conn.fetchval("select count(*) from reports.draft") == 0


async def test_a_known_damage_nearby_is_shown_before_sending_and_takes_a_voice(resident, number) -> None:
    first = number(await resident.tell())
    await resident.send("/reports/new", {"kind": "pothole"})
    await resident.send("/reports/new/where", {"longitude": "135.5103", "latitude": "34.5501"})
    review = await resident.open("/reports/new/review")
    assert f"No. {first}" in review.text
    assert "30 m away" in review.text
    thanks = await resident.send(f"/reports/new/support/{first}", at="/reports/new/review")
    assert "Your voice is counted" in thanks.text
    assert "<dt>Voices</dt><dd>2</dd>" in thanks.text


@pytest.mark.parametrize(("kind", "longitude"), [("light", "135.51"), ("pothole", "135.5106")])
async def test_another_kind_or_a_place_further_off_is_no_duplicate(resident, kind, longitude) -> None:
    await resident.tell()
    await resident.send("/reports/new", {"kind": kind})
    await resident.send("/reports/new/where", {"longitude": longitude, "latitude": "34.55"})
    assert "Is it one of these?" not in (await resident.open("/reports/new/review")).text


async def test_a_form_without_its_token_is_refused(resident) -> None:
    assert (await resident.client.post("/reports/new", data={"kind": "light"})).status_code == 403


async def test_characters_a_database_cannot_keep_are_dropped(resident) -> None:
    done = await resident.tell(words="穴\x00が\x1bある", landmark="角\x00")
    assert "穴がある" in done.text


async def test_what_is_typed_is_text_and_never_markup(resident) -> None:
    done = await resident.tell(words="<script>alert(1)</script>", landmark='"><b>')
    assert "<script>alert" not in done.text
    assert "&lt;script&gt;" in done.text


async def test_the_pages_speak_japanese(resident) -> None:
    resident.client.headers["Accept-Language"] = "ja"
    page = await resident.open("/reports/new")
    assert "穴・段差" in page.text
    assert "どうしましたか" in page.text

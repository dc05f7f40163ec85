"""The officer's side: one's own municipality alone, decisions with their words, a look at a contact written down."""

import pytest

from hiroba.services.reports import model

pytestmark = pytest.mark.anyio

CONTACT = {"name": "見本　花子", "phone": "06-0000-0000", "mail": "hanako@example.jp"}


async def test_a_stranger_a_resident_and_another_role_see_no_desk(resident, officer, towns) -> None:
    assert (await resident.client.get("/desk/reports")).status_code == 401
    other = await officer(towns.east, "waste")
    assert (await other.client.get("/desk/reports")).status_code == 403


async def test_an_officer_sees_and_changes_the_reports_of_their_own_municipality_alone(
    resident, officer, towns, number, camera
) -> None:
    mine = number(await resident.tell(photo=camera()))
    theirs = number(await resident.tell(place=towns.in_west, photo=camera()))
    desk = await officer(towns.east)
    listed = await desk.open("/desk/reports?only=all")
    assert f"No. {mine}" in listed.text
    assert f"No. {theirs}" not in listed.text
    await desk.open(f"/desk/reports/{mine}/photo")
    for path in (f"/desk/reports/{theirs}", f"/desk/reports/{theirs}/photo"):
        assert (await desk.client.get(path)).status_code == 404
    for action in ("show", "contact", "state", "hand-over", "place"):
        answer = await desk.send(f"/desk/reports/{theirs}/{action}", {"state": "done"}, at="/desk/reports")
        assert answer.status_code == 404
    everywhere = await (await officer("", operator=True)).open("/desk/reports?only=all")
    assert f"No. {mine}" in everywhere.text
    assert f"No. {theirs}" in everywhere.text


async def test_the_list_is_chosen_by_state_and_by_days_waiting(resident, officer, towns, number, conn) -> None:
    old, new = number(await resident.tell()), number(await resident.tell(kind="light"))
    await conn.execute("update reports.report set reported = now() - interval '9 days' where number = $1", old)
    desk = await officer(towns.east)
    assert f"No. {old}" in (await desk.open("/desk/reports?days=7")).text
    assert f"No. {new}" not in (await desk.open("/desk/reports?days=7")).text
    assert "Nothing waits here." in (await desk.open("/desk/reports?only=done")).text
    assert (await desk.open("/desk/reports")).text.index(f"No. {old}") < (await desk.open("/desk/reports")).text.index(
        f"No. {new}"
    )
    assert (await desk.client.get("/desk/reports?days=-1")).status_code == 400
    assert (await desk.client.get("/desk/reports?only=%00")).status_code == 200


async def test_a_report_goes_its_way_and_the_reporter_reads_each_step(resident, officer, towns, number) -> None:
    done = await resident.tell()
    one = f"/desk/reports/{number(done)}"
    desk = await officer(towns.east)
    await desk.send(
        f"{one}/state", {"state": "checking", "words": "見に行きます", "private_note": "班長に電話"}, at=one
    )
    await desk.send(f"{one}/state", {"state": "done", "words": "埋めました"}, at=one)
    told = (await resident.open(str(done.url.path))).text
    assert "見に行きます" in told
    assert "埋めました" in told
    assert "班長に電話" not in told
    assert "班長に電話" in (await desk.open(one)).text


@pytest.mark.parametrize(
    ("decision", "field"),
    [
        ({"state": "declined"}, "words"),
        ({"state": "forwarded", "words": "他所の担当"}, "forwarded_to"),
        ({"state": "duplicate"}, "duplicate_of"),
        ({"state": "duplicate", "duplicate_of": "999"}, "duplicate_of"),
        ({"state": "duplicate", "duplicate_of": "1"}, "duplicate_of"),
        ({"state": "received"}, "state"),
        ({"state": "burnt"}, "state"),
        ({}, "state"),
        ({"state": "checking", "words": "長" * 2001}, "words"),
    ],
)
async def test_a_decision_with_a_mistake_is_not_taken_and_keeps_what_was_typed(
    resident, officer, decision, field
) -> None:
    await resident.tell()
    one = "/desk/reports/1"
    desk = await officer("990019")
    answer = await desk.send(f"{one}/state", {"private_note": "覚え書き"} | decision, at=one)
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert "覚え書き" in answer.text
    assert 'class="chip pref">Received' in answer.text


async def test_a_duplicate_joins_its_voices_to_the_first_report_and_can_leave_again(
    resident, officer, towns, number
) -> None:
    first, second, third = number(await resident.tell()), number(await resident.tell()), number(await resident.tell())
    desk = await officer("990019")
    await desk.send(
        f"/desk/reports/{third}/state", {"state": "duplicate", "duplicate_of": str(second)}, at=f"/desk/reports/{third}"
    )
    await desk.send(
        f"/desk/reports/{second}/state",
        {"state": "duplicate", "duplicate_of": str(first)},
        at=f"/desk/reports/{second}",
    )
    assert "<dt>Voices</dt><dd>3</dd>" in (await resident.open(f"/reports/{first}")).text
    assert f"No. {first}" in (await resident.open(f"/reports/{third}")).text
    await desk.send(f"/desk/reports/{third}/state", {"state": "checking"}, at=f"/desk/reports/{third}")
    assert "<dt>Voices</dt><dd>2</dd>" in (await resident.open(f"/reports/{first}")).text


async def test_a_report_joined_to_a_duplicate_is_joined_to_the_first(resident, officer, towns, number) -> None:
    first, second, third = number(await resident.tell()), number(await resident.tell()), number(await resident.tell())
    desk = await officer(towns.east)
    for later, earlier in ((second, first), (third, second)):
        await desk.send(
            f"/desk/reports/{later}/state",
            {"state": "duplicate", "duplicate_of": str(earlier)},
            at=f"/desk/reports/{later}",
        )
    assert f"/desk/reports/{first}" in (await desk.open(f"/desk/reports/{third}")).text
    answer = await desk.send(
        f"/desk/reports/{first}/state", {"state": "duplicate", "duplicate_of": str(third)}, at=f"/desk/reports/{first}"
    )
    assert answer.status_code == 422


async def test_a_look_at_a_contact_is_written_down_and_the_reporter_sees_it(
    resident, officer, towns, number, conn
) -> None:
    done = await resident.tell(contact=CONTACT)
    one = f"/desk/reports/{number(done)}"
    assert "Nobody has opened it so far." in done.text
    desk = await officer(towns.east)
    assert CONTACT["mail"] not in (await desk.open(one)).text
    opened = await desk.send(f"{one}/contact", at=one)
    assert CONTACT["mail"] in opened.text
    assert CONTACT["name"] in opened.text
    assert await conn.fetchval("select organisation from reports.look") == towns.east
    assert "It was opened 1 time:" in (await resident.open(done.url.path)).text


async def test_a_report_is_handed_over_to_another_municipality(resident, officer, towns, number, house) -> None:
    done = await resident.tell()
    one = f"/desk/reports/{number(done)}"
    east, west = await officer(towns.east), await officer(towns.west)
    wrong = await east.send(f"{one}/hand-over", {"lg_code": towns.east}, at=one)
    assert wrong.status_code == 422
    await east.send(f"{one}/hand-over", {"lg_code": towns.west, "words": "町道ではありませんでした"}, at=one)
    assert (await east.client.get(one)).status_code == 404
    assert "町道ではありませんでした" in (await west.open(one)).text
    assert "Westtown" in (await resident.open(done.url.path)).text


async def test_a_report_in_words_is_put_on_the_map_inside_its_own_municipality(
    resident, officer, towns, number
) -> None:
    one = f"/desk/reports/{number(await resident.tell(place=None, lg_code=towns.east))}"
    desk = await officer(towns.east)
    for longitude, latitude in (("135.49", "34.55"), ("0", "0"), ("here", "there")):
        answer = await desk.send(f"{one}/place", {"longitude": longitude, "latitude": latitude}, at=one)
        assert answer.status_code == 422
    answer = await desk.send(f"{one}/place", {"longitude": "135.52", "latitude": "34.55"}, at=one)
    assert "34.55000, 135.52000" in answer.text


async def test_every_decision_is_reached_by_the_keyboard_without_a_script(resident, officer, towns, number) -> None:
    one = f"/desk/reports/{number(await resident.tell())}"
    page = (await (await officer(towns.east)).open(one)).text
    for state in model.NEXT["received"]:
        assert f'type="radio" name="state" value="{state}"' in page
    assert "onclick" not in page

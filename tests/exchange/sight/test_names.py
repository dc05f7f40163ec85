"""Each sector knows everybody by keys of its own, in ids and wherever an id stands; the tenant's own never leave."""

import pytest

pytestmark = pytest.mark.anyio


async def test_ids_inside_every_kind_of_value_are_the_reader_s_own(world) -> None:
    taro, hanako = await world.person(), await world.person()
    hers, his = await world.id(hanako), await world.id(taro)
    visit = await world.id(hanako, kind="Visit", local="2026-04")
    await world.write(hanako, {"birthDate": "1980-01-01"})
    await world.write(hanako, {"day": 1}, kind="Visit", local="2026-04")
    values = {
        "guardian": {"type": "Relationship", "object": hers, "datasetId": f"urn:x:{hers}"},
        "visits": {"type": "ListRelationship", "objectList": [{"object": visit}]},
        "note": f"see {hers}, and {visit}.",
        "card": {"type": "JsonProperty", "json": {hers: [{"of": hers}]}},
        "hello": {"type": "LanguageProperty", "languageMap": {"ja": f"{hers}さん"}},
        "deep": {"type": "Property", "value": 1, "by": {"type": "Relationship", "object": his}},
    }
    await world.write(taro, values)
    await world.permit(taro, *values)
    await world.permit(hanako, "birthDate")
    await world.permit(hanako, "day", type_="Visit")
    answer = await world.get(f"/entities/{await world.id(taro, 'booking')}")
    assert answer.status_code == 200, answer.text
    for person in (taro, hanako):
        assert await world.inside(person) not in answer.text
        assert await world.known(person, "app:clinic-desk") not in answer.text
    mine = await world.id(hanako, "booking")
    found = answer.json()
    assert found["guardian"]["object"] == mine
    assert found["card"]["json"] == {mine: [{"of": mine}]}
    assert found["hello"]["languageMap"]["ja"] == f"{mine}さん"
    assert found["deep"]["by"]["object"] == await world.id(taro, "booking")
    [as_listed] = (await world.get("/entities?type=Visit")).json()
    assert found["visits"]["objectList"] == [{"object": as_listed["id"]}]
    assert "2026-04" not in as_listed["id"]
    linked = await world.get(f"/entities?type=Person&q=guardian==%22{mine}%22&options=keyValues&attrs=guardian")
    assert [one["guardian"] for one in linked.json()] == [{"dataset": {f"urn:x:{mine}": mine}}]
    joined = await world.get(f"/entities/{await world.id(taro, 'booking')}?join=inline")
    assert joined.json()["guardian"]["entity"]["birthDate"]["value"] == "1980-01-01"
    assert {event["subject"] for event in await world.logged()} >= {await world.known(hanako, "log")}
    through = await world.get("/entities?type=Person&q=guardian{birthDate}==%221980-01-01%22&join=flat")
    assert through.status_code == 200, through.text
    assert {one["id"] for one in through.json()} == {mine, await world.id(taro, "booking"), as_listed["id"]}


async def test_two_readers_cannot_join_what_they_got(world) -> None:
    taro = await world.person()
    await world.write(taro, {"day": 1}, kind="Visit", local="2026-04")
    for recipient in ("booking", "bus-app"):
        await world.permit(taro, "day", recipient=recipient, type_="Visit")
    [one], [other] = [(await world.get("/entities?type=Visit", caller)).json() for caller in ("booking", "bus-app")]
    assert not set(one["id"].split(":")[3:]) & set(other["id"].split(":")[3:])


async def test_a_writer_names_whose_it_is_or_is_refused_and_is_answered_in_its_own_words(world) -> None:
    taro, stranger = await world.person(), await world.person()
    mine = await world.id(taro)
    for id_ in ("urn:ngsi-ld:Person:1", f"urn:ngsi-ld:Person:{'x' * 43}", await world.id(stranger, "bus-app")):
        answer = await world.call("POST", "/entities", "clinic-desk", json={"id": id_, "type": "Person", "name": "x"})
        assert answer.status_code == 400, answer.text
        assert "43 characters" in answer.json()["detail"]
    made = await world.call("POST", "/entities", "clinic-desk", json={"id": mine, "type": "Person", "name": "x"})
    assert made.headers["location"].endswith(mine)
    again = await world.call("POST", "/entities", "clinic-desk", json={"id": mine, "type": "Person", "name": "x"})
    assert again.status_code == 409
    assert mine in again.json()["detail"]
    batch = [{"id": mine, "type": "Person", "name": "y"}, {"id": "urn:ngsi-ld:Person:2", "type": "Person", "name": "z"}]
    answer = await world.call("POST", "/entityOperations/upsert", "clinic-desk", json=batch)
    assert answer.status_code == 207
    assert answer.json()["success"] == [mine]
    other = {"Hiroba-Subject": await world.known(stranger, "app:clinic-desk")}
    refused = await world.call("PATCH", f"/entities/{mine}", "clinic-desk", json={"name": "q"}, headers=other)
    assert refused.status_code == 400, "the header says that only the stranger's entities are meant"
    for text in (made.headers, again.text, answer.text, refused.text):
        assert await world.inside(taro) not in str(text)


async def test_a_key_written_in_escapes_is_read_as_the_key_it_is(world) -> None:
    taro = await world.person()
    mine = await world.known(taro, "app:clinic-desk")
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in mine)
    body = f'{{"id": "{await world.id(taro)}", "type": "Person", "name": "{escaped}"}}'
    headers = {"Content-Type": "application/json"}
    made = await world.call("POST", "/entities", "clinic-desk", content=body, headers=headers)
    assert made.status_code == 201, made.text
    await world.permit(taro, "name")
    [found] = (await world.get("/entities?type=Person&options=keyValues")).json()
    assert found["name"] == await world.known(taro, "app:booking")

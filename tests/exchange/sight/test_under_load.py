"""Two hundred people at once, in two processes as far as memory goes, some callers hanging up: each answer has its own canary."""

import asyncio
import random
import re

import pytest
from tests.conftest import client_of

from hiroba.settings import Settings

pytestmark = pytest.mark.anyio
PEOPLE = 200


async def test_no_answer_holds_another_person_s_canary(world, database, tmp_path) -> None:
    people = [await world.person() for _ in range(PEOPLE)]
    ids = [await world.id(person) for person in people]
    documents = [{"id": id_, "type": "Person", "name": f"canary-{n:04}-"} for n, id_ in enumerate(ids)]
    made = await world.call("POST", "/entityOperations/create", "clinic-desk", json=documents)
    assert made.status_code == 201, made.text
    for person in people:
        for recipient in ("booking", "bus-app"):
            await world.permit(person, "name", recipient=recipient)
    chance = random.Random(4)  # noqa: S311 - when callers hang up
    settings = Settings(data=tmp_path, database_url=database, public_url="http://hiroba.test")
    async with client_of(settings) as second:
        other = world.at(world.tenant)
        other.client = second

        async def read(number: int, where, caller: str) -> tuple[int, str, str]:
            id_ = known[caller][number]
            asking = asyncio.create_task(where.get(f"/entities/{id_}?options=keyValues", caller))
            if chance.random() < 0.1:
                await asyncio.sleep(chance.random() * 0.05)
                asking.cancel()
                return number, id_, ""
            return number, id_, (await asking).text

        known = {caller: [await world.id(person, caller) for person in people] for caller in ("booking", "bus-app")}
        calls = [
            read(number, where, caller)
            for number in range(PEOPLE)
            for where in (world, other)
            for caller in ("booking", "bus-app")
        ]
        chance.shuffle(calls)
        answers = await asyncio.gather(*calls)
        crossed = [
            (number, text)
            for number, id_, text in answers
            if set(re.findall(r"canary-\d{4}-", text)) - {f"canary-{number:04}-"}
            or ("canary" in text and id_ not in text)
        ]
        assert crossed == []
        refused = [text for _, _, text in answers if text and "canary" not in text]
        assert all('"status":503' in text for text in refused), "who gets no canary is told to ask again, and no more"
        assert sum(1 for _, _, text in answers if "canary" in text) > 2 * PEOPLE
        listed = await world.get("/entities?type=Person&limit=1000&options=keyValues")
        numbers = {known["booking"].index(one["id"]): one["name"] for one in listed.json()}
        assert numbers == {number: f"canary-{number:04}-" for number in range(PEOPLE)}

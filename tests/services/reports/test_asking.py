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

"""The witness we are: each answer of c2sp.org/tlog-witness, and never its name under two trees."""

import asyncio
import hashlib
from contextlib import suppress

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiroba.base.errors import Problem
from hiroba.exchange.audit import notes
from hiroba.exchange.audit.notes import Checkpoint, Signer
from hiroba.exchange.audit.tree import tiles
from hiroba.exchange.audit.tree.hashing import EMPTY, consistency, fold
from hiroba.exchange.audit.witness import watching

pytestmark = pytest.mark.anyio
LEAVES = [hashlib.sha256(str(number).encode()).digest() for number in range(300)]
OTHERS = [LEAVES[1], LEAVES[0], *LEAVES[2:]]


def root(size: int, leaves: list[bytes] = LEAVES) -> bytes:
    made = tiles.grow(0, {}, leaves)
    return fold((0, size), lambda node: tiles.node_in(made, node))


def body(key: Signer, old: int, size: int, leaves: list[bytes] = LEAVES, signer: Signer | None = None) -> str:
    made = tiles.grow(0, {}, leaves)
    proof = [fold(part, lambda node: tiles.node_in(made, node)) for part in consistency(old, size)]
    head = Checkpoint(key.verifier.name, size, root(size, leaves))
    lines = [f"old {old}", *map(notes.text_of, proof), "", head.body + "\n" + (signer or key).sign(head.body)]
    return "\n".join(lines)


@pytest.fixture
async def witness(operator: httpx.AsyncClient, key: Signer) -> httpx.AsyncClient:
    answer = await operator.post("/api/v1/log/watched", json={"key": key.verifier.line})
    assert answer.status_code == 204, answer.text
    del operator.headers["Authorization"]
    return operator


async def ask(witness: httpx.AsyncClient, text: str) -> httpx.Response:
    return await witness.post("/witness/add-checkpoint", content=text.encode())


async def test_a_log_that_only_grows_is_confirmed_each_time(witness: httpx.AsyncClient, key: Signer) -> None:
    own = notes.verifier((await witness.get("/log/keys")).json()["witness"])
    for old, size in ((0, 0), (0, 3), (3, 3), (3, 300)):
        answer = await ask(witness, body(key, old, size))
        assert answer.status_code == 200, answer.text
        assert answer.text.startswith(f"— {own.name} ")
        head = Checkpoint(key.verifier.name, size, root(size))
        assert own.signed(notes.note(f"{head.body}\n{answer.text}"))
    name = hashlib.sha256(key.verifier.name.encode()).hexdigest()
    kept = notes.note((await witness.get(f"/witness/{name}/checkpoint")).text)
    assert own.signed(kept)
    assert key.verifier.signed(kept)
    assert notes.checkpoint(kept.body).size == 300


async def test_a_fork_is_not_confirmed_whatever_is_tried(witness: httpx.AsyncClient, key: Signer) -> None:
    assert (await ask(witness, body(key, 0, 3))).status_code == 200
    assert (await ask(witness, body(key, 3, 300, OTHERS))).status_code == 422
    assert (await ask(witness, body(key, 3, 3, OTHERS))).status_code == 422
    again = await ask(witness, body(key, 0, 300, OTHERS))
    assert (again.status_code, again.text) == (409, "3\n")
    assert again.headers["content-type"].startswith("text/x.tlog.size")
    assert (await ask(witness, body(key, 3, 300))).status_code == 200  # the true one still is


async def test_of_two_trees_at_once_one_is_confirmed(witness: httpx.AsyncClient, key: Signer) -> None:
    assert (await ask(witness, body(key, 0, 3))).status_code == 200
    answers = await asyncio.gather(*(ask(witness, body(key, 3, size)) for size in (10, 20, 30, 40)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_what_the_log_did_not_sign_is_refused(witness: httpx.AsyncClient, key: Signer) -> None:
    other = Signer(key.verifier.name, notes.LOG, b"\6" * 32)
    assert (await ask(witness, body(key, 0, 3, signer=other))).status_code == 403
    damaged = body(key, 0, 3).replace("\n3\n", "\n4\n")
    assert (await ask(witness, damaged)).status_code == 403


async def test_a_log_that_is_not_watched_is_not_found(witness: httpx.AsyncClient) -> None:
    assert (await ask(witness, body(Signer("other.test/log", notes.LOG, b"\6" * 32), 0, 3))).status_code == 404
    assert (await witness.get(f"/witness/{'0' * 64}/checkpoint")).status_code == 404
    assert (await witness.get("/witness/nothing/checkpoint")).status_code == 404


async def test_an_empty_tree_has_the_root_of_an_empty_tree(witness: httpx.AsyncClient, key: Signer) -> None:
    head = Checkpoint(key.verifier.name, 0, root(3))
    assert (await ask(witness, f"old 0\n\n{head.body}\n{key.sign(head.body)}")).status_code == 422
    assert root(0) == EMPTY


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda text: text.replace("old 0", "old"),
        lambda text: text.replace("old 0", "old 9"),
        lambda text: text.replace("old 0", "old 00"),
        lambda text: text.replace("old 0\n", "old 0\nAAAA\n"),
        lambda text: text.replace("old 0\n", "old 0\n" + f"{notes.text_of(b'x' * 32)}\n" * 64),
        lambda text: text.replace("—", "-"),
        lambda text: text + "x" * 70_000,
    ],
    ids=["empty", "no size", "older is larger", "zeros", "no hash", "too many", "no dash", "too long"],
)
async def test_what_is_no_request_is_a_problem(witness: httpx.AsyncClient, key: Signer, change) -> None:
    assert (await ask(witness, change(body(key, 0, 3)))).status_code in {400, 413}


async def test_only_the_operator_says_who_watches_whom(house: httpx.AsyncClient, key: Signer) -> None:
    for path, document in (("watched", {"key": "x"}), ("witnesses", {"key": "x", "url": "x"})):
        assert (await house.post(f"/api/v1/log/{path}", json=document)).status_code == 401
        assert (await house.get(f"/api/v1/log/{path}")).status_code == 401


async def test_the_key_of_a_log_is_not_taken_for_that_of_a_witness(operator: httpx.AsyncClient, key: Signer) -> None:
    own = (await operator.get("/log/keys")).json()
    for path, line in (("watched", own["witness"]), ("watched", "x+y"), ("witnesses", own["log"])):
        answer = await operator.post(f"/api/v1/log/{path}", json={"key": line, "url": "http://w.test"})
        assert answer.status_code == 400, answer.text


@settings(deadline=None)
@given(st.text() | st.builds("old {}\n{}\n\n{}".format, st.integers(), st.text(), st.text()))
def test_any_body_is_a_request_or_a_problem(text: str) -> None:
    with suppress(Problem):
        watching.request(text)

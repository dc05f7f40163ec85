"""Signed notes: the specification's own example, and nothing but the one right spelling."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiroba.base.errors import Invalid, Problem
from hiroba.exchange.audit import notes
from hiroba.exchange.audit.notes import LOG, WITNESS, Checkpoint, Note, Signer

EXAMPLE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
"""c2sp.org/signed-note, "Example"."""
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
HEAD = Checkpoint("log.test/log", 7, b"\5" * 32)


def test_the_example_of_the_specification_is_signed_by_its_key() -> None:
    found = notes.verifier(EXAMPLE_KEY)
    assert found.line == EXAMPLE_KEY
    assert found.signed(notes.note(EXAMPLE))
    assert not found.signed(notes.note(EXAMPLE.replace("an example", "no example")))


def test_a_checkpoint_is_signed_by_its_log_and_cosigned_by_a_witness() -> None:
    log, witness = Signer("log.test/log", LOG, b"\1" * 32), Signer("w.test", WITNESS, b"\2" * 32)
    note = notes.note(f"{HEAD.body}\n{log.sign(HEAD.body)}{witness.cosign(HEAD.body, 1_700_000_000)}")
    assert notes.checkpoint(note.body) == HEAD
    assert log.verifier.signed(note)
    assert witness.verifier.signed(note)
    assert not Signer("w.test", WITNESS, b"\3" * 32).verifier.signed(note)
    later = [(name, key, (1_800_000_000).to_bytes(8) + data[8:]) for name, key, data in note.signatures]
    assert not witness.verifier.signed(Note(note.body, later))  # the time is signed too


def test_a_wrong_signature_of_a_known_key_refuses_the_note_though_a_right_one_stands_beside_it() -> None:
    log = Signer("log.test/log", LOG, b"\1" * 32)
    good, bad = log.sign(HEAD.body), log.sign("something else\n")
    assert log.verifier.signed(notes.note(f"{HEAD.body}\n{good}"))
    assert not log.verifier.signed(notes.note(f"{HEAD.body}\n{good}{bad}"))


def test_a_key_is_kept_in_a_line_and_read_again() -> None:
    key = Signer("log.test/log", LOG, b"\1" * 32)
    assert notes.signer(key.line).verifier == key.verifier
    assert notes.verifier(key.verifier.line) == key.verifier


@pytest.mark.parametrize(
    "line",
    ["", "a", "a+b", "a+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", EXAMPLE_KEY[:-1], f" {EXAMPLE_KEY[4:]}",
     EXAMPLE_KEY.replace("+Ae", "+Be")],
)  # fmt: skip
def test_what_is_no_verifier_key_is_refused(line: str) -> None:
    with pytest.raises(Invalid):
        notes.verifier(line)


@pytest.mark.parametrize(
    "body",
    ["", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "a\n1\nAAA\n", "a\n1\nAAB=\n", "a\n1\nAAAA\nmore\n", "\n1\nAAAA\n",
     "a\n٣\nAAAA\n", "a\n1\nAAAA", f"a\n{10**19}\nAAAA\n"],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(Invalid):
        notes.checkpoint(body)


@settings(deadline=None)
@given(st.text() | st.binary().map(lambda data: f"a\n1\nAAAA\n\n— a {notes.text_of(data)}\n"))
def test_any_text_is_a_note_or_a_problem(text: str) -> None:
    try:
        found = notes.note(text)
        notes.verifier(EXAMPLE_KEY).signed(found)
    except Problem:
        pass

#!/usr/bin/env python3
"""Verify a person's log as Hiroba exported it, trusting nothing but mathematics and the keys you name.

    python3 verify_log.py my-log.ndjson [earlier-export.ndjson …] [--key LOG-KEY] [--witness WITNESS-KEY …]

Exit status 0: the list is whole and unchanged. 1: it is not, and one sentence says why. Needs Python 3.9 and `cryptography`.
What each step means: docs/security/log.md.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Untrue(Exception):
    """What is wrong with the file."""


def must(true, sentence):
    if not true:
        raise Untrue(sentence)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(document):
    """RFC 8785, as far as texts, whole numbers and names in ASCII go."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hashes(texts, length=32):
    must(isinstance(texts, list), "an entry is damaged")
    found = [bytes.fromhex(text) for text in texts]
    must([(one.hex(), len(one)) for one in found] == [(text, length) for text in texts], "an entry is damaged")
    return found


def climb(node, size, siblings, new, old=b""):
    """The roots that a proof leads to (RFC 9162 §2.1.3.2; with `old` §2.1.4.2)."""
    last = size - 1
    for sibling in siblings:
        must(last > 0, "a proof is too long")
        if node & 1 or node == last:
            new, old = sha(b"\1", sibling, new), old and sha(b"\1", sibling, old)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = sha(b"\1", new, sibling)
        node, last = node >> 1, last >> 1
    must(last == 0, "a proof is too short")
    return new, old


def grew(old, old_root, new, new_root, proof):
    """Nothing, or: the tree of `new` leaves does not begin with that of `old`."""
    if old in (0, new):
        must(not proof and old_root == (new_root if old else sha()), "the log's tree is not the one it was")
        return
    must(old < new and proof, "the log's tree has become smaller")
    height = (old & -old).bit_length() - 1  # of the complete subtree at the end of the old tree
    start, *proof = [old_root, *proof] if old == 1 << height else proof
    roots = climb(old - 1 >> height, (new - 1 >> height) + 1, proof, start, start)
    must(roots == (new_root, old_root), "the log's tree is not the one it was")


def signed(note, keys):
    """Which of the keys signed a checkpoint (c2sp.org/tlog-checkpoint), its size and root; no line may be wrong or unknown."""
    known, signers = {}, set()
    for key in keys:
        name, number, material = key.split("+", 2)
        material = base64.b64decode(material, validate=True)
        must(sha(name.encode(), b"\n", material)[:4].hex() == number, f"the key of {name} is damaged")
        known[name, bytes.fromhex(number)] = key, material
    body, _, lines = note.partition("\n\n")
    body = f"{body}\n"
    must(lines.endswith("\n"), "the checkpoint is cut off")
    for line in lines[:-1].split("\n"):
        _, name, data = line.split(" ")
        data = base64.b64decode(data, validate=True)
        must((name, data[:4]) in known, "the checkpoint has a signature of nobody known")
        must(line == f"— {name} {base64.b64encode(data).decode()}", "a signature is misspelled")
        (key, material), signature, message = known[name, data[:4]], data[4:], body.encode()
        if material[0] == 4:  # a witness, who says when (c2sp.org/tlog-cosignature)
            message = b"cosignature/v1\ntime %d\n" % int.from_bytes(signature[:8], "big") + message
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(material[1:]).verify(signature, message)
        except InvalidSignature:
            raise Untrue(f"the checkpoint was not signed by {name}") from None
        signers.add(key)
    origin, size, root, end = body.split("\n")
    must(not end and origin == keys[0].split("+")[0], "the checkpoint is of another log")
    return signers, int(size), base64.b64decode(root, validate=True)


def verify(data, key=None, witnesses=()):
    """The first line, the leaves in order, the tree's size and root; Untrue where something is not as it was written."""
    lines = data.split(b"\n")
    must(lines.pop() == b"" and len(lines) > 1, "the file is cut off")
    head, *entries = [json.loads(line) for line in lines]
    must([canonical(one) for one in (head, *entries)] == lines, "a line is not written as the log writes it")
    must(set(head) == {"checkpoint", "key", "last", "subject", "type", "witnesses"}, "the first line is damaged")
    must(head["type"] == "hiroba-log-export/1" and isinstance(head["witnesses"], list), "this is no export of a log")
    must(key in (None, head["key"]), "the file is signed by another log than the one you named")
    signers, size, root = signed(head["checkpoint"], [head["key"], *head["witnesses"]])
    must(signers == {head["key"], *head["witnesses"]}, "somebody the file names did not sign the checkpoint")
    must(set(witnesses) <= signers, "a witness you named has not confirmed this tree; others may be shown another one")
    chains, disclosed, leaves, current, position = {"": (0, "")}, {}, [], "", -1
    for entry in entries:
        event, exported = entry["event"], entry["event"]["kind"] == "exported"
        must(
            set(entry) == {"event", "position", "proof", "salt"} | ({"grown"} if exported else set()),
            "an entry is damaged",
        )
        leaf = sha(*hashes([entry["salt"]], 16), canonical(event))
        chain = event["ground"] if "disclosure" in event else ""  # what a law let wait has a chain for itself
        must(chain >= current, "the order was changed")
        current, position = chain, position if chain == current else -1
        number, previous = chains.get(chain, (0, ""))
        must(event["subject"] == head["subject"], "an entry is about somebody else")
        must(event["number"] == number + 1, f"entry {number + 1} is missing, or the order was changed")
        must(event.get("previous", "") == previous, f"entry {number + 1} does not follow entry {number}")
        must(position < entry["position"] < size, f"entry {number + 1} is not where the log has it")
        reached, _ = climb(entry["position"], size, hashes(entry["proof"]), sha(b"\0", leaf))
        must(reached == root, f"entry {number + 1} is not what the log holds")
        chains[chain], position = (number + 1, leaf.hex()), entry["position"]
        leaves.append(leaf)
        if exported:
            old, old_root = event["note"].split(" ")
            grew(int(old), bytes.fromhex(old_root), size, root, hashes(entry["grown"]))
        if event["kind"] == "disclosed":
            disclosed[event["ground"]] = event["note"]
    must(chains.pop("")[1] == head["last"], "the end of the list is missing")
    must(
        {chain: f"{number} {leaf}" for chain, (number, leaf) in chains.items()} == disclosed,
        "a disclosed part is missing",
    )
    return head, leaves, size, root


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("earlier", type=Path, nargs="*", help="exports you kept: the list must go on from them")
    parser.add_argument("--key", help="the log's key, as the house publishes it")
    parser.add_argument(
        "--witness", action="append", default=[], help="the key of a witness that must have confirmed it"
    )
    options = parser.parse_args()
    try:
        head, leaves, size, root = verify(options.export.read_bytes(), options.key, options.witness)
        for file in options.earlier:
            before, old_leaves, old_size, old_root = verify(file.read_bytes(), head["key"])
            must(before["subject"] == head["subject"], "the earlier export is of somebody else")
            must(set(old_leaves) <= set(leaves), "the list does not go on from the earlier export: the log was forked")
            must(old_size != size or old_root == root, "there are two trees of one size: the log was forked")
    except Untrue as error:
        sys.exit(f"Not true: {error}.")
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        sys.exit(f"Not true: the file cannot be read ({type(error).__name__}).")
    print(f"True: {len(leaves)} entries, none missing, none changed; the log's tree has {size}.")
    print(f"Signed by {head['key']}", *(f"confirmed by {witness}" for witness in head["witnesses"]), sep="\n")


if __name__ == "__main__":
    main()

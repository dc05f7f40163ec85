"""ETSI's NGSI-LD suite against a scratch exchange, and what we hold against single tests of it.

`just conformance` runs it (`python -m tests.conformance --help`). The suite itself is not part of this repository: it is
taken from a git directory that MIRROR names. A test we believe wrong stands in `disputed.toml` with the clause that decides.
"""

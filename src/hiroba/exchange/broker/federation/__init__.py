"""Distributed operations: what is asked here and held elsewhere (CIM 009 §4.3.3, §4.3.6, §6.3.17 to §6.3.19).

origin.py      the request that is distributed        via.py         who it has come through, and loops
identity.py    what this broker is called             forwarding.py  a part of it as a request to a source
calls.py       asking sources, within bounds          receiving.py   what they answer, as entities
merging.py     several versions of an entity as one   splitting.py   who owns which part of a write
outcomes.py    what came of the parts, together       warnings.py    what a reader is told of sources that failed
narrowing.py   what a source may be asked of a wish   wording.py     what is asked, as parameters
federation.py  all of it, for the kinds of operation:
               reads.py, queries.py, discovery.py, writes.py, batches.py, purges.py
tallies.py     how it went with each source           store.py       the name of this house
"""

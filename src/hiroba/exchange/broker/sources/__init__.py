"""Context sources: who else holds information, what of it, and for which operations (CIM 009 §4.3.6, §5.9 to §5.12).

model.py      a registration, as it is matched            operations.py   the names of operations and of their groups
members.py, reading.py  a document → a registration       writing.py      a registration → a document
matching.py   which registrations concern a request       index.py        the same for many, without looking at each
conflicts.py  what stands against a registration          changes.py      made, changed, deleted, in one transaction
registry.py   all of them, in step with other processes   store.py        the tables
discovery.py  who looks for sources                       asking.py, subscribers.py  who waits to be told of them
"""

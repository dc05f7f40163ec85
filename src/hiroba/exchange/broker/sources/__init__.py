"""Context sources: who else holds information, what of it, and for which operations (CIM 009 §4.3.6, §5.9 to §5.12).

model.py       a registration, as it is matched          operations.py  the names of operations and of their groups
reading.py     a document → a registration               writing.py     a registration → a document
matching.py    which registrations concern a request     index.py       the same for many, without looking at each
store.py       the tables                                book.py        all registrations, in step with other processes
"""

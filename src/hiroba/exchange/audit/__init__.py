"""The log: what is done with a person's data, written before it is done, and such that nobody can change it unnoticed.

`events.py` says what happened, `log.py` writes it, `store.py` asks the tables.
"""

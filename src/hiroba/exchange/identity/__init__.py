"""Who calls. Municipalities with their areas, keys of programs, one-time sign-in links, sessions.

`callers.py` declares the five kinds of caller, once, for every route of the house; `store.py` asks the tables.
"""

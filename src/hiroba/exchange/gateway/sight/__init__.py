"""What a service sees of people: of those who allow it, what they allow, under names of its own, and never unlogged.

`store.py` holds the SQL that stands in the place of the broker's tables; `gate.py` is the way in and out for one call.
"""

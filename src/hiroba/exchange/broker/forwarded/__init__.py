"""Subscriptions that go on to context sources, and what comes back of them (CIM 009 §5.8.1.4, §5.8.2.4, §5.8.5.4, §5.8.6).

Each registration that matches a subscription gets a copy of it, with this house as the receiver. Which copies there are to
be is a row each, settled from the subscriptions and registrations as they are; the rows are carried out until the sources
have what they should, whatever happens in between.

model.py     a copy, as it is kept              copying.py    what of a subscription a source gets
planning.py  which copies there are to be       carrying.py   sources asked until it is so
told.py      what a source tells, as entities   receiving.py  what of it the subscriber is owed
store.py     the table                          forwarder.py  all of it, for one process
"""

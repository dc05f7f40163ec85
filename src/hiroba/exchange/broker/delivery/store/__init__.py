"""The tables of delivery, one function per question: the `queue`, dead `letters`, `locks`, and how it went (`states`)."""

from hiroba.exchange.broker.delivery.store.states import forget, states

__all__ = ["forget", "states"]

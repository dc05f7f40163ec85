"""The Via header: through which brokers a request has come, so that no loop goes on (CIM 009 §4.3.6.4, §6.3.18)."""

from typing import Final

MOST: Final = 32
"""Brokers on one way; a longer way is no honest request."""


def pseudonyms(header: str) -> frozenset[str]:
    """The names of those a request has come through: the second word of each entry, whatever comment follows."""
    entries = (entry.split() for entry in header.split(","))
    return frozenset(words[1] for words in entries if len(words) > 1)


def extended(header: str, alias: str) -> str:
    """The header for a request that is passed on, with this broker's name behind the others."""
    own = f"1.1 {alias}"
    return f"{header}, {own}" if header.strip() else own


def is_too_long(header: str) -> bool:
    """Whether a request has been passed on more often than anybody needs."""
    return header.count(",") >= MOST

"""Addresses as columns of a statement."""

from collections.abc import Iterable

from hiroba.exchange.broker.delivery.model import Address

ADDRESSES = "unnest($1::text[], $2::text[], $3::text[]) as a (tenant, kind, subscription)"


def columns(addresses: Iterable[Address]) -> tuple[list[str], list[str], list[str]]:
    """Tenants, kinds, subscriptions."""
    chosen = list(addresses)
    return (
        [address.tenant for address in chosen],
        [address.kind for address in chosen],
        [address.subscription for address in chosen],
    )

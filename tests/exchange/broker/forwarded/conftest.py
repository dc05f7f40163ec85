"""Context sources that say what a test wants them to say, as the tests of federation have them."""

from tests.exchange.broker.federation.conftest import other, source

__all__ = ["other", "source"]

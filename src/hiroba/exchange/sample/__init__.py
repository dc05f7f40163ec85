"""A sample region: an invented prefecture of eight municipalities in the open sea, the same for the same seed.

`layout` is the design; `outline`, `division` and `terrain` make land of it; `paths`, `network` and `quarters` build on
it; `names`, `words` and `localities` name it. What stands there is entered in a `book` by `ground`, `transport`,
`public`, `safety`, `outdoors` and `visiting`, told by `stories`. `region` puts all of it together; `load` writes it.
`people` are three who live there, with what they have said yes and no to.
"""

from hiroba.exchange.sample import people
from hiroba.exchange.sample.region import Region, load, region

__all__ = ["Region", "load", "people", "region"]

"""Three invented people with an ordinary life in the sample region, so that consent can be seen at work.

stories.py   who they are, which applications they use, what those ask for
living.py    writes it: through the gateway's own functions, so that every yes and no is a line in the log
"""

from hiroba.exchange.sample.people.living import load

__all__ = ["load"]

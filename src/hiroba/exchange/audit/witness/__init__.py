"""Witnesses (c2sp.org/tlog-witness): other installations that confirm to have seen the same log, only ever growing.

`watching.py` is the witness this house is for others, `asking.py` asks the witnesses of its own log.
"""

"""Names: short terms to IRIs and back, by JSON-LD @contexts. The core contexts and the house's own ship inside.

core.py  the terms of the core context (CIM 009 Annex B)      context.py  one @context, expanding and compacting
book.py  where contexts come from: built in, ours, remote with limits
"""

"""Who read my data: a month at a time, in plain words; the file to keep, and two ways to verify it.

lines.py   an event in words        mine.py   the page, the export        usage.py   the same for programs (findUsage)
"""

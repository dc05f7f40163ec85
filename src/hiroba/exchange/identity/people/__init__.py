"""People: who signs in, and under which name each sector knows them.

subjects   pairwise IDs: the same person under another name in every sector
store/     the tables of people, one module per idea
"""

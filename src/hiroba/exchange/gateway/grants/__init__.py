"""Grants: what a person, or a law, lets one application read of one person for one purpose.

model.py   a grant and its life, without I/O      names.py   its terms as the broker holds them
store.py   the tables: versions of grants, and the flat permits that reads join
"""

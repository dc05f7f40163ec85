"""The middle: one door for a resident to the region, and the desk behind it.

service.py  what a service tells the house            pages.py   a page: language, caller, template
home/       near me, map, search, entity pages        desk/      the officer's side: sign-in, the list of duties
developers/ API reference and copyable examples       health.py  is the house well
"""

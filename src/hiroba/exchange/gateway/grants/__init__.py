"""Grants: what a person, or a law, lets one application read of one person for one purpose.

model.py     a grant and its life, without I/O         law.py       the rules of grants by law
store/       versions of grants, and the flat permits that reads join
consents.py  asked, given, refused, taken back         lawful.py    proposed, approved, lifted, reviewed
sights.py    what a resident may see of them           endings.py   a purpose closes, and its grants with it
notice.py    what was shown before the yes             receipts.py  the signed receipt
once.py      filling forms with what is known          telling.py   each act's line in the log
api.py       for applications and the operator         names.py     terms as the broker holds them
"""

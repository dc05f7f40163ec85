"""My consents: who may read what of me, why, on what ground and until when; saying yes, less or no; taking it back.

mine.py      the list and one grant       answers.py   agreeing, refusing, withdrawing
receipts.py  the signed receipt, and the keys it is checked with
"""

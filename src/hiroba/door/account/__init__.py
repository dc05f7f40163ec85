"""A person's own pages: coming in, the account, who acts for whom.

coming.py     what every way in shares: where it leads, cookies, the attempt that has begun
sign_in.py    the page with the ways in; passkeys.py, mail.py, upstream.py: one way each; recovery.py: with a counter's code
account.py    ways to sign in, sessions        mandates.py   people I act for, and who acts for me
fake_upstream.py   the pages of the stand-in for the upstream sign-in
"""

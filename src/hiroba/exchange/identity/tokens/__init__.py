"""Tokens as whoever is shown one sees them: whose they are, and the proof that their holder holds the key.

jose    reading a signed token from outside, with suspicion
nonces  values of the house's own that a proof must carry
proofs  DPoP proofs (RFC 9449)
access  whom an access token lets call
outside access tokens of another provider, where the house is set to believe one
store   the tables of tokens
"""

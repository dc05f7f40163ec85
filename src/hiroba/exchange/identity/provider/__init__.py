"""The OpenID Provider, narrow on purpose: code with PKCE, exact addresses, pairwise subjects, tokens that end at once.

metadata     what it says about itself
api          endpoints for programs: tokens, pushed requests, introspection, revocation, userinfo, keys
browser      endpoints for browsers: authorization, logout; pages are the door's
requests     an authorization request, checked
deciding     what a waiting request needs next: a sign-in, an agreement, or its answer
granting     the ways to tokens
devices      devices without a browser of their own
issuing      what is given
clients      who asks
proving      the key tokens are bound to
keys         what is signed with, and its rotation
leaving      telling applications that a session is over
store/       the tables
"""

"""The officer's side: signing in by a link that works once, and the list of duties.

A service takes part by a page of its own at `/desk/<name>` for the roles it declares; it extends `door/desk.html`.
"""

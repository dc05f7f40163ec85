"""Hiroba, the public square: an open city OS. Three storeys over a ground floor; the folder tree is the diagram.

    services   what residents use; nobody imports these, they import nobody beside them
    ──────────────────────────────────────────────────────────────────────────────────
    door       the resident's door and the officer's desk
    exchange   loader | sample  >  gateway  >  broker | identity  >  audit
    base       errors, db, jobs, web, text, clock, egress; knows nothing about cities

`app.build` joins them into one ASGI application; `cli` starts it. import-linter proves the arrows (pyproject.toml).
"""

__version__ = "0.1.0"

"""The tables of the OpenID Provider, one module per idea."""

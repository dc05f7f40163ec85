"""Entities of every tenant in PostgreSQL: written once, read by id or query, never half."""

"""Snapshots: what queries found at one time, kept apart and open to every operation (CIM 009 §4.3.7, §5.16)."""

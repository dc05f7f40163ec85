"""Subscriptions to entities (CIM 009 §5.8): their documents, the index of whom a write concerns, what is owed to them."""

"""The past of every entity: each instance of an attribute as it was written, and the questions one may ask about it."""

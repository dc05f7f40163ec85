"""NGSI-LD documents: read into what the broker keeps, written from it in the form that is wanted. Pure; both ways by a context."""

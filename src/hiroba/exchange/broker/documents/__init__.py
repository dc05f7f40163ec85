"""NGSI-LD documents: read into what the broker keeps, written out in the form that is wanted. Pure; names go by a context."""

"""The query languages of NGSI-LD: read into trees of frozen values, asked of PostgreSQL or of one entity at hand."""

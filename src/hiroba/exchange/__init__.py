"""Below: the wide-area exchange. `loader | sample > gateway > broker | identity`; none of it serves HTML.

broker    entities of every tenant in PostgreSQL and their NGSI-LD face
identity  who calls: municipalities and organisations, keys, sign-in links, sessions
gateway   what a caller may do: the real `Access` of the broker
loader    files of municipalities to entities of standard types
sample    an invented region, generated from a seed
"""

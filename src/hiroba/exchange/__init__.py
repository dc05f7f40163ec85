"""Below: the wide-area exchange. `loader | sample > gateway > broker | identity > audit`; none of it serves HTML.

broker    entities of every tenant in PostgreSQL and their NGSI-LD face
identity  who calls: municipalities and organisations, keys, sign-in links, sessions
gateway   what a caller may do: the real `Access` of the broker
audit     what is done with personal data, in a log that cannot be changed unnoticed
loader    files of municipalities to entities of standard types
sample    an invented region, generated from a seed
"""

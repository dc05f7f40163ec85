"""Files of a municipality become entities of standard types: `hiroba load`.

    readers    a file as rows, one after the other: CSV, XLSX, GeoJSON
    mapping    what a column means, as data (mappings/*.toml, or one's own)
    values     one cell to one typed value, or why not
    entity     one row to one NGSI-LD entity
    recognise  which mapping knows a file, by its columns
    client     entities to the exchange, in batches over HTTP
    report     what went in, what was refused and how to mend it
    passage    one file on its way in
    load       all files, in their order

The loader is a client like any other: it knows the exchange only by its address.
"""

"""The ground floor: what any storey stands on, and nothing that knows about cities.

errors   a problem is a noun with a status and a sentence        ids     ULIDs, sortable names for things
clock    the one place that says "now"                           egress  the one door for outgoing calls
db       PostgreSQL: the embedded cluster, pool, migrations      text    languages: gettext, era dates, wareki
web      what every page and API shares: problems, templates     console progress and plain lines on a terminal
"""

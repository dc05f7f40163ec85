-- Entity maps (CIM 009 §5.14): which entities a query found, and where; queries go on with them until they expire.
create table broker.entity_map (
    tenant text not null,
    id text not null,
    owner text not null default '',
    entries jsonb not null,               -- {entity id: ["@none" for here, or registrations]}
    linked jsonb not null default '{}',   -- {registration: the map that its source uses}
    expires timestamptz not null,
    primary key (tenant, id)
);
create index entity_map_expires on broker.entity_map (expires);

-- Snapshots (CIM 009 §5.16): what queries found is copied into a tenant that only the snapshot's header leads to.
create table broker.snapshot (
    tenant text not null,
    id text not null,
    owner text not null default '',
    holds text not null,                  -- the tenant that holds the copies; no client can name it
    document jsonb not null,              -- what the client said: queries, priority, endpoint, …
    status text not null,
    details jsonb not null default '{}',  -- how each of the queries ended
    created timestamptz not null,
    modified timestamptz not null,
    used timestamptz not null,
    expires timestamptz not null,
    primary key (tenant, id)
);
create index snapshot_expires on broker.snapshot (expires);

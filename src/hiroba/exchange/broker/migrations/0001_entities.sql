create schema broker;

-- Tenants besides the region's own, which is '' and needs no row.
create table broker.tenant (
    name text primary key,
    made timestamptz not null default now()
);

-- One row per entity. Every key and every query carries (tenant, path, id), so that the table can be distributed by id.
create table broker.entity (
    tenant text not null,
    path text not null,
    id text not null,
    types text[] not null,                -- expanded, sorted
    scopes text[] not null default '{}',
    owner text not null default '',
    doc jsonb not null,                   -- attributes only: {IRI: [instance, …]}
    facts jsonb not null,                 -- what of doc is looked up by its value: facts.py says what and why
    words text,                           -- names and address, for people who search by word; null where there are none
    geo box,                              -- around `location`; null where there is none
    created timestamptz not null,
    modified timestamptz not null,
    expires timestamptz,
    primary key (tenant, path, id)
)
-- a plan is only as good as what is known of the table, and a load changes that in seconds
with (autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 1000, fillfactor = 80);
-- fastupdate=off: with the default, reads fall to a crawl right after a burst of writes
create index entity_facts on broker.entity using gin (facts jsonb_path_ops) with (fastupdate = off);
create index entity_types on broker.entity using gin (types) with (fastupdate = off);
create index entity_geo on broker.entity using gist (geo) where geo is not null;
create index entity_expires on broker.entity (expires) where expires is not null;

create extension if not exists pg_trgm with schema public;
create index entity_words on broker.entity using gin (words gin_trgm_ops) where words is not null;

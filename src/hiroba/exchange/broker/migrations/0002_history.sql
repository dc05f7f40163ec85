-- One row per entity whose past is known, there or gone: changed only when a type or an attribute is new, or the entity goes.
create table broker.evolution (
    tenant text not null,
    path text not null,
    id text not null,
    types text[] not null,                -- every type it ever had, expanded, sorted
    names text[] not null,                -- every attribute it ever had; `scope` where it was in scopes
    owner text not null default '',
    created timestamptz not null,
    deleted timestamptz,                  -- when the entity went; null while it is there
    primary key (tenant, path, id)
);
create index evolution_types on broker.evolution using gin (types) with (fastupdate = off);

insert into broker.evolution (tenant, path, id, types, names, owner, created)
select tenant, path, id, types, array(select jsonb_object_keys(doc)), owner, created from broker.entity;

-- One row per instance of an attribute that was ever written, in partitions by the month it was recorded in.
create table broker.instance (
    tenant text not null,
    path text not null,
    id text not null,
    name text not null,                   -- the attribute's IRI, or `scope`
    dataset text not null default '',
    instance text collate "C" not null,   -- ULID of the moment below: its order is the order of writing
    at timestamptz not null,              -- when it was recorded
    observed timestamptz,
    created timestamptz not null,         -- when the attribute came to be
    modified timestamptz,                 -- when this row was corrected; null: never
    deleted timestamptz,                  -- when the attribute went; such a row's value is NGSI-LD's null
    number double precision,              -- the value where it is a number, or 0 and 1 for false and true
    value jsonb not null                  -- the instance without createdAt and modifiedAt
) partition by range (at);
-- Reads walk one attribute of one entity in time; averages need nothing but this index.
create index instance_time on broker.instance (tenant, path, id, name, observed, at) include (dataset, number);

create table broker.instance_elsewhen partition of broker.instance default;

do $$
begin
    for step in 0..3 loop
        execute format(
            'create table broker.%I partition of broker.instance for values from (%L) to (%L)',
            to_char(date_trunc('month', now() at time zone 'UTC') + make_interval(months => step), '"instance_"YYYY_MM'),
            (date_trunc('month', now() at time zone 'UTC') + make_interval(months => step)) at time zone 'UTC',
            (date_trunc('month', now() at time zone 'UTC') + make_interval(months => step + 1)) at time zone 'UTC');
    end loop;
end
$$;

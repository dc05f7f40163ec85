-- Context source registrations (CIM 009 §5.9): few and seldom written, so every process keeps them in memory.
create table broker.registration (
    tenant text not null,
    id text not null,
    owner text not null default '',
    document jsonb not null,              -- what was given, names expanded
    created timestamptz not null,
    modified timestamptz not null,
    expires timestamptz,
    version bigint not null,              -- the number of the memory 'sources' at its last change
    sent bigint not null default 0,       -- how it went with the source: not a change of the registration
    failed bigint not null default 0,
    last_success timestamptz,
    last_failure timestamptz,
    primary key (tenant, id)
);
create index registration_version on broker.registration (version);
create index registration_expires on broker.registration (expires) where expires is not null;

-- Those that are gone, for processes that still remember them.
create table broker.registration_gone (
    version bigint not null,
    tenant text not null,
    id text not null,
    at timestamptz not null default now(),
    primary key (version, tenant, id)
);

-- Subscriptions to registrations: the same rows as subscriptions to entities have.
create table broker.source_subscription (like broker.subscription including all);
create table broker.source_subscription_interval (like broker.subscription_interval including all);

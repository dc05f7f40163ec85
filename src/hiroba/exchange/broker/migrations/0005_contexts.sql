-- @contexts the exchange keeps (CIM 009 §5.13): Hosted, ImplicitlyCreated, and Cached ones, which are copies of what stands elsewhere.
create table broker.context (
    tenant text not null,
    id text not null,
    kind text not null check (kind in ('Hosted', 'Cached', 'ImplicitlyCreated')),
    url text not null default '',         -- where a Cached one comes from
    digest text not null default '',      -- of the content of an ImplicitlyCreated one: the same content is kept once
    owner text not null default '',
    body text not null,                   -- the value of @context as it was given; jsonb would change its order
    created timestamptz not null,         -- of a Cached one: when it was last downloaded
    expires timestamptz,
    etag text not null default '',
    changed text not null default '',     -- the Last-Modified of its download
    used timestamptz,
    hits bigint not null default 0,
    version bigint not null,
    gone timestamptz,                     -- deleted; the row stays for a day, so that every process hears of it
    primary key (tenant, id)
);
create unique index context_url on broker.context (tenant, url) where kind = 'Cached';
create unique index context_digest on broker.context (tenant, digest) where kind = 'ImplicitlyCreated';
create index context_version on broker.context (version);

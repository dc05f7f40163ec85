-- What is declared about the tenants of the exchange besides the region's own. Nothing declared: closed.
create table gateway.tenant (
    name text primary key,
    public boolean not null               -- anyone may read it
);
create table gateway.tenant_member (
    tenant text not null,
    organisation text not null,           -- as owners of entities are called: a municipality's code, or 'org:…'
    writes boolean not null,
    primary key (tenant, organisation)
);

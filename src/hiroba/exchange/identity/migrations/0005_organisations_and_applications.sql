-- Who answers for programs: a municipality, a company, a hospital.
create table identity.organisation (
    id text primary key check (id ~ '^org:[a-z0-9][a-z0-9_.-]{0,62}$'),
    title jsonb not null,                   -- language map
    owns text not null default '',          -- what it is called as owner of entities (decisions.md 2): lg_code, or its id
    url text not null default '',
    contact text not null default '',
    made timestamptz not null default now()
);

-- A program of an organisation, as the OpenID Provider and the exchange know it. The id is its client_id.
create table identity.application (
    id text primary key check (id ~ '^[A-Za-z0-9][A-Za-z0-9._:~/-]{0,98}$'),
    organisation text not null references identity.organisation,
    title jsonb not null,                   -- language map, shown to people who are asked for consent
    state text not null default 'sandbox' check (state in ('sandbox', 'production', 'suspended')),
    sector text not null check (sector like 'app:%'),
    auth_method text not null check (auth_method in ('none', 'client_secret_basic', 'private_key_jwt')),
    secret_sha256 bytea,                    -- of client_secret_basic; 256 random bits, so a slow hash would protect nothing
    jwks jsonb,                             -- public keys of private_key_jwt
    grants text[] not null default '{}',
    purposes text[] not null default '{}',  -- purposes it may call the exchange for: name@version
    redirect_uris text[] not null default '{}',
    post_logout_redirect_uris text[] not null default '{}',
    backchannel_logout_uri text not null default '',
    policy_uri text not null default '',
    signing_alg text not null default 'RS256' check (signing_alg in ('RS256', 'ES256')),
    dpop_bound boolean not null default false,
    pushed_only boolean not null default false,
    made timestamptz not null default now()
);
create index application_organisation on identity.application (organisation);

-- A key may be an application's: its caller is then known by the application's id.
alter table identity.key add column application text references identity.application on delete cascade;

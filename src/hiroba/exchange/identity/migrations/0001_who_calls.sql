create schema identity;

-- The municipalities of the region and where each one's jurisdiction ends.
create table identity.municipality (
    lg_code text primary key check (lg_code ~ '^[0-9]{6}$'),
    names jsonb not null,                 -- language map: {"ja": "堺市", "en": "Sakai"}
    prefecture text not null default '',
    url text not null default '',
    area jsonb,                           -- GeoJSON geometry, WGS 84
    extent box                            -- of the area: the filter before the exact test
);
create index municipality_extent on identity.municipality using gist (extent);

-- Keys of programs, remembered by hash alone.
create table identity.key (
    id text primary key,
    sha256 bytea not null unique,
    kind text not null check (kind in ('client', 'operator')),
    organisation text not null default '',
    names text[] not null default '{}',
    title text not null,
    made timestamptz not null default now(),
    revoked timestamptz
);

-- Links that sign somebody in once.
create table identity.sign_in_link (
    sha256 bytea primary key,
    kind text not null check (kind in ('officer', 'operator')),
    organisation text not null default '',
    names text[] not null default '{}',
    expires timestamptz not null
);

create table identity.session (
    sha256 bytea primary key,
    id text not null,
    kind text not null check (kind in ('officer', 'operator')),
    organisation text not null default '',
    names text[] not null default '{}',
    expires timestamptz not null
);
create index session_expires on identity.session (expires);

-- Secrets of the house itself (the key of form tokens): one row each, made at first use.
create table identity.secret (
    name text primary key,
    value text not null
);

-- Everything one sign-in or one call of an application brought about ends together: delete the row, and all tokens with it.
create table identity.token_family (
    id text primary key,
    application text not null references identity.application on delete cascade,
    person text references identity.person on delete cascade,
    session text,                           -- ends with it; null: lives on by itself (offline access, an application's own)
    scope text[] not null,
    level text not null default '',         -- how surely the person was known, and when that was shown
    proved timestamptz,
    thumbprint text,                        -- of the key its tokens are bound to (RFC 9449); null: bearer tokens
    made timestamptz not null
);
create index token_family_person on identity.token_family (person);
create index token_family_application on identity.token_family (application);

-- Codes and tokens are remembered by hash alone.
create table identity.access_token (
    sha256 bytea primary key,
    family text not null references identity.token_family on delete cascade,
    scope text[] not null,
    made timestamptz not null,
    expires timestamptz not null
);
create index access_token_family on identity.access_token (family);
create index access_token_expires on identity.access_token (expires);

create table identity.refresh_token (
    sha256 bytea primary key,
    family text not null references identity.token_family on delete cascade,
    expires timestamptz not null,
    used timestamptz                        -- used before: whoever sends it again is not to be told from a thief
);
create index refresh_token_family on identity.refresh_token (family);
create index refresh_token_expires on identity.refresh_token (expires);

-- What works once: the jti of DPoP proofs and client assertions.
create table identity.used_once (
    sha256 bytea primary key,
    expires timestamptz not null
);
create index used_once_expires on identity.used_once (expires);

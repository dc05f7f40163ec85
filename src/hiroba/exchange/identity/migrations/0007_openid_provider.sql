-- What the provider signs with. Published from the day it is made, used from `active` on, kept until nothing signed by it counts.
create table identity.signing_key (
    kid text primary key,
    alg text not null check (alg in ('RS256', 'ES256')),
    private jsonb not null,
    active timestamptz not null
);

-- An authorization request that was checked: pushed by the application (RFC 9126), or waiting for a person to sign in and agree.
create table identity.authorization_request (
    sha256 bytea primary key,
    application text not null references identity.application on delete cascade,
    asked jsonb not null,
    made timestamptz not null,
    expires timestamptz not null,
    person text references identity.person on delete cascade,    -- who agreed to it
    refused boolean not null default false
);
create index authorization_request_expires on identity.authorization_request (expires);

create table identity.authorization_code (
    sha256 bytea primary key,
    application text not null references identity.application on delete cascade,
    person text not null references identity.person on delete cascade,
    session text not null,
    sid text not null,
    asked jsonb not null,
    level text not null,
    proved timestamptz not null,
    expires timestamptz not null,
    family text                             -- what it was turned into; a second use ends that
);
create index authorization_code_expires on identity.authorization_code (expires);

-- A device without a browser of its own waits for a person to agree elsewhere (RFC 8628).
create table identity.device_grant (
    sha256 bytea primary key,               -- of the device code
    user_code bytea not null unique,        -- hash of what the person types
    application text not null references identity.application on delete cascade,
    scope text[] not null,
    thumbprint text,
    made timestamptz not null,
    expires timestamptz not null,
    polled timestamptz,
    person text references identity.person on delete cascade,
    level text not null default '',
    proved timestamptz,
    refused boolean not null default false
);
create index device_grant_expires on identity.device_grant (expires);

-- That a person agreed to be known to an application, for which scope; asked again when it is over or more is asked.
create table identity.agreement (
    person text not null references identity.person on delete cascade,
    application text not null references identity.application on delete cascade,
    scope text[] not null,
    given timestamptz not null,
    until timestamptz not null,
    primary key (person, application)
);

-- In which applications a session is signed in, under which `sid`; told when the session is over (back-channel logout).
create table identity.application_session (
    sid text primary key,
    session text not null,
    application text not null references identity.application on delete cascade,
    subject text not null,                  -- the person in the application's sector
    made timestamptz not null,
    unique (session, application)
);

create table identity.logout_notice (
    id text primary key,
    application text not null references identity.application on delete cascade,
    subject text not null,
    sid text not null,
    due timestamptz not null,
    attempts int not null default 0
);
create index logout_notice_due on identity.logout_notice (due);

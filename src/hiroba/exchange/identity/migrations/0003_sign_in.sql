-- An officer's account in an organisation. What their sessions may do is read from here, so ending it ends them.
create table identity.officer (
    id text primary key,
    organisation text not null,
    name text not null,
    roles text[] not null default '{}',
    made timestamptz not null default now(),
    ended timestamptz,
    unique (organisation, name)
);

-- The ways a person or an officer signs in.
create table identity.passkey (
    id bytea primary key,                    -- the authenticator's credential id
    person text references identity.person on delete cascade,
    officer text references identity.officer on delete cascade,
    public_key bytea not null,               -- COSE
    sign_count bigint not null,
    label text not null,
    made timestamptz not null default now(),
    used timestamptz,
    check (num_nonnulls(person, officer) = 1)
);
create index passkey_person on identity.passkey (person);
create index passkey_officer on identity.passkey (officer);

create table identity.upstream_account (
    issuer text not null,
    subject text not null,                   -- as that provider knows the person: pairwise there
    person text not null references identity.person on delete cascade,
    made timestamptz not null default now(),
    primary key (issuer, subject)
);
create index upstream_account_person on identity.upstream_account (person);

-- A mail address is asked for, never listed: a keyed digest finds it, a part of it is shown back.
create table identity.mail_address (
    digest bytea primary key,
    shown text not null,
    person text not null references identity.person on delete cascade,
    made timestamptz not null default now()
);
create index mail_address_person on identity.mail_address (person);

create table identity.mail_link (
    sha256 bytea primary key,
    digest bytea not null,
    shown text not null,
    person text references identity.person on delete cascade,   -- whom it adds the address to; null: whoever has it
    next text not null,
    sent timestamptz not null,
    used boolean not null default false
);
create index mail_link_digest on identity.mail_link (digest, sent);
create index mail_link_sent on identity.mail_link (sent);

-- A sign-in that has begun: what the answer must fit (challenge; state, nonce, verifier). Used up by its answer.
create table identity.attempt (
    sha256 bytea primary key,
    kind text not null,
    data jsonb not null,
    expires timestamptz not null
);
create index attempt_expires on identity.attempt (expires);

-- Given out at a counter after papers were checked; signs nobody in, lets its holder make one new passkey.
create table identity.recovery_code (
    sha256 bytea primary key,
    id text not null unique,
    person text not null references identity.person on delete cascade,
    organisation text not null,
    officer text not null,                   -- the officer's session or account, as the log names them
    papers text not null,
    reason text not null,
    made timestamptz not null,
    expires timestamptz not null,
    used timestamptz
);
create index recovery_code_person on identity.recovery_code (person, made);

-- The number a person tells at a counter. It names an account and opens nothing.
alter table identity.person add column number text unique;

alter table identity.sign_in_link add column officer text references identity.officer on delete cascade;

alter table identity.session
    drop constraint session_kind_check,
    add constraint session_kind_check check (kind in ('resident', 'officer', 'operator')),
    add column person text references identity.person on delete cascade,
    add column officer text references identity.officer on delete cascade,
    add column subject text not null default '',          -- the person in the sector "door"
    add column level text not null default 'link' check (level in ('link', 'mail', 'passkey', 'upstream')),
    add column proved timestamptz not null default now(), -- when the level was last shown
    add column began timestamptz not null default now(),
    add column seen timestamptz not null default now(),
    add column device text not null default '',
    add constraint session_person check ((kind = 'resident') = (person is not null));
create unique index session_id on identity.session (id);
create index session_person on identity.session (person);

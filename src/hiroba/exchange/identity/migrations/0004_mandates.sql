-- Who may act for whom: a guardian for a child, a proxy by a mandate; for named matters, from and until.
create table identity.mandate (
    id text primary key,
    kind text not null check (kind in ('guardian', 'proxy')),
    person text not null references identity.person on delete cascade,     -- who is acted for
    actor text references identity.person on delete cascade,               -- who acts; null until somebody accepted
    matters text[] not null,                                               -- empty: every matter
    valid_from timestamptz not null,
    valid_until timestamptz,
    person_shown text not null,              -- what each is called to the other: their own words, no register
    actor_shown text not null default '',
    basis text not null default '',          -- of a guardian: the papers an officer checked
    organisation text not null default '',   -- of a guardian: the office that recorded it
    invitation bytea unique,                 -- digest of the code by which it is accepted; null once it was
    invited_until timestamptz,
    made timestamptz not null,
    accepted timestamptz,
    ended timestamptz,
    check (actor is distinct from person),
    check (valid_until is null or valid_until > valid_from),
    check (kind = 'proxy' or valid_until is not null)
);
create index mandate_actor on identity.mandate (actor) where ended is null;
create index mandate_person on identity.mandate (person) where ended is null;

create schema reports;

-- A damage somebody told us of. What others may know of it is also an entity of the exchange, written with the row.
create table reports.report (
    id text primary key,                              -- ULID, the last part of the entity's id
    number int generated always as identity unique,   -- what people say on the telephone
    lg_code text not null,
    kind text not null,
    state text not null default 'received',
    place point,                                      -- longitude, latitude; null: described in words alone
    landmark text not null default '',
    words text not null default '',
    words_public boolean not null default false,      -- after an officer's look, landmark and words alike
    photo_public boolean not null default false,
    duplicate_of text references reports.report,
    forwarded_to text not null default '',
    follow bytea unique,                              -- SHA-256 of the private link's token; null: forgotten
    reported timestamptz not null,
    changed timestamptz not null,
    closed timestamptz
);
create index report_desk on reports.report (lg_code, state, reported);
create index report_reported on reports.report (reported);
create index report_place on reports.report using gist (place);
create index report_duplicate_of on reports.report (duplicate_of) where duplicate_of is not null;

create table reports.photo (
    report text primary key references reports.report on delete cascade,
    jpeg bytea not null
);

-- Whom to answer. It never leaves this schema, and goes some weeks after the report is closed.
create table reports.contact (
    report text primary key references reports.report on delete cascade,
    name text not null,
    phone text not null,
    mail text not null,
    keys bytea[] not null                             -- SHA-256 of telephone and mail as `model.key_of` writes them
);
create index contact_keys on reports.contact using gin (keys);

-- Every state a report was in, with the officer's words to the reporter and to colleagues.
create table reports.change (
    id bigint generated always as identity primary key,
    report text not null references reports.report on delete cascade,
    at timestamptz not null,
    state text not null,
    lg_code text not null,
    words text not null default '',
    private_note text not null default '',
    officer text not null default ''                  -- the session's own name; '' is the reporter
);
create index change_report on reports.change (report, id);

-- "I see it too."
create table reports.support (
    id bigint generated always as identity primary key,
    report text not null references reports.report on delete cascade,
    at timestamptz not null
);
create index support_report on reports.support (report);

-- Who looked at a contact, until the region's audit room keeps such records.
create table reports.look (
    id bigint generated always as identity primary key,
    report text not null references reports.report on delete cascade,
    at timestamptz not null,
    officer text not null,
    organisation text not null
);
create index look_report on reports.look (report);

-- A report while it is being written, known by the cookie of one browser, gone after a few hours.
create table reports.draft (
    sha256 bytea primary key,
    answers jsonb not null,
    photo bytea,
    sent text not null default '',                    -- the follow token once sent: a second tap finds its way
    expires timestamptz not null
);
create index draft_expires on reports.draft (expires);

-- Municipalities that take reports from apps with a key only; one that is not here takes them from anyone.
create table reports.keys_only (
    lg_code text primary key
);

-- A report as it is shown: with its voices (those of the reports joined to it included) and the officer's last words.
create view reports.known as
select r.id, r.number, r.lg_code, r.kind, r.state, r.place, r.landmark, r.words, r.words_public, r.photo_public,
       exists (select from reports.photo p where p.report = r.id) as has_photo,
       exists (select from reports.contact c where c.report = r.id) as has_contact,
       (select o.number from reports.report o where o.id = r.duplicate_of) as duplicate_of,
       r.forwarded_to,
       (select count(*) from reports.report d where d.duplicate_of = r.id)
       + (select count(*) from reports.support s join reports.report d on d.id = s.report
           where d.id = r.id or d.duplicate_of = r.id) as supporters,
       r.reported, r.changed, r.closed,
       coalesce((select c.words from reports.change c where c.report = r.id order by c.id desc limit 1), '') as note,
       r.follow
  from reports.report r;

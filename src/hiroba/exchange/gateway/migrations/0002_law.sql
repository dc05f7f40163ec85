-- An office that may act under laws: when somebody is there to approve twice, and which application it reads with.
create table gateway.office (
    id text primary key,                  -- 'mutsu.child'
    organisation text not null,           -- as its officers' sessions say it
    title jsonb not null,                 -- language map
    opens time not null,
    closes time not null check (closes > opens),
    weekdays smallint[] not null,         -- 1 Monday … 7 Sunday
    closed date[] not null default '{}',  -- holidays
    recipients text[] not null            -- client ids
);

-- What is known of a grant by law besides the grant itself.
create table gateway.proceeding (
    grant_id text not null,
    grant_version int not null,
    proposed_by text not null,
    confirm_by timestamptz,               -- approved by one at night: without a second by then it ends
    reviewed timestamptz,                 -- when the board looked at it
    reviewed_by text not null default '',
    finding text not null default '',
    primary key (grant_id, grant_version),
    foreign key (grant_id, grant_version) references gateway.grant_version (id, version)
);
create index proceeding_confirm on gateway.proceeding (confirm_by) where confirm_by is not null;

-- People under a protective measure (支援措置): nobody else acts for them here or sees what is granted over them.
create table gateway.protection (
    tenant text not null,
    subject text not null,
    office text not null references gateway.office,
    ends date not null,
    made timestamptz not null,
    primary key (tenant, subject)
);

create index grant_version_office on gateway.grant_version ((basis ->> 'office')) where basis ->> 'kind' = 'law';

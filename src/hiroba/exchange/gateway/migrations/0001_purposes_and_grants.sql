create schema gateway;

-- Where personal data are kept: a personal tenant, by the name that grants know it by.
create table gateway.source (
    id text primary key,                  -- 'org:mutsu'; 'org:mutsu/health' where an organisation keeps several
    tenant text not null unique,
    organisation text not null,           -- 'org:mutsu'
    title jsonb not null                  -- language map
);

-- What personal data are asked for: a versioned object, closed until its papers are on file.
create table gateway.purpose (
    name text not null,
    version int not null check (version > 0),
    organisation text not null,           -- who declares it
    state text not null check (state in ('draft', 'assessed', 'decided', 'active', 'retired')),
    definition jsonb not null,            -- purposes/model.py: Definition
    outcome jsonb,                        -- purposes/model.py: Outcome, once there is one
    made timestamptz not null,
    changed timestamptz not null,
    primary key (name, version)
);

-- Documents on file: the impact assessment, the sheet of ethical, legal and social questions, the board's decision.
create table gateway.paper (
    purpose text not null,
    version int not null,
    kind text not null check (kind in ('pia', 'elsi', 'decision')),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    dated date not null,                  -- the day the document itself bears
    title text not null,
    address text not null default '',     -- where it can be read, if it can
    filed_by text not null,
    filed timestamptz not null,
    primary key (purpose, version, kind),
    foreign key (purpose, version) references gateway.purpose (name, version)
);

-- A row per version of a grant; what it says never changes, only how it stands.
create table gateway.grant_version (
    id text not null,
    version int not null check (version > 0),
    tenant text not null,                 -- where the data are
    subject text not null,                -- the person's pairwise key in the sector of that tenant
    source text not null,                 -- gateway.source.id
    recipient text not null,              -- the application, by its client id: 'org:clinic/app:booking'
    purpose text not null,                -- 'health.checkup@2'
    data jsonb not null,                  -- [{type, attrs}]
    actions text[] not null,
    onward text not null,
    basis jsonb not null,
    valid_from timestamptz not null,
    valid_until timestamptz not null check (valid_until > valid_from),
    state text not null check (state in ('offered', 'active', 'withdrawn', 'expired', 'superseded')),
    notice jsonb,
    given_by text,
    authn text,
    disclosure jsonb not null,
    made timestamptz not null,
    decided timestamptz,                  -- when the person, or the last approver, said yes
    ended timestamptz,
    primary key (id, version)
);
create unique index grant_version_active on gateway.grant_version (id) where state = 'active';
create unique index grant_version_offered on gateway.grant_version (id) where state = 'offered';
create index grant_version_subject on gateway.grant_version (tenant, subject);
create index grant_version_purpose on gateway.grant_version (purpose, state);
create index grant_version_over on gateway.grant_version (valid_until) where state in ('offered', 'active');

-- What of all that is active, flat, as reads join it. Written and deleted in the transaction of the grant; kept by nobody else.
create table gateway.permit (
    tenant text not null,
    subject text not null,
    recipient text not null,              -- client id
    purpose text not null,
    type text not null,                   -- expanded, as in broker.entity.types
    attrs text[] not null,                -- expanded, as keys of broker.entity.doc
    valid_from timestamptz not null,
    valid_until timestamptz not null,
    grant_id text not null,
    grant_version int not null
);
create unique index permit_read on gateway.permit (recipient, purpose, tenant, type, subject);
create index permit_grant on gateway.permit (grant_id);

-- Up to which number the chain of a ground was shown to the person, who may have waited for it by law.
create table audit.shown (
    subject text,
    ground text,
    number bigint not null,
    primary key (subject, ground)
);
create index entry_held on audit.entry (subject, ground) where ground <> '';

-- A session that ends leaves its applications' rows behind without it: who is still to be told is found without looking at the rest.
alter table identity.application_session alter column session drop not null;
update identity.application_session a set session = null
 where not exists (select from identity.session s where s.id = a.session);
alter table identity.application_session
    add constraint application_session_session foreign key (session) references identity.session (id) on delete set null;
create index application_session_ended on identity.application_session (made) where session is null;
